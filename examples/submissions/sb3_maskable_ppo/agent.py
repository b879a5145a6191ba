"""A policy that sb3-contrib's MaskablePPO has learned: the most likely legal choices."""

import numpy as np
import torch
from sb3_contrib.ppo_mask import MlpPolicy


class Policy:
    """One network for all banks; an observation ends with a one-hot of the bank."""

    def __init__(self, setup):
        torch.set_num_threads(1)
        self.network = MlpPolicy.load(f"{setup['folder']}/{setup['scenario']}.pt")
        self.bank_ids = dict(zip(setup["banks"], np.eye(len(setup["banks"]), dtype=np.float32), strict=True))

    def act(self, observations):
        """Return an action for every bank that is asked for."""
        actions = {}
        for bank, seen in observations.items():
            row = np.concatenate([seen["observation"], self.bank_ids[bank]])
            mask = seen["action_mask"].astype(bool)
            actions[bank], _ = self.network.predict(row, action_masks=mask, deterministic=True)
        return actions


def make_policy(setup):
    """Return the policy of a scenario."""
    return Policy(setup)
