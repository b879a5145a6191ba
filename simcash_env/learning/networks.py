"""The networks of the learner: P actor-critics computed together, one for all banks or one for each.

Every tensor begins with P, the number of policies; a row is one bank of one copy.
"""

from __future__ import annotations

import math
from typing import Any, Final

import torch as th
from torch import nn

from simcash_env.agents.observation import NUM_SLOT, SLOTS_AT
from simcash_env.learning.queue_features import NUM_QUEUE_FEATURES
from simcash_env.learning.settings import TrainingSettings

ACTOR_OUTPUT_GAIN: Final = 0.01
"""Orthogonal gain of the layers that produce logits: an untrained policy draws all legal choices about equally."""


class BatchedLinear(nn.Module):
    """P linear layers computed together: (P, rows, in) to (P, rows, out), with orthogonal initial weights.

    Args:
        networks: P.
        num_in: input features.
        num_out: output features.
        generator: random generator of the initial weights.
        gain: of the orthogonal initialisation.
    """

    def __init__(self, networks: int, num_in: int, num_out: int, generator: Any, gain: float = math.sqrt(2.0)) -> None:
        super().__init__()
        weights = [nn.init.orthogonal_(th.empty(num_out, num_in), gain, generator).t() for _ in range(networks)]
        self.weight = nn.Parameter(th.stack(weights).contiguous())
        self.bias = nn.Parameter(th.zeros(networks, 1, num_out))

    def forward(self, rows: Any) -> Any:
        """Multiply and add the bias; a single network uses a plain matrix product, which is faster."""
        if len(self.weight) == 1:
            return th.addmm(self.bias[0], rows[0], self.weight[0]).unsqueeze(0)
        return th.baddbmm(self.bias, rows, self.weight)


class ActorCritic(nn.Module):
    """Logits and values of P policies.

    With ``slots`` every payment shown is scored by the same small network, in the context of the whole observation.

    Args:
        settings: of the training; ``network`` selects the actor, ``critic`` what the value network sees.
        policies: P.
        banks: learning banks of a copy.
        features: observation entries of a row, in front.
        columns: of a row: observation entries, queue features, one-hot of the bank.
        slots: number of queue slots and logits of each; (0, 0) where the row is processed as a whole.
        heads: the action distribution; one with parameters becomes part of this module.
        generator: random generator of the initial weights.
    """

    def __init__(
        self, settings: TrainingSettings, policies: int, banks: int, features: int, columns: int,
        slots: tuple[int, int], heads: Any, generator: Any,
    ) -> None:  # fmt: skip
        super().__init__()
        self.policies, self.banks, self.features = policies, banks, features
        self.slots, self.critic = slots, settings.critic
        self.heads, last = heads, settings.hidden[-1]
        self.activation = {"tanh": nn.Tanh, "relu": nn.ReLU}[settings.activation]()
        num_slots, logits_per_slot = slots
        num_other = heads.num_logits - num_slots * logits_per_slot
        self.body = self._hidden_layers(policies, columns, settings.hidden, generator)
        self.rest = BatchedLinear(policies, last, num_other, generator, ACTOR_OUTPUT_GAIN)
        if num_slots:
            self.slot = BatchedLinear(policies, NUM_SLOT + NUM_QUEUE_FEATURES, last, generator)
            self.context = BatchedLinear(policies, last, last, generator)
            self.verb = BatchedLinear(policies, last, logits_per_slot, generator, ACTOR_OUTPUT_GAIN)
        if self.critic == "central":
            self.view = self._hidden_layers(1, columns * banks, settings.hidden, generator)
            self.value = BatchedLinear(1, last, banks, generator, 1.0)
        else:
            if self.critic == "own":
                self.view = self._hidden_layers(policies, columns, settings.hidden, generator)
            self.value = BatchedLinear(policies, last, 1, generator, 1.0)

    def _hidden_layers(self, networks: int, columns: int, hidden: tuple[int, ...], generator: Any) -> Any:
        layers: list[Any] = []
        for num_in, num_out in zip((columns, *hidden), hidden, strict=False):
            layers += [BatchedLinear(networks, num_in, num_out, generator), self.activation]
        return nn.Sequential(*layers)

    def forward(self, rows: Any) -> tuple[Any, Any]:
        """Logits (P, R, num_logits) and normalised values (P, R) of rows (P, R, columns)."""
        features = self.body(rows)
        logits = self.rest(features)
        if self.slots[0]:
            logits = th.cat([self._slot_logits(rows, features), logits], dim=2)
        if self.critic == "central":
            return logits, self._central_values(rows)
        return logits, self.value(features if self.critic == "shared" else self.view(rows)).squeeze(2)

    def _central_values(self, rows: Any) -> Any:
        """Values (P, R) of a critic that sees the rows of all banks of a copy at once."""
        by_copy = rows.transpose(0, 1) if self.policies > 1 else rows
        values = self.value(self.view(by_copy.reshape(1, -1, rows.shape[2] * self.banks)))[0]
        return values.t() if self.policies > 1 else values.reshape(1, -1)

    def _slot_logits(self, rows: Any, features: Any) -> Any:
        """Logits (P, R, slots * logits per slot): the same network scores every slot, given the whole observation."""
        count = self.slots[0]
        observed = rows[:, :, SLOTS_AT : SLOTS_AT + count * NUM_SLOT].unflatten(2, (count, NUM_SLOT))
        computed = rows[:, :, self.features : self.features + NUM_QUEUE_FEATURES * count]
        inputs = th.cat([observed, computed.unflatten(2, (count, NUM_QUEUE_FEATURES))], dim=3)
        hidden = self.slot(inputs.flatten(1, 2)).unflatten(1, (-1, count))
        hidden = self.activation(hidden + self.context(features).unsqueeze(2))
        return self.verb(hidden.flatten(1, 2)).view(len(rows), rows.shape[1], -1)
