"""Machine code: one bin after another over the record of a series."""
