"""Scripted cash managers, the best of them by search, and fair comparisons: what every learned policy has to beat."""
