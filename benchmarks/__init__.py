"""What is measured, and how: ratios in one run, never times in a test."""
