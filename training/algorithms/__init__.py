"""The comparison of algorithms: every row with the same budget, seeds and validation days."""
