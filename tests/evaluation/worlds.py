"""Small scenarios for baselines: two or three banks, some days or a fraction of one."""

from simcash_env.config import load_scenario


def random_day(*, rules="standard", banks=2, pool=200_000, ticks=8, days=1, fraction=1.0, switches=None):
    """Random payments between banks with a liquidity pool; banks wait for an agent, or get a policy in the test."""
    names = ["A", "B", "C", "D"][:banks]
    return load_scenario(
        {
            "format": 1,
            "name": "random-day",
            "rules": rules,
            "simulation": {"ticks_per_day": ticks, "num_days": days, "seed": 7},
            "banks": [
                {
                    "id": name,
                    "opening_balance": 5_000,
                    "credit_limit": 8_000,
                    "liquidity_pool": pool,
                    "liquidity_allocation_fraction": fraction,
                    "policy": {"type": "external"},
                    "arrivals": {
                        "rate_per_tick": 1.2,
                        "amount": {"type": "lognormal", "mean": 10_000, "std_dev": 6_000},
                        "deadline_range": [1, 6],
                    },
                }
                for name in names
            ],
            "costs": {"liquidity_cost_per_tick_bps": 50, "delay_cost_per_tick_per_cent": 0.05},
            "actions": {"allow_drop": True},
            "switches": switches or {},
        }
    )
