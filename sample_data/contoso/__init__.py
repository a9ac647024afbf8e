"""A made-up company whose systems fill the sample tables: everyday traffic, and four stories in it."""
