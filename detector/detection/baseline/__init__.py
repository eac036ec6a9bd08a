"""What is normal at a time: a slow level times the time-of-week profile, and their error."""
