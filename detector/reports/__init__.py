"""Tables and pages about incidents."""
