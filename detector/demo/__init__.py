"""Seeded reconstructions of documented outages as posts."""
