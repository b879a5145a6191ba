"""Runs of the intraday market by a schedule: budgets, slots, their processor, statistics, and saved state."""
