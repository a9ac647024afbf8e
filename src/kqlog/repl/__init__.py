"""A prompt for queries."""
