"""A plan as SQL text, for any engine that speaks SQL."""
