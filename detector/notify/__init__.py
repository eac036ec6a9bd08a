"""From incident to message: what is sent, when, and why."""
