"""What tables there are."""
