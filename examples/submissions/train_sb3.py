"""Train MaskablePPO on the scenarios of ``sb3_maskable_ppo`` and pack the archive that ``simcash submit`` takes.

pip install '.[training]'; python -m examples.submissions.train_sb3
"""

from pathlib import Path

import torch
from sb3_contrib import MaskablePPO

from examples.submissions.pack import pack
from simcash_env import make_vec
from simcash_env.envs.sb3 import SimCashSB3Vec

FOLDER = Path(__file__).parent / "sb3_maskable_ppo"
TRAININGS = {"castro-2period-v0": (100_000, [32, 32]), "castro-12period-v0": (2_000_000, [64, 64])}
"""Decisions of banks, and units of the layers, by scenario."""


def train(scenario: str, steps: int, units: list[int], seed: int = 0) -> MaskablePPO:
    """Train one network for all banks."""
    torch.set_num_threads(1)
    vec = make_vec(scenario, 256, max_queue_slots=8, final_observations=True, reward="system")
    env = SimCashSB3Vec(vec, bank_id=True)
    env.seed(1)  # training seeds begin with 1
    ticks = vec.num_ticks
    settings = {"n_steps": ticks, "batch_size": 512 * ticks // 4, "n_epochs": 4, "learning_rate": 1e-3}
    settings |= {"gamma": 1.0, "gae_lambda": 1.0, "ent_coef": 0.001, "policy_kwargs": {"net_arch": units}}
    return MaskablePPO("MlpPolicy", env, seed=seed, device="cpu", **settings).learn(steps)


if __name__ == "__main__":
    build = Path("build")
    build.mkdir(exist_ok=True)
    files = {f"{scenario}.pt": build / f"{scenario}.pt" for scenario in TRAININGS}
    for scenario, (steps, units) in TRAININGS.items():
        train(scenario, steps, units).policy.save(files[f"{scenario}.pt"])
    print("packed:", pack(FOLDER, files))
