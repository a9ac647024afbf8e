"""Text to syntax: what a query says, before anything is known of its tables."""
