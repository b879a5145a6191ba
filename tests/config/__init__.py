"""Tests of what a user may write, and of what is said when it is wrong."""
