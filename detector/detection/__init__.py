"""From counts to surges: baseline, evidence, onset, end, several sources, hindsight."""
