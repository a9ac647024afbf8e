"""Answers and tables on their way out: to files once, or to files, Delta tables and webhooks as rows come in."""
