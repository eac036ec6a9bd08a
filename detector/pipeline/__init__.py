"""Ingest, cycle, replay and delivery: the parts put to work, still without a clock of their own."""
