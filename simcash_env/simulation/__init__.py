"""One run of a scenario, tick by tick: decisions from outside, transactions, events, snapshots and saved runs."""

from simcash_env.simulation.simulation import COST_NAMES, CostTable, Simulation, Summary, TickResult

__all__ = ["COST_NAMES", "CostTable", "Simulation", "Summary", "TickResult"]
