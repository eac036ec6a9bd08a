"""Hears outages in social media: complaint counts in, outages with an estimated start out."""
