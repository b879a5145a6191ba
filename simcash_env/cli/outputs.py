"""Where ``simcash run`` writes: checked before the run, opened, and drawn at the end."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from simcash_env.cli.screen import needs_extra, note
from simcash_env.config.texts import SURROGATE, text_problem
from simcash_env.errors import ConfigError, Fault
from simcash_env.simulation import Simulation

if TYPE_CHECKING:
    from simcash_env.records.picture import Picture
    from simcash_env.records.recorder import Recorder, Sink


@dataclass(frozen=True)
class Outputs:
    """Output files of a run; None for those not requested."""

    events: Path | None = None
    db: Path | None = None
    plot: Path | None = None
    state: Path | None = None
    tables: Path | None = None

    def __bool__(self) -> bool:
        """True if anything is to be recorded."""
        return any((self.events, self.db, self.plot))

    def require_usable(self) -> None:
        """Refuse what cannot be written, or would be written twice.

        Raises:
            ConfigError: lists all faults.
        """
        options = {"--events": self.events, "--db": self.db, "--plot": self.plot, "--state": self.state}
        faults, taken = [], dict[Path, str]()
        for option, path in options.items():
            if path is None:
                continue
            rule = unusable_path(path)
            if path.resolve() in taken:
                rule = f"is the file of {taken[path.resolve()]} too"
            taken[path.resolve()] = option
            if rule:
                faults.append(Fault(None, None, option, repr(str(path)), rule))
        if self.tables is not None and (rule := unusable_folder(self.tables)):
            faults.append(Fault(None, None, "--tables", repr(str(self.tables)), rule))
        if faults:
            raise ConfigError(faults)
        if self.tables is not None:
            with needs_extra("records", "pyarrow"):
                pass
        if self.plot is not None:
            with needs_extra("plots"):
                from simcash_env.records.plots import require_format
            require_format(self.plot)

    def recorder(self, simulation: Simulation) -> tuple[Recorder, Picture | None]:
        """Return the recorder that writes all requested outputs, and the picture."""
        with needs_extra("records"):
            from simcash_env.records.facts import RunFacts
            from simcash_env.records.recorder import Recorder
        facts = RunFacts.of(simulation)
        sinks: list[Sink] = []
        picture: Picture | None = None
        try:
            if self.db is not None:  # first: it may refuse the file that it is given
                with needs_extra("records"):
                    from simcash_env.records.database import DatabaseSink
                sinks.append(DatabaseSink(self.db, facts))
            if self.events is not None:
                with needs_extra("records"):
                    from simcash_env.records.parquet import ParquetSink
                sinks.append(ParquetSink(self.events, facts))
        except BaseException:
            for sink in sinks:
                sink.abandon(facts)
            raise
        if self.plot is not None:
            with needs_extra("plots"):
                from simcash_env.records.picture import Picture
            picture = Picture(facts)
            sinks.append(picture)
        return Recorder(simulation, sinks), picture

    def print_paths(self, num_events: int) -> None:
        """Say what was written."""
        for path in (self.events, self.db):
            if path is not None:
                note(f"{path}: {num_events:,} events")
        if self.plot is not None:
            note(f"{self.plot}: drawn")


def unusable_folder(path: Path) -> str:
    """Return why a folder cannot be written to, or an empty text if nothing prevents it."""
    if SURROGATE.search(str(path)):
        return f"is not a valid folder name: it {text_problem(str(path))}"
    try:
        return "is a file, not a folder" if path.exists() and not path.is_dir() else ""
    except (OSError, ValueError) as error:
        return f"is not a valid folder name: {error}"


def unusable_path(path: Path) -> str:
    """Return why a file cannot be written, or an empty text if nothing prevents it."""
    if SURROGATE.search(str(path)):
        return f"is not a valid file name: it {text_problem(str(path))}"  # neither DuckDB nor Parquet opens it
    try:
        is_folder = stat.S_ISDIR(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return "" if path.parent.is_dir() else f"the folder {path.parent} does not exist"
    except (OSError, ValueError) as error:  # a name too long, or with a null character
        return f"is not a valid file name: {error}"
    return "is a folder" if is_folder else ""
