"""One file per place that complaints come from."""
