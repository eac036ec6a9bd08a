"""Reports: charts and tables as text, and one self-contained HTML page."""
