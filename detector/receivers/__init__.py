"""One file per place that alerts go to."""
