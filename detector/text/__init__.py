"""The words of the interface, one catalogue a language, and how times and numbers are written."""
