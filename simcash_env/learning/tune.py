"""A search for training settings with Optuna: trained on training seeds, evaluated on validation seeds, kept in a file.

A trial that is interrupted is tried again by the next command on the same study; commands may also run side by side.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from simcash_env import __version__
from simcash_env.config.texts import name_problem
from simcash_env.errors import ConfigError, Fault
from simcash_env.evaluation.evaluate import Evaluation
from simcash_env.evaluation.seeds import validation_seeds
from simcash_env.evaluation.statistics import Interval, bootstrap_interval
from simcash_env.files import make_folder_of, write_atomically
from simcash_env.learning.evaluate import evaluate_learned
from simcash_env.learning.search_space import Space, space_as_data, suggest
from simcash_env.learning.settings import ALGORITHM, TrainingSettings

SQLITE: Final = frozenset({".db", ".sqlite", ".sqlite3"})
AGREED: Final = "simcash"
"""Attribute of the study: what all its trials have in common."""
OWNER: Final = "owner"
"""Attribute of a trial: host and process that run it."""


@dataclass(frozen=True)
class SearchPlan:
    """What all trials of a study have in common; a study goes on only under the same plan.

    Attributes:
        settings: those that are not searched.
        validation_days: on which a trained policy is evaluated.
        runs: trainings a trial, with seeds 0 to ``runs - 1``; their mean counts.
    """

    settings: TrainingSettings
    space: Space
    validation_days: int = 200
    runs: int = 1

    def as_data(self) -> dict[str, Any]:
        """For comparison, and to be kept."""
        space = space_as_data(self.space)
        settings = {name: value for name, value in self.settings.model_dump(mode="json").items() if name not in space}
        whole = {
            "algorithm": ALGORITHM,
            "settings": settings,
            "space": space,
            "validation_days": self.validation_days,
            "runs": self.runs,
            "version": __version__,
        }
        plain: dict[str, Any] = json.loads(json.dumps(whole))
        return plain


@dataclass(frozen=True)
class Found:
    """Where a study stands; ``settings`` and ``cents`` are the best trial's, None before the first is done."""

    study: str
    storage: str
    done: int
    failed: int
    best: int | None = None
    settings: dict[str, Any] | None = None
    cents: Interval | None = None

    def as_data(self) -> dict[str, Any]:
        """For ``--json``."""
        return asdict(self)


def open_storage(path: Path) -> Any:
    """SQLite for ``.db`` and ``.sqlite``, else Optuna's journal, a file of lines."""
    import optuna
    from optuna.storages import JournalStorage, RDBStorage
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    if path.suffix in SQLITE:
        from sqlalchemy.pool import NullPool  # Optuna brings it, and imports it where it is used

        return RDBStorage(f"sqlite:///{path}", engine_kwargs={"poolclass": NullPool})  # none stays open
    return JournalStorage(JournalFileBackend(str(path)))


def create_or_load(path: Path, name: str) -> Any:
    """The study of this name in the file.

    Raises:
        ConfigError: the file holds something else.
    """
    import optuna
    from sqlalchemy.exc import SQLAlchemyError  # Optuna brings it

    try:
        return optuna.create_study(storage=open_storage(path), study_name=name, load_if_exists=True)
    except (ValueError, LookupError, TypeError, SQLAlchemyError) as error:
        rule = f"cannot be read as a study: {str(error).splitlines()[0]}"
        raise ConfigError([Fault(str(path), None, "storage", None, rule)]) from error


def open_study(path: Path, name: str, plan: SearchPlan, seed: int = 0) -> Any:
    """A new study, or the one of this name in the file.

    Raises:
        ConfigError: the study was begun under another plan, the file holds something else, or no database can hold its
            name.
    """
    import optuna
    from filelock import FileLock  # torch brings it

    problem = name_problem(name)
    if problem is not None:
        raise ConfigError([Fault(None, None, "study", repr(name), problem)])
    make_folder_of(path)
    with FileLock(f"{path}.opening"):  # commands may begin side by side; Optuna has a .lock of its own
        study = create_or_load(path, name)
        study.sampler = optuna.samplers.TPESampler(seed=seed + len(study.trials), constant_liar=True)
        before, now = study.user_attrs.get(AGREED), plan.as_data()
        if before is None:
            study.set_user_attr(AGREED, now)
        elif before != now:
            changed = [key for key in now if before.get(key) != now[key]]
            rule = f"was begun with other {', '.join(changed)}; give the study another name"
            raise ConfigError([Fault(str(path), None, "study", repr(name), rule)])
        take_over_lost(study)
    return study


def take_over_lost(study: Any) -> int:
    """Put trials whose process of this host has died back in the queue; returns how many."""
    from optuna.trial import TrialState

    lost = 0
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        host, _, process = str(trial.user_attrs.get(OWNER, "")).rpartition(":")
        if host == socket.gethostname() and not _is_alive(int(process)):
            give_back(study, trial)
            lost += 1
    return lost


def give_back(study: Any, trial: Any) -> None:
    """End a trial without a result, and let its settings be tried again."""
    from optuna.trial import TrialState

    study.tell(trial.number, state=TrialState.FAIL)
    study.enqueue_trial(trial.params)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def validation_costs(
    plan: SearchPlan, choices: dict[str, Any], report: Callable[[int, float], None] | None = None
) -> list[int]:
    """Train with these choices and play the validation days; cents of each day and run.

    Raises:
        ConfigError: the settings break a rule.
    """
    settings = TrainingSettings(**{**plan.settings.model_dump(), **choices})
    days, cents = validation_seeds(plan.validation_days), []
    for seed in range(plan.runs):
        cents += train_and_play(settings, seed, days, report).totals().tolist()
    return cents


def train_and_play(
    settings: TrainingSettings, seed: int, days: Sequence[int], report: Callable[[int, float], None] | None
) -> Evaluation:
    """Train a policy and play it on days.

    Raises:
        KeyboardInterrupt: the training was interrupted.
    """
    from simcash_env.learning.ippo import train

    trained = train(settings, seed, report=None if report is None else lambda steps, cents, _: report(steps, cents))
    if not trained.is_complete:
        raise KeyboardInterrupt
    return evaluate_learned(trained.policy, settings.config(), days)[0]


def search(
    study: Any,
    plan: SearchPlan,
    trials: int,
    *,
    report: Callable[[Found], None] | None = None,
    report_steps: Callable[[int, float], None] | None = None,
    storage: str = "",
) -> Found:
    """Try settings until the study has this number of finished trials, from all processes together.

    Args:
        study: of ``open_study``.
        plan: the study's.
        trials: finished trials in all, those of earlier commands included.
        report: called after every trial.
        report_steps: called within a training, with steps and mean cents.
        storage: named in what is returned.

    Raises:
        KeyboardInterrupt: after the running trial has been put back in the queue.
    """
    while standing(study, plan, storage).done < trials:
        trial = study.ask()
        trial.set_user_attr(OWNER, f"{socket.gethostname()}:{os.getpid()}")
        choices = suggest(trial, plan.space)
        try:
            cents = validation_costs(plan, choices, report_steps)
        except KeyboardInterrupt:
            give_back(study, trial)
            raise
        trial.set_user_attr("cents", cents)
        trial.set_user_attr("choices", choices)
        study.tell(trial, float(np.mean(cents)))
        if report is not None:
            report(standing(study, plan, storage))
    return standing(study, plan, storage)


def standing(study: Any, plan: SearchPlan, storage: str = "") -> Found:
    """Where a study stands."""
    from optuna.trial import TrialState

    counts = {state: len(study.get_trials(deepcopy=False, states=(state,))) for state in TrialState}
    done, failed = counts[TrialState.COMPLETE], counts[TrialState.FAIL]
    if not done:
        return Found(study.study_name, storage, done, failed)
    best = study.best_trial
    choices, cents = best.user_attrs["choices"], best.user_attrs["cents"]
    settings = {**plan.settings.model_dump(mode="json"), **choices}
    return Found(study.study_name, storage, done, failed, best.number, settings, interval(cents))


def interval(cents: Sequence[int]) -> Interval:
    """Mean cost on the validation days."""
    return bootstrap_interval(np.asarray(cents, float))


def write_settings(found: Found, path: Path) -> None:
    """The best settings as a file that ``simcash train`` takes.

    Raises:
        ConfigError: no trial is done yet.
    """
    import yaml

    if found.settings is None or found.cents is None:
        raise ConfigError([Fault(str(path), None, "study", repr(found.study), "has no finished trial yet")])
    make_folder_of(path)
    head = (
        f"# Trial {found.best} of study {found.study!r}, the best of {found.done}: "
        f"{found.cents} cents a run on validation days, version {__version__}.\n"
    )
    write_atomically(path, (head + yaml.safe_dump(found.settings, sort_keys=False)).encode())
