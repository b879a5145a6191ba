"""Costs, metrics, statistics, bounds, equilibria and the leaderboard of policies."""
