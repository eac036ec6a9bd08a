"""Where state, incidents and the outbox live."""
