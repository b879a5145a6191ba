"""Comparisons with published studies: each module is a command that writes its results, table and figure."""
