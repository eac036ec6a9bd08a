"""Read models that web, command line and reports share: services as they are, incidents, curves."""
