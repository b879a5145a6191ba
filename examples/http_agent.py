"""An agent that plays a day over HTTP: it needs no package but ``httpx``, and could be written in any language.

    simcash serve --port 8000
    python examples/http_agent.py http://127.0.0.1:8000

``decide`` is a rule of three lines. A language model would get ``observation["text"]`` instead, which lists everything
that may be decided, and answer with the same mapping.
"""

import sys

import httpx

SCENARIO = "two-banks-v0"
SEED = 1


def decide(observation):
    """Release what is due within two ticks, and what the balance covers; the last tick is no time to wait."""
    left, chosen = observation["account_cents"]["balance"], {}
    for payment in sorted(observation["payments"], key=lambda one: one["deadline_tick"]):
        is_funded = payment["remaining_cents"] <= left
        if "release" in payment["legal"] and (is_funded or payment["ticks_to_deadline"] <= 2):
            chosen[payment["id"]] = "release"
            left -= payment["remaining_cents"]
    return {"payments": chosen}


def play(url, scenario=SCENARIO, seed=SEED, token=None):
    """Play a day for all external banks; return the sum of the rewards and the costs in cents by bank."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    with httpx.Client(base_url=url, headers=headers, timeout=300) as client:

        def call(path, body):
            return client.post(path, json=body).raise_for_status().json()

        environment = call("/environments", {"scenario": scenario})
        place = f"/environments/{environment['id']}"
        result = call(f"{place}/reset", {"seed": seed})
        total, cents = 0.0, dict.fromkeys(environment["banks"], 0)
        while not result["done"]:
            seen = result["observation"]["banks"]
            action = {"banks": {bank: decide(observation) for bank, observation in seen.items()}}
            result = call(f"{place}/step", {"action": action})
            total += result["reward"]
            for bank, observation in result["observation"]["banks"].items():
                cents[bank] += sum(observation["last_costs_cents"].values())
        client.delete(place).raise_for_status()
    return total, cents


if __name__ == "__main__":
    reward, costs = play(sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000")
    print(f"sum of rewards {reward:.4f}")
    for name, cost in costs.items():
        print(f"{name}: {cost / 100:.2f}")
