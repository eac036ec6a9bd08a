"""How places are asked over HTTP: one client, paced, each exchange bounded; their HTML as text."""
