"""The documentation, and the program that writes its tables: ``python -m docs.generate``."""
