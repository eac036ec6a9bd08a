"""The steps, in order of their numbers; never edited once released."""
