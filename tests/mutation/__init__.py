"""Mutation testing: rules are changed one place at a time, and a test must notice."""
