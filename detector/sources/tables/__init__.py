"""Files of records as rows: CSV, JSON Lines, Parquet, also gzipped, also growing."""
