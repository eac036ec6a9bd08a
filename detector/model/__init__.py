"""What the product talks about: series, surges, incidents, alerts, decisions, columns."""
