"""Syntax to a typed plan: names, overloads, conversions, result columns."""
