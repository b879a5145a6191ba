"""Conformance: recorded cases of the reference engine, replayed on ours."""
