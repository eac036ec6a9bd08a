"""What the product talks about: series, surges, incidents, alerts, and the tables' columns."""
