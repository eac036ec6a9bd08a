"""What people look at: figures and tables as text, and one self-contained HTML page."""
