"""What several operators and plugins share on their way to plan nodes."""
