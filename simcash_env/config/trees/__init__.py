"""The decision-tree language: its vocabulary, its checks, and its files."""
