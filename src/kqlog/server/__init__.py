"""Logs over HTTP: each protocol that agents speak in a module of its own, in front of one way in."""
