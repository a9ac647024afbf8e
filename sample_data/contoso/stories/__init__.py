"""Four things that went wrong in the three days. Each is told in several tables."""
