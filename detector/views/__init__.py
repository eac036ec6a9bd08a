"""What web, command line and reports show alike: services as they are, incidents, curves."""
