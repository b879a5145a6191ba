"""A policy that TorchRL's PPO has learned: the most likely legal choices."""

import torch
from tensordict import TensorDict
from tensordict.nn import TensorDictModule
from torch import nn
from torchrl.envs import ExplorationType, set_exploration_type
from torchrl.modules import MaskedCategorical, ProbabilisticActor


class MaskedHeads(torch.distributions.Independent):
    """One masked categorical per head; the log-probability is their sum."""

    def __init__(self, logits: torch.Tensor, mask: torch.Tensor) -> None:
        super().__init__(MaskedCategorical(logits=logits, mask=mask, neg_inf=-1e9, use_cross_entropy=False), 1)


def make_actor(entries: int, heads: int, choices: int) -> ProbabilisticActor:
    """Return the actor that was trained: one network for all banks."""
    network = nn.Sequential(
        nn.Linear(entries, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, heads * choices),
        nn.Unflatten(-1, (heads, choices)),
    )  # fmt: skip
    return ProbabilisticActor(
        TensorDictModule(network, [("banks", "observation")], [("banks", "logits")]),
        in_keys={"logits": ("banks", "logits"), "mask": ("banks", "action_mask")},
        out_keys=[("banks", "action")],
        distribution_class=MaskedHeads,
        return_log_prob=True,
        log_prob_key=("banks", "log_prob"),
    )


class Policy:
    """One network decides for every bank, each from its own observation."""

    def __init__(self, setup):
        torch.set_num_threads(1)
        self.actor = make_actor(setup["observation_size"], *setup["mask_shape"])
        weights = torch.load(f"{setup['folder']}/{setup['scenario']}.pt", weights_only=True)
        self.actor.load_state_dict(weights)

    def act(self, observations):
        """Return an action for each bank in ``observations``."""
        actions = {}
        with torch.no_grad(), set_exploration_type(ExplorationType.DETERMINISTIC):
            for bank, seen in observations.items():
                rows = {"observation": torch.as_tensor(seen["observation"])[None],
                        "action_mask": torch.as_tensor(seen["action_mask"]).bool()[None]}  # fmt: skip
                found = self.actor(TensorDict({"banks": TensorDict(rows, [1])}))
                actions[bank] = found["banks", "action"][0].numpy()
        return actions


def make_policy(setup):
    """Return the policy of a scenario."""
    return Policy(setup)
