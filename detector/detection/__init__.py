"""From counts to surges: baseline, sequential search, onset, recovery, segmentation, evaluation."""
