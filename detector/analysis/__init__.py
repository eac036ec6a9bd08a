"""A history analysed: from a table to incidents, a report, figures; for notebooks and commands."""
