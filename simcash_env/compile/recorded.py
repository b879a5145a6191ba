"""Recorded arrivals: which days may be played, and where their payments lie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from simcash_env.config.recorded import recorded_days
from simcash_env.schema.codes import Resampling

if TYPE_CHECKING:
    from simcash_env.config import ScenarioConfig
    from simcash_env.config.recorded_days import RecordedDays
    from simcash_env.schema.arrays import Scenario


@dataclass(frozen=True)
class RecordedArrivals:
    """The recorded arrivals of a scenario; ``data`` is None if it has none."""

    config: ScenarioConfig
    data: RecordedDays | None
    days: tuple[int, ...]  # numbers in the data set of the days that may be played

    @classmethod
    def of(cls, config: ScenarioConfig) -> RecordedArrivals:
        """Read the data set of a valid scenario."""
        data = recorded_days(config)
        if data is None or config.arrivals is None:
            return cls(config, None, ())
        return cls(config, data, config.arrivals.recorded.selected(data))

    def axes(self) -> dict[str, int]:
        """Lengths of the axes of recorded arrivals."""
        return {"recorded_day": len(self.days), "recorded_bank": 0 if self.data is None else len(self.data.bank_ids)}

    def write(self, view: Scenario, number: dict[str, int]) -> None:
        """Fill the columns of recorded arrivals; the payments themselves stay where they are."""
        if self.data is None or self.config.arrivals is None:
            return
        recorded, data = self.config.arrivals.recorded, self.data
        view.recorded_address[0] = data.words.__array_interface__["data"][0]
        view.recorded_words[0] = data.words.size
        view.recorded_resampling[0] = Resampling[recorded.resample.upper()]
        view.recorded_block_ticks[0] = recorded.block_ticks or 0
        view.recorded_day[:] = self.days
        view.recorded_date[:] = [int(data.days[day].strftime("%Y%m%d")) for day in self.days]
        view.recorded_bank[:] = [number[name] for name in data.bank_ids]
