"""From incident to message: what is said, when, and why."""
