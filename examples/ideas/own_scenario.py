"""A scenario in Python instead of a file: two banks, one payment each way, and the money for one of them only.

python examples/ideas/own_scenario.py
"""

from simcash_env import Simulation

SCENARIO = {
    "format": 1,
    "name": "one-coin",
    "simulation": {"ticks_per_day": 2, "num_days": 1, "seed": 1},
    "banks": [
        {"id": "A", "opening_balance": 1_000, "policy": {"type": "fifo"}},
        {"id": "B", "opening_balance": 0, "policy": {"type": "fifo"}},
    ],
    "events": [
        {"type": "payment", "tick": 0, "from_bank": "A", "to_bank": "B", "amount": 1_000, "deadline_in": 1},
        {"type": "payment", "tick": 0, "from_bank": "B", "to_bank": "A", "amount": 1_000, "deadline_in": 1},
    ],
}


def main() -> int:
    """Run the day; both payments settle with the same 1,000 cents. Return how many settled."""
    found = Simulation(SCENARIO).run_to_completion()
    print(f"settled {found.settled} of {found.arrived} payments, cost {found.total_cost} cents")
    return found.settled


if __name__ == "__main__":
    main()
