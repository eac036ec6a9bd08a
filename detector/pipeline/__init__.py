"""The runs of the pipeline: poll, count, detect, commit, deliver; live, replayed, in hindsight."""
