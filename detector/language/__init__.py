"""From text to complaint: which service a post complains about, and how surely."""
