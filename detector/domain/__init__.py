"""What the product talks about: count series, surges, incidents, alerts, and the tables' columns."""
