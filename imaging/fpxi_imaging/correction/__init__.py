"""What is done to frames, described and compiled."""
