"""Rows of our own learners: PPO in its forms, expert iteration, and the search over constants."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
import torch as th

from simcash_env.learning.checkpoint import save_checkpoint
from simcash_env.learning.evaluate import LearnedAgent
from simcash_env.learning.expert_iteration import ExpertIteration
from simcash_env.learning.ippo import Ippo
from simcash_env.learning.rank_policy import search_checkpoint
from simcash_env.learning.rank_search import RankSearch
from simcash_env.learning.settings import SearchSettings, TrainingSettings
from training.algorithms.contest import PARTS, SLOTS, Contest

NARROW: Final = -3.0
"""Logarithm of the first standard deviation around a start: wider ones leave it before anything is learned."""
SEARCH_DAYS: Final = 16
POPULATION: Final = 12
BASE: Final = {"type": "liquidity_reserve", "target_buffer": 0, "urgency_threshold": 0}


def scratch(contest: Contest, **changes: Any) -> TrainingSettings:
    """Settings of PPO without an expert; reward, discount and largest share are the scenario's."""
    own, same = contest.settings, contest.same_day
    return TrainingSettings(**{
        "scenario": contest.scenario, "reward": own.reward, "gamma": own.gamma, "largest_share": contest.largest_share,
        "total_steps": contest.budget, "num_envs": contest.copies, "same_day": same, "steps_per_rollout": contest.ticks,
        "max_queue_slots": SLOTS, "entropy": 0.002, "action": contest.action, **changes,
    })  # fmt: skip


def play_ppo(contest: Contest, settings: TrainingSettings, spent: int = 0) -> None:
    """Train PPO with what is left of the budget."""
    th.set_num_threads(1)
    run = Ippo(settings, contest.seed)
    agent = LearnedAgent(run.policy, settings, run.vec.bank_ids)
    contest.at(spent, agent)
    while not contest.is_over:
        run.step()
        contest.at(spent + run.steps, agent)


def shared(contest: Contest, _folder: Path) -> None:
    """One policy for all banks."""
    play_ppo(contest, scratch(contest))


def own(contest: Contest, _folder: Path) -> None:
    """A policy for each bank."""
    play_ppo(contest, scratch(contest, policies="own"))


def central(contest: Contest, _folder: Path) -> None:
    """One policy for all banks, one critic that sees all of them."""
    play_ppo(contest, scratch(contest, critic="central"))


def imitating(contest: Contest, _folder: Path) -> None:
    """Imitate the scenario's expert first, as the shipped policies do."""
    given = contest.settings
    changes = {
        "expert": given.expert, "imitate_steps": contest.budget // 4, "imitate_rate": given.imitate_rate,
        "learning_rate": given.learning_rate, "max_grad_norm": given.max_grad_norm, "num_epochs": given.num_epochs,
    }  # fmt: skip
    play_ppo(contest, scratch(contest, **changes))


def search_of(contest: Contest) -> RankSearch:
    """A search without an expert; it has chosen its start."""
    given = contest.settings.search
    search = SearchSettings(
        population=POPULATION, days=SEARCH_DAYS, spread=given.spread, components=given.components, by_day=given.by_day
    )
    settings = contest.settings.model_copy(update={"search": search, "expert": None, "randomize": None})
    return RankSearch(settings, contest.seed)


def spent_on_start(run: RankSearch) -> int:
    """Decisions of banks that the choice of the start has taken."""
    return len(run.starts()) * run.days * run.num_ticks * run.vec.num_banks


def search(contest: Contest, _folder: Path) -> None:
    """CMA-ES on the constants of the rank action; the choices of the start and of the best constants count."""
    run = search_of(contest)
    spent = spent_on_start(run)
    contest.notes["start"] = run.start_name
    contest.at(spent, LearnedAgent(run.policy(run.start), run.settings, run.vec.bank_ids))
    choice = 3 * run.checks * run.days * run.num_ticks * run.vec.num_banks
    while spent + run.steps + run.decisions + choice <= contest.budget or not run.means:
        run.step()
        last = np.mean(run.means[-max(len(run.means) // 3, 1) :], axis=0)
        reached = min(spent + run.steps, contest.budget - 1)
        contest.at(reached, LearnedAgent(run.policy(last), run.settings, run.vec.bank_ids))
    used = max(spent + run.steps + choice, contest.budget)
    contest.at(used, LearnedAgent(run.policy(run.best()), run.settings, run.vec.bank_ids))


def around(contest: Contest, start: Path, spent: int) -> None:
    """PPO that adds to the actions of a search's constants."""
    own = contest.settings
    settings = scratch(
        contest, start=str(start), log_std=NARROW, entropy=0.0, learning_rate=3e-4, hidden=(32, 32),
        max_grad_norm=own.max_grad_norm,
    )  # fmt: skip
    play_ppo(contest, settings, spent)


def rank_from_script(contest: Contest, folder: Path) -> None:
    """PPO that starts at the script that the search starts at; the choice of the script counts."""
    run = search_of(contest)
    contest.notes["start"] = run.start_name
    start = folder / f"{contest.scenario}-start{contest.seed}.npy"
    save_checkpoint(run.policy(run.start), start, run.facts([]))
    around(contest, start, spent_on_start(run))


def rank_from_search(contest: Contest, _folder: Path) -> None:
    """PPO that starts at the shipped constants of a full search, on top of that search's budget."""
    start = search_checkpoint(contest.scenario)
    contest.notes["start"] = start.name
    around(contest, start, 0)


def expert_iteration(contest: Contest, _folder: Path) -> None:
    """Expert iteration with rollouts of the best script; only the decisions that are labelled count."""
    th.set_num_threads(1)
    days = max(contest.budget // (PARTS * contest.ticks * contest.banks), 1)
    lynx = contest.scenario == "lynx-day-v0"
    base = {"type": "priority_first"} if lynx else BASE
    shares = () if lynx else tuple(contest.settings.expert.shares)  # type: ignore[union-attr]
    settings = scratch(
        contest, num_envs=days, same_day=1, imitate_rate=3e-3, fit_epochs=20, hidden=(32, 32),
        expert={"type": "rollout", "base": base, "shares": shares, "search": {"samples": 8}},
    )  # fmt: skip
    run = ExpertIteration(settings, contest.seed)
    agent = LearnedAgent(run.policy, settings, run.bank_ids)
    contest.at(0, agent)
    while not contest.is_over:
        figures = run.step()
        contest.notes["milliseconds_per_decision"] = round(figures["milliseconds_per_decision"], 2)
        contest.at(run.steps, agent)
