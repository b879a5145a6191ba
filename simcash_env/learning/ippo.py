"""PPO written for the batch: one file, arrays in place (Schulman et al. 2017; after CleanRL).

N copies, L learning banks, T ticks a rollout. The P policies are one for all banks or one a bank; each decides for R
rows, a row being a bank of a copy. Networks of all policies are computed together: every tensor begins with P.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
import torch as th
from torch import nn
from torch.nn import functional

from simcash_env.agents.observation_layout import NUM_SLOT, SLOTS_AT
from simcash_env.config import ScenarioConfig
from simcash_env.envs.families import Randomize
from simcash_env.envs.vector import SimCashVec, make_vec
from simcash_env.errors import SimulationError, SnapshotError
from simcash_env.evaluation.seeds import FIRST_TRAINING_SEED
from simcash_env.files import replacing
from simcash_env.learning.checkpoint import CheckpointFacts, Trained, read_facts, save_checkpoint
from simcash_env.learning.expert import Teacher
from simcash_env.learning.monitor import CtrlC, Log
from simcash_env.learning.opponents import Opponents
from simcash_env.learning.pool_cap import with_largest_share
from simcash_env.learning.settings import IppoSettings
from simcash_env.learning.urgency import NUM_FUNDED, NUM_RANKED, by_urgency, funded
from simcash_env.registry import load
from simcash_env.schema.codes import POOL_LEVELS

SEEDS_PER_RUN: Final = 10_000
FORBIDDEN: Final = 1e8
"""Off the score of a choice that the mask forbids: its probability is exactly 0 in float32."""
FIRST_GAIN: Final = 0.01
"""Of the layer that gives the scores: an untrained policy draws all legal choices about equally."""
MEMORY: Final = 0.95
"""Of the returns' mean and variance, a rollout."""
NUM_EXTRA: Final = NUM_RANKED + NUM_FUNDED
TWO: Final = 2
"""Choices of a head that says yes or no."""
CURVE: Final = 2
"""Numbers behind the scores of the pool's levels: the middle and the width of a curve."""
FIRST_WIDTH: Final = 5.0
"""Levels; the width may become a twentieth of it."""
SAVE_SECONDS: Final = 300.0
Report: TypeAlias = Callable[[int, float, float], None]
GAUSS: Final = 0.5 * math.log(2.0 * math.pi)


class Dense(nn.Module):  # type: ignore[misc]
    """A linear layer of P networks at once: (P, rows, before) to (P, rows, after)."""

    def __init__(self, networks: int, before: int, after: int, generator: Any, gain: float = math.sqrt(2.0)) -> None:
        super().__init__()
        weights = [nn.init.orthogonal_(th.empty(after, before), gain, generator).t() for _ in range(networks)]
        self.weight = nn.Parameter(th.stack(weights).contiguous())
        self.bias = nn.Parameter(th.zeros(networks, 1, after))

    def forward(self, rows: Any) -> Any:
        """Weigh and add; one network's product is taken as a plain matrix product, which is faster."""
        if len(self.weight) == 1:
            return th.addmm(self.bias[0], rows[0], self.weight[0]).unsqueeze(0)
        return th.baddbmm(self.bias, rows, self.weight)


@dataclass(frozen=True)
class Group:
    """Neighbouring heads with equally many choices.

    Of two choices there is one score, the second's over the first's; otherwise one each, or two numbers of a curve.
    """

    size: int
    heads: slice
    numbers: slice
    """Of the network's, from which the scores are made."""
    legal: slice
    """Of what masks say; behind that of scores whether a row has a choice at all."""
    is_curve: bool


class Coins(th.autograd.Function):  # type: ignore[misc]
    """Log-probability (P, R) of yes or no in many heads at once, and weighted entropy, with their gradients."""

    @staticmethod
    def forward(ctx: Any, scores: Any, chosen: Any, weight: Any) -> tuple[Any, Any]:
        """Of scores and choices (P, R, H)."""
        yes = th.sigmoid(scores)
        minus_no = functional.softplus(scores)
        ctx.save_for_backward(scores, chosen, weight, yes)
        return (chosen * scores - minus_no).sum(dim=2), (minus_no - scores * yes) @ weight

    @staticmethod
    def backward(ctx: Any, of_log_prob: Any, of_entropy: Any) -> tuple[Any, None, None]:
        """By scores alone."""
        scores, chosen, weight, yes = ctx.saved_tensors
        entropy = of_entropy.unsqueeze(2) * weight * (scores * yes * (1.0 - yes))
        return of_log_prob.unsqueeze(2) * (chosen - yes) - entropy, None, None


class Choices:
    """Independent masked categorical heads; of more than two choices only rows that have a choice are computed.

    Args:
        sizes: choices of each head.
        weights: of the heads' entropies.
        curve: head whose scores are a normal curve over its levels, -1 for none.
        start: share of the levels around which the curve begins.
    """

    dtype = th.int64

    def __init__(self, sizes: list[int], weights: list[float], curve: int = -1, start: float = 0.5) -> None:
        self.heads, self.weights, self.start = len(sizes), th.tensor(weights), start
        self.groups: list[Group] = []
        number = legal = 0
        kinds = [(size, head == curve) for head, size in enumerate(sizes)]
        for (size, is_curve), run in groupby(range(len(sizes)), key=kinds.__getitem__):
            heads = list(run)
            count = len(heads)
            width = count if size == TWO else count * (CURVE if is_curve else size)
            said = count if size == TWO else count * size + 1
            group = Group(
                size,
                slice(heads[0], heads[-1] + 1),
                slice(number, number + width),
                slice(legal, legal + said),
                is_curve,
            )
            self.groups.append(group)
            number, legal = number + width, legal + said
        self.width, self.num_legal = number, legal

    def legal(self, masks: Any, out: Any) -> None:
        """Write (P, R, num_legal), what is added to scores and which rows have a choice, from masks (P, R, H, C)."""
        for group in self.groups:
            part = masks[:, :, group.heads, : group.size]
            if group.size == TWO:
                out[:, :, group.legal] = FORBIDDEN * (part[..., 1] - part[..., 0])
                continue
            said = out[:, :, group.legal]
            said[:, :, :-1] = (FORBIDDEN * (part.float() - 1.0)).flatten(2)
            said[:, :, -1] = (part.sum(dim=3) > 1).any(dim=2)

    def _open(self, group: Group, numbers: Any, legal: Any) -> tuple[Any, Any]:
        """Where rows have a choice, and their scores (K, H, size) there."""
        at = legal[:, :, group.legal.stop - 1].nonzero(as_tuple=True)
        own = numbers[:, :, group.numbers][at]
        scores = self.curve(own) if group.is_curve else own.unflatten(1, (-1, group.size))
        return at, scores + legal[:, :, group.legal][at][:, :-1].unflatten(1, (-1, group.size))

    def curve(self, numbers: Any) -> Any:
        """Scores (K, 1, levels) of which those near a share are likely: neighbours are learned of together."""
        middle, width = numbers[:, :1], numbers[:, 1:]
        levels = th.arange(POOL_LEVELS) - (POOL_LEVELS - 1) * (self.start + 0.5 * middle)
        return (-0.5 * (levels / (FIRST_WIDTH * width.clamp(-3.0, 1.0).exp())).square()).unsqueeze(1)

    def draw(self, numbers: Any, legal: Any, generator: Any) -> tuple[Any, Any]:
        """Actions (P, R, H) and their log-probability (P, R); without a generator the most likely ones."""
        drawn, log_prob = [], th.zeros(numbers.shape[:2])
        for group in self.groups:
            if group.size == TWO:
                scores = numbers[:, :, group.numbers] + legal[:, :, group.legal]
                level = 0.5 if generator is None else th.rand(scores.shape, generator=generator)
                chosen = th.sigmoid(scores) > level
                drawn.append(chosen.long())
                log_prob -= functional.softplus(th.where(chosen, -scores, scores)).sum(dim=2)
                continue
            only = legal[:, :, group.legal][:, :, :-1].unflatten(2, (-1, group.size)).argmax(dim=3)
            at, scores = self._open(group, numbers, legal)
            if len(scores):
                noisy = scores
                if generator is not None:  # the largest of scores and Gumbel noise
                    noisy = scores - th.empty_like(scores).exponential_(generator=generator).log()
                only[at] = best = noisy.argmax(dim=2)
                log_prob[at] += th.log_softmax(scores, dim=2).gather(2, best.unsqueeze(2)).sum(dim=(1, 2))
            drawn.append(only)
        return drawn[0] if len(drawn) == 1 else th.cat(drawn, dim=2), log_prob

    def judge(self, numbers: Any, legal: Any, actions: Any) -> tuple[Any, Any]:
        """Log-probability of actions and weighted entropy, both (P, R)."""
        log_prob, entropy = th.zeros(numbers.shape[:2]), th.zeros(numbers.shape[:2])
        for group in self.groups:
            weight = self.weights[group.heads]
            if group.size == TWO:
                scores = numbers[:, :, group.numbers] + legal[:, :, group.legal]
                of_actions, of_heads = Coins.apply(scores, actions[:, :, group.heads], weight)
                log_prob, entropy = log_prob + of_actions, entropy + of_heads
                continue
            at, scores = self._open(group, numbers, legal)
            if len(scores):
                logs = th.log_softmax(scores, dim=2)
                chosen = actions[:, :, group.heads][at].unsqueeze(2)
                log_prob = log_prob.index_put(at, logs.gather(2, chosen).sum(dim=(1, 2)), accumulate=True)
                entropy = entropy.index_put(at, -(logs.exp() * logs).sum(dim=2) @ weight, accumulate=True)
        return log_prob, entropy


class Gaussian(nn.Module):  # type: ignore[misc]
    """Independent normal numbers of learned widths; what lies outside [-1, 1] is played as the bound."""

    dtype = th.float32
    num_legal = 0

    def __init__(self, policies: int, numbers: int) -> None:
        super().__init__()
        self.heads = self.width = numbers
        self.log_std = nn.Parameter(th.full((policies, 1, numbers), -0.5))

    def legal(self, masks: Any, out: Any) -> None:
        """Nothing is forbidden."""

    def draw(self, means: Any, legal: Any, generator: Any) -> tuple[Any, Any]:
        """Actions (P, R, H) and their log-density (P, R); without a generator the means."""
        noise = 0.0 if generator is None else th.randn(means.shape, generator=generator)
        actions = means + self.log_std.exp() * noise
        return actions, self.judge(means, legal, actions)[0]

    def judge(self, means: Any, legal: Any, actions: Any) -> tuple[Any, Any]:  # noqa: ARG002 - nothing is forbidden
        """Log-density of actions and entropy, both (P, R)."""
        away = (actions - means) * (-self.log_std).exp()
        log_prob = -(0.5 * away.square() + self.log_std + GAUSS).sum(dim=2)
        return log_prob, (self.log_std + 0.5 + GAUSS).sum(dim=2).expand_as(log_prob)


class ActorCritic(nn.Module):  # type: ignore[misc]
    """Scores and values of P policies.

    Args:
        settings: of the training; ``network`` says how the actor looks at the queue, ``critic`` at what a value looks.
        policies: P.
        banks: L.
        columns: of a row: entries of the observation, ranked ones, the bank's one-hot.
        slots: of the queue, and choices of each as scores; (0, 0) where a row is looked at as a whole.
        heads: the distribution.
        generator: of the first weights.
    """

    def __init__(
        self, settings: IppoSettings, policies: int, banks: int, columns: int, slots: tuple[int, int], heads: Any,
        generator: Any,
    ) -> None:  # fmt: skip
        super().__init__()
        self.policies, self.banks, self.slots, self.critic = policies, banks, slots, settings.critic
        self.heads, last = heads, settings.hidden[-1]
        self.activation = {"tanh": nn.Tanh, "relu": nn.ReLU}[settings.activation]()
        count, verbs = slots
        self.body = self._layers(policies, columns, settings.hidden, generator)
        self.rest = Dense(policies, last, heads.width - count * verbs, generator, FIRST_GAIN)
        if count:
            self.slot = Dense(policies, NUM_SLOT + NUM_EXTRA, last, generator)
            self.context = Dense(policies, last, last, generator)
            self.verb = Dense(policies, last, verbs, generator, FIRST_GAIN)
        if self.critic == "central":
            self.view = self._layers(1, columns * banks, settings.hidden, generator)
            self.value = Dense(1, last, banks, generator, 1.0)
        else:
            if self.critic == "own":
                self.view = self._layers(policies, columns, settings.hidden, generator)
            self.value = Dense(policies, last, 1, generator, 1.0)

    def _layers(self, networks: int, width: int, hidden: tuple[int, ...], generator: Any) -> Any:
        steps: list[Any] = []
        for before, after in zip((width, *hidden), hidden, strict=False):
            steps += [Dense(networks, before, after, generator), self.activation]
        return nn.Sequential(*steps)

    def forward(self, rows: Any) -> tuple[Any, Any]:
        """Numbers (P, R, width) that scores are made of, and normalised values (P, R), of rows (P, R, columns)."""
        seen = self.body(rows)
        numbers = self.rest(seen)
        if self.slots[0]:
            numbers = th.cat([self._slots(rows, seen), numbers], dim=2)
        if self.critic == "central":
            shape = (self.policies, -1) if self.policies > 1 else (-1, self.banks)
            whole = rows.transpose(0, 1) if self.policies > 1 else rows
            values = self.value(self.view(whole.reshape(1, -1, rows.shape[2] * self.banks)))[0]
            return numbers, values.t() if self.policies > 1 else values.reshape(shape).reshape(1, -1)
        return numbers, self.value(seen if self.critic == "shared" else self.view(rows)).squeeze(2)

    def _slots(self, rows: Any, seen: Any) -> Any:
        """Every payment is judged alike, beside a view of the whole: (P, R, slots * verbs)."""
        count, middle, end = self.slots[0], SLOTS_AT + self.slots[0] * NUM_SLOT, NUM_EXTRA * self.slots[0]
        own = rows[:, :, SLOTS_AT:middle].unflatten(2, (count, NUM_SLOT))
        ranked = rows[:, :, middle : middle + end].unflatten(2, (count, NUM_EXTRA))
        each = self.slot(th.cat([own, ranked], dim=3).flatten(1, 2)).unflatten(1, (-1, count))
        each = self.activation(each + self.context(seen).unsqueeze(2))
        return self.verb(each.flatten(1, 2)).view(len(rows), rows.shape[1], -1)


def make_training_vec(settings: IppoSettings, config: ScenarioConfig | None = None) -> SimCashVec:
    """The batch that is learned on."""
    return make_vec(
        with_largest_share(load(settings.scenario) if config is None else config, settings.largest_share),
        settings.num_envs,
        learners=settings.learners,
        max_queue_slots=settings.max_queue_slots,
        action=settings.action,
        reward=settings.reward,
        alpha=settings.alpha,
        randomize=None if settings.randomize is None else Randomize(**settings.randomize),
        max_ticks=settings.max_ticks,
        final_observations=settings.max_ticks is not None,
    )


@dataclass(frozen=True)
class Shape:
    """What a policy must know of a batch: learning banks, slots, entries, choices of heads, place of pool.

    ``flow`` is each bank's of a day, in its mean payments.
    """

    banks: int
    slots: int
    features: int
    flow: tuple[float, ...]
    choices: tuple[int, ...]
    pool: int | None

    @classmethod
    def of(cls, vec: SimCashVec) -> Shape:
        """That of a batch."""
        choices, pool = tuple(vec.action_nvec.tolist()), vec.head_index.get("pool")
        view = vec.scenario.view
        flow = (view.bank_flow_scale_cents / view.bank_payment_scale_cents)[vec.learners]
        return cls(vec.num_banks, vec.num_slots, vec.num_features, tuple(flow.tolist()), choices, pool)


class Player:
    """Policies and how a batch's arrays become their rows.

    Args:
        settings: of the training.
        shape: of the batch.
        generator: of the first weights.
    """

    def __init__(self, settings: IppoSettings, shape: Shape, generator: Any = None) -> None:
        self.settings, self.shape = settings, shape
        self.banks, self.slots, self.features, self.pool = shape.banks, shape.slots, shape.features, shape.pool
        self.policies = shape.banks if settings.policies == "own" else 1
        sizes = list(shape.choices)
        judges_slots = settings.network == "slots" and settings.action == "queue" and self.slots > 0
        self.ranked = NUM_EXTRA * self.slots if judges_slots else 0
        self.ids = self.banks if settings.bank_id and self.policies == 1 and self.banks > 1 else 0
        self.columns = self.features + self.ranked + self.ids
        self.heads: Any
        if settings.action == "threshold":
            self.heads = Gaussian(self.policies, len(sizes))
        else:
            weights = [1.0] * len(sizes)
            if self.pool is not None:
                weights[self.pool] = settings.pool_entropy
            curve = -1 if self.pool is None or settings.pool_head == "level" else self.pool
            self.heads = Choices(sizes, weights, curve, settings.pool_start)
        verbs = (1 if sizes[0] == 2 else sizes[0]) if judges_slots else 0  # noqa: PLR2004
        slots = (self.slots, verbs) if judges_slots else (0, 0)
        parts = self.policies, self.banks, self.columns, slots, self.heads
        self.network = ActorCritic(settings, *parts, generator)

    @classmethod
    def load(cls, path: Path) -> Player:
        """The policy of a checkpoint.

        Raises:
            SnapshotError: it cannot be read, or is no checkpoint of ``ippo``.
        """
        facts = read_facts(path)
        settings = facts.training_settings()
        if not isinstance(settings, IppoSettings):
            message = f"{path}: a checkpoint of {facts.algorithm}, not of ippo"
            raise SnapshotError(message)
        player = cls(settings, Shape(**{**facts.shape, "choices": tuple(facts.shape["choices"])}))
        player.network.load_state_dict(th.load(path, weights_only=True))
        return player

    def save(self, file: Any) -> None:
        """Write the weights alone."""
        th.save(self.network.state_dict(), file)

    def rows(self, array: Any) -> Any:
        """(P, R, ...) view of an array (N, L, ...)."""
        tensor = th.from_numpy(array) if isinstance(array, np.ndarray) else array
        return tensor.transpose(0, 1) if self.policies > 1 else tensor.flatten(0, 1).unsqueeze(0)

    def rows_of_copies(self, array: Any) -> Any:
        """(P, R) of an array (N,)."""
        return self.rows(th.from_numpy(array).unsqueeze(1).expand(-1, self.banks))

    def batch(self, rows: Any) -> Any:
        """(N, L, H) numpy array of rows (P, R, H)."""
        both = rows.transpose(0, 1) if self.policies > 1 else rows[0].unflatten(0, (-1, self.banks))
        return both.contiguous().numpy()

    def look(self, observations: Any, out: Any) -> None:
        """Write rows (P, R, columns) from observations (N, L, D); one-hots stand there already."""
        end = self.features
        out[:, :, :end] = self.rows(observations)
        if self.ranked:
            flat = out.flatten(0, 1)
            slots = flat[:, SLOTS_AT:end].unflatten(1, (self.slots, NUM_SLOT))
            flows = th.tensor(self.shape.flow)
            flow = (
                flows.repeat(len(flat) // self.banks) if self.policies == 1 else flows.repeat_interleave(out.shape[1])
            )
            extra = th.cat([by_urgency(flat, slots, flow), funded(flat, slots, flow)], dim=2)
            out[:, :, end : end + self.ranked] = extra.view(*out.shape[:2], -1)

    def new_rows(self, *shape: int) -> Any:
        """Zeros (P, *shape, R, columns) with the banks' one-hots, the last of ``shape`` being copies."""
        *before, copies = shape
        rows = th.zeros(self.policies, *before, copies * self.banks // self.policies, self.columns)
        if self.ids:
            rows[..., self.columns - self.ids :] = th.eye(self.banks).repeat(copies, 1)
        return rows

    @th.no_grad()  # type: ignore[untyped-decorator]
    def act(self, observations: Any, masks: Any, generator: Any = None) -> Any:
        """Heads (N, L, H) for observations (N, L, D) and masks (N, L, H, C); of a threshold action its numbers.

        Without a generator the most likely choices, with one drawn ones.
        """
        rows = self.new_rows(len(observations))
        self.look(observations, rows)
        legal = th.zeros(*rows.shape[:2], self.heads.num_legal)
        self.heads.legal(self.rows(masks), legal)
        actions = self.batch(self.heads.draw(self.network(rows)[0], legal, generator)[0])
        return actions.clip(-1.0, 1.0) if self.heads.dtype is th.float32 else actions


class Ippo:
    """A training run; ``step`` is a rollout and the updates on it.

    Args:
        settings: of the run.
        seed: of weights, draws and days.
        config: the scenario where ``settings.scenario`` is not to be loaded.
    """

    def __init__(self, settings: IppoSettings, seed: int, config: ScenarioConfig | None = None) -> None:
        self.settings, self.seed = settings, seed
        self.vec = vec = make_training_vec(settings, config)
        self.generator = th.Generator().manual_seed(seed)
        self.player = player = Player(settings, Shape.of(vec), self.generator)
        self.network, self.heads = player.network, player.heads
        self.teacher: Any = None if settings.teacher is None else Teacher(settings.teacher, settings.largest_share)
        self.opponents = Opponents(settings, vec.bank_ids, vec.num_envs, self._new_opponent)
        self.optimiser = th.optim.Adam(self.network.parameters(), lr=settings.learning_rate, eps=1e-5, fused=True)
        ticks, rows = settings.steps_per_rollout, vec.num_envs * vec.num_banks // player.policies
        flat = (player.policies, ticks, rows)
        self.seen = player.new_rows(ticks + 1, vec.num_envs)
        self.legal = th.zeros(*flat, self.heads.num_legal)
        self.actions = th.zeros(*flat, self.heads.heads, dtype=self.heads.dtype)
        self.log_probs, self.rewards, self.ends, self.returns = (th.zeros(flat) for _ in range(4))
        self.counts = th.ones(flat)  # 1 where a row is learned from
        self.values = th.zeros(player.policies, ticks + 1, rows)
        self.steps, self.progress = 0, 0.0
        self.mean, self.square, self.trust = (th.zeros(()) for _ in range(3))  # of returns, decayed sums
        self.cents = np.zeros((vec.num_envs, vec.num_banks), np.int64)
        self.ended: list[float] = []
        self._deal()
        vec.reset(
            [FIRST_TRAINING_SEED + seed * SEEDS_PER_RUN + copy // settings.same_day for copy in range(vec.num_envs)]
        )

    def _new_opponent(self, path: Path | None) -> Player:
        return Player(self.settings, self.player.shape) if path is None else Player.load(path)

    def _deal(self) -> None:
        """Note which rows are learned from."""
        self.counts[:] = self.player.rows(self.opponents.learns).float().unsqueeze(1)

    # -- rollout ------------------------------------------------------------------------------------------------------

    def scale(self) -> tuple[Any, Any]:
        """Mean and deviation of returns, by which values are normalised."""
        trust = self.trust.clamp_min(1e-6)
        mean = self.mean / trust
        return mean, (self.square / trust - mean.square()).clamp_min(1e-8).sqrt() if self.trust > 0 else th.ones(())

    @th.no_grad()  # type: ignore[untyped-decorator]
    def rollout(self) -> None:
        """Play T ticks in every copy."""
        vec, player, ticks = self.vec, self.player, self.settings.steps_per_rollout
        mean, deviation = self.scale()
        for tick in range(ticks):
            player.look(vec.observations, self.seen[:, tick])
            legal = self.legal[:, tick]
            self.heads.legal(player.rows(self._masks()), legal)
            numbers, values = self.network(self.seen[:, tick])
            if self.imitates:
                actions = self._taught()
                log_probs = self.heads.judge(numbers, legal, actions)[0]
            else:
                actions, log_probs = self.heads.draw(numbers, legal, self.generator)
            self.actions[:, tick], self.log_probs[:, tick] = actions, log_probs
            self.values[:, tick] = values * deviation + mean
            played = player.batch(actions)
            if not self.opponents.is_idle:
                self.opponents.play(vec.observations, vec.masks, played)
            self._play(played)
            self.rewards[:, tick] = player.rows(vec.rewards)
            self.ends[:, tick] = player.rows_of_copies(vec.terminated | vec.truncated)
            if vec.truncated.any():  # an episode that was cut goes on in theory: its value is what is missing
                player.look(vec.final_observations, self.seen[:, ticks])
                cut = self.network(self.seen[:, ticks])[1] * deviation + mean
                self.rewards[:, tick] += self.settings.gamma * cut * player.rows_of_copies(vec.truncated)
        player.look(vec.observations, self.seen[:, ticks])
        self.values[:, ticks] = self.network(self.seen[:, ticks])[1] * deviation + mean

    @property
    def imitates(self) -> bool:
        """Is the teacher still playing?"""
        return self.teacher is not None and self.steps < self.settings.imitate_steps

    def _taught(self) -> Any:
        """What the teacher does (P, R, H)."""
        noise = th.randn((self.vec.num_envs, self.vec.num_banks), generator=self.generator, dtype=th.float64)
        return self.player.rows(self.teacher.act(self.vec, noise.numpy())).to(self.heads.dtype)

    def _masks(self) -> Any:
        """The batch's masks; while liquidity is to be scarce, of the pool only small shares."""
        masks, at, levels = self.vec.masks, self.player.pool, self.settings.scarce_levels
        if self.progress < self.settings.scarce_until and at is not None and masks.size and not self.imitates:
            masks = masks.copy()
            pool = masks[:, :, at, :POOL_LEVELS]
            every = np.arange(POOL_LEVELS)
            is_small = ((levels[0] <= every) & (every <= levels[1])).astype(np.int8)
            pool &= np.where(pool[:, :, 1:].any(axis=2, keepdims=True), is_small, np.int8(1))
        return masks

    def _play(self, actions: Any) -> None:
        """One tick; notes what episodes that end in it have cost."""
        vec = self.vec
        if self.heads.dtype is th.float32:
            vec.step(actions.clip(-1.0, 1.0))
        else:
            vec.step_rows(actions.reshape(-1, actions.shape[2]))  # each the greatest of some scores: always in range
        self.cents += vec.costs.sum(axis=2)
        over = vec.over()
        if over.any():
            self.ended += self.cents[over].mean(axis=1).tolist()
            self.cents[over] = 0

    # -- update -------------------------------------------------------------------------------------------------------

    def advantages(self) -> Any:
        """(P, T, R) generalised advantage estimates (Schulman et al. 2016), normalised by policy; fills ``returns``."""
        gamma, weight = self.settings.gamma, self.settings.gamma * self.settings.gae_lambda
        advantages, ahead = th.zeros_like(self.rewards), th.zeros_like(self.rewards[:, 0])
        for tick in reversed(range(self.settings.steps_per_rollout)):
            goes_on = 1.0 - self.ends[:, tick]
            error = self.rewards[:, tick] + gamma * goes_on * self.values[:, tick + 1] - self.values[:, tick]
            advantages[:, tick] = ahead = error + weight * goes_on * ahead
        self.returns = advantages + self.values[:, :-1]
        all_rows, share = self.counts.sum(), self.counts / self.counts.sum(dim=(1, 2), keepdim=True).clamp_min(1.0)
        for total, of in ((self.mean, self.returns), (self.square, self.returns.square())):
            total.mul_(MEMORY).add_((of * self.counts).sum() / all_rows, alpha=1.0 - MEMORY)
        self.trust.mul_(MEMORY).add_(1.0 - MEMORY)
        if self.settings.same_day > 1:  # arrivals do not depend on actions: what a day is like is no merit (Mao 2019)
            groups = advantages.unflatten(2, (-1, self.settings.same_day, len(advantages[0, 0]) // self.vec.num_envs))
            groups -= groups.mean(dim=3, keepdim=True)
        advantages -= (advantages * share).sum(dim=(1, 2), keepdim=True)
        deviation = (advantages.square() * share).sum(dim=(1, 2), keepdim=True).sqrt()
        return advantages / (deviation + 1e-8) * self.counts

    def update(self) -> dict[str, float]:
        """All epochs over the rollout; returns what to log.

        Raises:
            SimulationError: the weights are no longer finite.
        """
        settings = self.settings
        advantages = self.advantages()
        mean, deviation = self.scale()
        targets = (self.returns - mean) / deviation
        entropy_weight = self.entropy()
        rate = settings.final_learning_rate + (settings.learning_rate - settings.final_learning_rate) * (
            1.0 - self.progress
        )
        rate = settings.imitate_rate if self.imitates else rate
        self.optimiser.param_groups[0]["lr"] = rate
        kept = (self.seen, self.legal, self.actions, self.log_probs, advantages, targets, self.counts)
        groups = settings.steps_per_rollout * self.vec.num_envs
        sums = th.zeros(4)
        for _ in range(settings.num_epochs):
            order = th.randperm(groups, generator=self.generator)
            for chosen in order.tensor_split(settings.num_minibatches):
                seen, legal, actions, before, advantage, target, counts = (self._pick(array, chosen) for array in kept)
                numbers, values = self.network(seen)
                log_prob, entropy = self.heads.judge(numbers, legal, actions)
                change = log_prob - before
                ratio = change.exp()
                clipped = ratio.clamp(1.0 - settings.clip_range, 1.0 + settings.clip_range)
                share = counts / counts.sum(dim=1, keepdim=True).clamp_min(1.0)
                better = log_prob if self.imitates else th.min(advantage * ratio, advantage * clipped)
                gain = (better * share).sum(dim=1)
                miss = 0.5 * ((values - target).square() * share).sum(dim=1)
                loss = (settings.value_weight * miss - gain - entropy_weight * (entropy * share).sum(dim=1)).sum()
                self.optimiser.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(self.network.parameters(), settings.max_grad_norm)
                self.optimiser.step()
                with th.no_grad():
                    sums += th.stack([gain.mean(), miss.mean(), entropy.mean(), (ratio - 1.0 - change).mean()])
        if not all(th.isfinite(weights).all() for weights in self.network.parameters()):
            message = "the policy's weights are no longer finite; a smaller learning_rate or max_grad_norm may help"
            raise SimulationError(message)
        count = settings.num_epochs * settings.num_minibatches
        names = ("gain", "value_loss", "entropy", "approximate_kl")
        return {**dict(zip(names, (sums / count).tolist(), strict=True)), "learning_rate": rate}

    def _pick(self, array: Any, chosen: Any) -> Any:
        """(P, rows, ...) of the chosen (tick, copy) pairs, all banks of a copy together."""
        policies, ticks, rows = array.shape[:3]
        each = rows // self.vec.num_envs
        width = math.prod(array.shape[3:]) * each
        picked = array.view(policies, ticks * self.vec.num_envs, width).index_select(1, chosen)
        return picked.view(policies, len(chosen) * each, *array.shape[3:])

    def entropy(self) -> float:
        """Weight of the entropy bonus now."""
        settings = self.settings
        falling = max(settings.entropy_until - settings.scarce_until, 1e-9)
        left = min(max((settings.entropy_until - self.progress) / falling, 0.0), 1.0)
        return settings.final_entropy + (settings.entropy - settings.final_entropy) * left

    def step(self) -> dict[str, float]:
        """A rollout and its updates; returns what to log."""
        self.progress = max(self.progress, min(self.steps / self.settings.total_steps, 1.0))
        self.ended = []
        self.rollout()
        facts = self.update()
        self.steps += self.rewards.numel()
        if self.opponents.note(self.player):
            self._deal()
        facts["reward"] = float(self.rewards.mean())
        if self.ended:
            facts["cents"] = float(np.mean(self.ended))
        return facts

    # -- checkpoints --------------------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """All that a training needs to go on exactly as if it had not been interrupted."""
        copies = [self.vec.snapshot(copy) for copy in range(self.vec.num_envs)]
        return {
            "optimiser": self.optimiser.state_dict(),
            "generator": self.generator.get_state(),
            "returns": th.stack([self.mean, self.square, self.trust]),
            "steps": self.steps,
            "cents": th.from_numpy(self.cents.copy()),
            "opponents": self.opponents.state(),
            "lengths": [len(copy) for copy in copies],
            "copies": th.frombuffer(bytearray(b"".join(copies)), dtype=th.uint8),
        }

    def restore(self, weights: dict[str, Any], state: dict[str, Any]) -> None:
        """Go on from a policy's weights and a ``state``."""
        self.network.load_state_dict(weights)
        self.optimiser.load_state_dict(state["optimiser"])
        self.generator.set_state(state["generator"])
        for total, kept in zip((self.mean, self.square, self.trust), state["returns"], strict=True):
            total.copy_(kept)
        self.steps = state["steps"]
        self.cents[:] = state["cents"].numpy()
        self.opponents.restore(state["opponents"])
        self._deal()
        stored, at = state["copies"].numpy().tobytes(), 0
        for copy, length in enumerate(state["lengths"]):
            self.vec.restore(stored[at : at + length], copy)
            at += length

    def facts(self, curve: Sequence[tuple[int, float]]) -> CheckpointFacts:
        """What to say of the policies as they are now."""
        return CheckpointFacts(
            self.settings.scenario, self.seed, self.steps, self.settings.model_dump(mode="json"), self.vec.bank_ids,
            curve=tuple(curve), algorithm="ippo", shape=asdict(self.player.shape),
        )  # fmt: skip

    def save(self, path: Path, curve: Sequence[tuple[int, float]]) -> CheckpointFacts:
        """Write policy, facts and what is needed to go on."""
        save_checkpoint(self.player, path, self.facts(curve))
        facts = read_facts(path)
        with replacing(resume_path(path)) as fresh:
            th.save({"digest": facts.sha256, **self.state()}, fresh)
        return facts


def resume_path(checkpoint: Path) -> Path:
    """What is needed to go on from a checkpoint: large, and of no use to who only plays it."""
    return checkpoint.with_suffix(".resume")


def resumed(run: Ippo, path: Path) -> list[tuple[int, float]]:
    """Bring a fresh run to where a checkpoint was written; returns its curve.

    Raises:
        SnapshotError: files are missing, of different moments, or of other settings than the run's.
    """
    facts = read_facts(path)
    given, kept = run.settings.model_dump(mode="json"), dict(facts.settings)
    differ = sorted(name for name in given if name != "total_steps" and given[name] != kept.get(name))
    if facts.algorithm != "ippo" or differ or facts.seed != run.seed:
        message = f"{path}: of {facts.algorithm} with seed {facts.seed}, other settings: {', '.join(differ) or 'none'}"
        raise SnapshotError(message)
    try:
        state = th.load(resume_path(path), weights_only=True)
    except OSError as error:
        message = f"{resume_path(path)}: needed to go on, and cannot be read: {error}"
        raise SnapshotError(message) from error
    if state["digest"] != facts.sha256:
        message = f"{resume_path(path)}: of another moment than {path}"
        raise SnapshotError(message)
    run.restore(th.load(path, weights_only=True), state)
    return list(facts.curve)


def train(
    settings: IppoSettings,
    seed: int,
    *,
    out: Path | None = None,
    resume: Path | None = None,
    config: ScenarioConfig | None = None,
    report: Report | None = None,
    max_seconds: float | None = None,
    tensorboard: Path | None = None,
) -> Trained:
    """Train a policy; the same settings and seed give the same policy on the same machine, interrupted or not.

    Args:
        settings: of the training.
        seed: of networks, draws and days.
        out: where to save a ``.pt`` with its ``.json`` and ``.resume``: every few minutes, at the end and on Ctrl-C.
        resume: a checkpoint of the same settings and seed to go on from, exactly.
        config: the scenario itself where ``settings.scenario`` is not to be loaded.
        report: called after every rollout with steps done, mean cents of a bank and run, and mean return of a tick.
        max_seconds: stop after so long; rates and entropy then fall by the clock where that is ahead.
        tensorboard: folder to log to.

    Returns:
        The policies as a ``Player``, and facts; ``is_complete`` is False after Ctrl-C.

    Raises:
        SnapshotError: ``resume`` is no checkpoint of these settings and this seed.
        SimulationError: the weights are no longer finite.
    """
    th.set_num_threads(1)
    run = Ippo(settings, seed, config)
    curve = [] if resume is None else resumed(run, resume)
    began = saved = time.monotonic()
    with CtrlC() as pressed, Log(tensorboard) as log:
        while run.steps < settings.total_steps and not pressed.once:
            now = time.monotonic()
            if max_seconds is not None:
                run.progress = min((now - began) / max_seconds, 1.0)
                if run.progress == 1.0:
                    break
            if out is not None and now - saved > SAVE_SECONDS:
                run.save(out, curve)
                saved = now
            facts = run.step()
            log.write({**facts, "steps_per_second": run.rewards.numel() / (time.monotonic() - now)}, run.steps)
            if "cents" in facts:
                curve.append((run.steps, facts["cents"]))
            if report is not None and "cents" in facts:
                report(run.steps, facts["cents"], facts["reward"])
    facts_now = run.facts(curve) if out is None else run.save(out, curve)
    return Trained(run.player, facts_now, not pressed.once)
