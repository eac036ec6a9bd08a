"""What people read: one catalogue of texts per language, one format of times and numbers."""
