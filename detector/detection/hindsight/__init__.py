"""Surges seen afterwards: both ends estimated from both sides."""
