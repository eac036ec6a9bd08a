"""Telling complaints from the rest: the model, what it looks at, how it learns."""
