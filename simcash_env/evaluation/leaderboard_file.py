"""The file of the leaderboard: submitted policies next to scripted ones, on common test days, by scenario.

``leaderboard.json`` has one board for each scenario: its test days, the lower bound, rows of scripted policies and rows
of submitted ones. The Markdown table next to it is made from it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final, NoReturn

from simcash_env._version import __version__
from simcash_env.config import ScenarioConfig
from simcash_env.errors import ConfigError, Fault, SubmissionError, reason_of
from simcash_env.evaluation.benchmark_table import shortened
from simcash_env.evaluation.contenders import contenders
from simcash_env.evaluation.evaluate import Evaluation
from simcash_env.evaluation.known_bounds import Reference
from simcash_env.evaluation.leaderboard import Row, row_of_contender, row_of_evaluation, rows_from_json
from simcash_env.evaluation.policy_families import ALL_FAMILIES
from simcash_env.evaluation.results import markdown_lines
from simcash_env.evaluation.scenario_digest import scenario_digest
from simcash_env.evaluation.seeds import held_out_seeds, training_seeds
from simcash_env.evaluation.statistics import Interval, paired_difference
from simcash_env.evaluation.submission_archive import Archive
from simcash_env.evaluation.submission_score import Score
from simcash_env.files import held_alone, make_folder_of, write_atomically

FORMAT: Final = 1
NUM_TEST_SEEDS: Final = 200
NUM_TUNING_SEEDS: Final = 100


@dataclass(frozen=True)
class Entry:
    """A submitted policy's row.

    Attributes:
        row: its figures; the difference to FIFO is paired by day.
        authors: as submitted.
        description: as submitted.
        information: ``own`` or ``all``, as submitted.
        sha256: digest of the archive.
        best: the cheapest scripted policy of the board.
        difference_to_best: mean difference to it in cents, paired by day; negative is cheaper.
        illegal_choices: mean number a run.
        slowest_milliseconds: the longest time for the actions of one tick.
        versions: of its libraries, as installed where it ran.
        python: version of the interpreter that it ran in.
        simcash_env: version of this package that scored it.
    """

    row: Row
    authors: tuple[str, ...]
    description: str | None
    information: str
    sha256: str
    best: str
    difference_to_best: Interval
    illegal_choices: float
    slowest_milliseconds: float
    versions: Mapping[str, str | None]
    python: str
    simcash_env: str = __version__


@dataclass(frozen=True)
class Board:
    """The policies of one scenario.

    Attributes:
        scenario: its name.
        digest: of everything in it that costs depend on.
        num_seeds: test days, from ``seeds.FIRST_TEST_SEED`` on.
        num_tuning_seeds: training days on which scripted policies were tuned; 0: none was.
        simcash_env: version of this package that played the scripted policies.
        baselines: rows of the scripted policies.
        submissions: rows of the submitted policies, cheapest first.
    """

    scenario: str
    digest: str
    num_seeds: int
    num_tuning_seeds: int
    baselines: tuple[Row, ...]
    submissions: tuple[Entry, ...] = ()
    simcash_env: str = __version__

    def best(self) -> Row:
        """The cheapest scripted policy."""
        return min(self.baselines, key=lambda row: row.total.mean)

    def rows(self) -> list[Row]:
        """All rows, cheapest first."""
        return sorted([*self.baselines, *(entry.row for entry in self.submissions)], key=lambda row: row.total.mean)


@dataclass
class Leaderboard:
    """All boards of a file, in the order in which they were begun."""

    path: Path
    boards: list[Board] = field(default_factory=list)

    def board(self, config: ScenarioConfig, num_seeds: int | None, num_tuning_seeds: int) -> Board:
        """The board of a scenario; a new one has the scripted policies, which are played now.

        Args:
            config: the scenario.
            num_seeds: test days; None takes those of the board, or ``NUM_TEST_SEEDS``.
            num_tuning_seeds: training days for tuning; used for a new board only.

        Raises:
            ConfigError: the board has other test days, or the scenario has changed since.
        """
        for found in self.boards:
            if found.scenario != config.name:
                continue
            if found.digest != scenario_digest(config):
                self._refuse(config.name, "has changed since its board was begun; use another file")
            if num_seeds not in {None, found.num_seeds}:
                self._refuse(f"{config.name}.num_seeds", f"is {found.num_seeds} in this file, got {num_seeds}")
            return found
        count = num_seeds or NUM_TEST_SEEDS
        return new_board(config, count, num_tuning_seeds)

    def require_free(self, archive: Archive) -> None:
        """Refuse the name of another author's policy.

        Raises:
            ConfigError: lists the boards on which it stands.
        """
        facts = archive.facts
        taken = [
            Fault(str(self.path), None, f"{board.scenario}.{facts.name}", None,
                  f"is the name of a policy of {', '.join(entry.authors)}")
            for board in self.boards
            for entry in board.submissions
            if entry.row.policy == facts.name and entry.authors != facts.authors
        ]  # fmt: skip
        if taken:
            raise ConfigError(taken)

    def _refuse(self, key: str, rule: str) -> NoReturn:
        raise ConfigError([Fault(str(self.path), None, key, None, rule)])

    def put(self, board: Board) -> None:
        """Replace the board of its scenario, or add it."""
        others = {found.scenario: found for found in self.boards}
        self.boards = list({**others, board.scenario: board}.values())

    def save(self) -> Path:
        """Write the file and the Markdown next to it; return the path of the latter.

        Raises:
            WriteError: a file cannot be written.
        """
        make_folder_of(self.path)
        data = {"format": FORMAT, "boards": [asdict(board) for board in self.boards]}
        write_atomically(self.path, (json.dumps(data, indent=1) + "\n").encode())
        page = self.path.with_suffix(".md")
        write_atomically(page, (markdown(self.boards) + "\n").encode())
        return page


@contextmanager
def opened(path: Path) -> Iterator[Leaderboard]:
    """The leaderboard of a file, empty where there is none; no other process can change it meanwhile.

    Raises:
        ConfigError: the file is no leaderboard.
        SimulationError: another process holds it.
    """
    with held_alone(path):
        yield Leaderboard(path, read_boards(path) if path.exists() else [])


def read_boards(path: Path) -> list[Board]:
    """The boards of a file.

    Raises:
        ConfigError: it cannot be read, or is no leaderboard.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["format"] != FORMAT:
            rule = f"must be {FORMAT}"
            raise ConfigError([Fault(str(path), None, "format", repr(document["format"]), rule)])
        return [_board(found) for found in document["boards"]]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        rule = f"is no leaderboard: {type(error).__name__}: {reason_of(error)}"
        raise ConfigError([Fault(str(path), None, "", None, rule)]) from error


def _board(found: Mapping[str, Any]) -> Board:
    entries = [
        Entry(**{
            **entry, "row": rows_from_json([entry["row"]])[0], "authors": tuple(entry["authors"]),
            "difference_to_best": Interval(**entry["difference_to_best"]),
        })
        for entry in found["submissions"]
    ]  # fmt: skip
    baselines = tuple(rows_from_json(found["baselines"]))
    return Board(**{**found, "baselines": baselines, "submissions": tuple(entries)})


def new_board(config: ScenarioConfig, num_seeds: int, num_tuning_seeds: int) -> Board:
    """A board with the scripted policies, of the tuned ones the cheapest on validation days."""
    seeds = held_out_seeds(num_seeds)
    tuning = training_seeds(num_tuning_seeds) if num_tuning_seeds else None
    reference, rows, fifo = Reference(config, seeds, is_joint=True), [], None
    for played in contenders(config, seeds, tuning, ALL_FAMILIES, only_best=True):
        fifo = fifo or played.evaluation
        row = row_of_contender(played, fifo)
        gap = reference.gap(row.total.mean, played.allowed)
        rows.append(replace(row, gap=gap, gap_bound=reference.note))
    return Board(config.name, scenario_digest(config), num_seeds, num_tuning_seeds, tuple(rows))


def with_submission(board: Board, archive: Archive, score: Score, config: ScenarioConfig) -> Board:
    """The board with a policy's row; an earlier row of its name is replaced."""
    evaluation, facts, best = score.evaluation, archive.facts, board.best()
    row = row_of_evaluation(
        facts.name, f"by {', '.join(facts.authors)}", evaluation, _difference(evaluation, board.baselines[0])
    )
    reference = Reference(config, evaluation.seeds, is_joint=True)
    row = replace(row, gap=reference.gap(row.total.mean, score.allowed), gap_bound=reference.note)
    entry = Entry(
        row, facts.authors, facts.description, facts.information, archive.sha256,
        f"{best.policy} ({best.parameters})" if best.parameters else best.policy, _difference(evaluation, best),
        score.illegal_choices, score.slowest_milliseconds, score.versions, score.python,
    )  # fmt: skip
    others = [found for found in board.submissions if found.row.policy != facts.name]
    return replace(board, submissions=tuple(sorted([*others, entry], key=lambda one: one.row.total.mean)))


def _difference(evaluation: Evaluation, other: Row) -> Interval:
    """Paired by day; a policy that was played once, in a scenario that draws nothing, has that cost on every day."""
    first, second = evaluation.totals().tolist(), list(other.totals)
    count = max(len(first), len(second))
    if {len(first), len(second)} - {1, count}:
        message = f"{other.policy}: was played on {len(second)} days, the submitted policy on {len(first)}"
        raise SubmissionError(message)
    return paired_difference(first * (count // len(first)), second * (count // len(second)))


def markdown(boards: Sequence[Board]) -> str:
    """All boards as one Markdown table, with a note for each scenario."""
    rows, notes = [], []
    for board in boards:
        told = {entry.row.policy: entry for entry in board.submissions}
        for place, row in enumerate(board.rows()):
            entry = told.get(row.policy)
            name = f"`{board.scenario}`" if place == 0 else ""
            details = shortened(row.parameters) if entry is None else entry_text(entry)
            rows.append((name, row.result(), details))
        notes.append(board_note(board))
    table = "\n".join(markdown_lines(rows, last="authors; difference to the best script"))
    return "\n\n".join([table, "\n".join(f"- {note}" for note in notes)])


def entry_text(entry: Entry) -> str:
    """Authors and facts of a submitted policy in a cell."""
    parts = [
        ", ".join(entry.authors),
        f"{entry.difference_to_best.amount()} to {entry.best.partition(' ')[0]}",
        f"{entry.row.milliseconds_per_decision:.2g} ms a decision",
    ]
    if entry.illegal_choices:
        parts.append(f"{entry.illegal_choices:.2g} illegal choices a run")
    if entry.information == "all":
        parts.append("sees all banks")
    return "; ".join(parts)


def board_note(board: Board) -> str:
    """What the figures of a board are."""
    seeds, bound = held_out_seeds(board.num_seeds), board.baselines[0].gap_bound
    parts = [f"`{board.scenario}`: test seeds {seeds[0]:,} to {seeds[-1]:,}"]
    if board.num_tuning_seeds:
        parts.append(f"scripts tuned on {board.num_tuning_seeds} training seeds")
    parts += [f"scripts played by version {board.simcash_env}"]
    parts += [bound.partition(": ")[2] or bound] if bound else []
    return "; ".join(parts) + "."
