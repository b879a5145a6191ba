"""Where this engine is deliberately better than the reference: a test for each row of that table."""
