"""Saved queries that watch the logs: rules, their evaluation, their state, and what is told to whom."""
