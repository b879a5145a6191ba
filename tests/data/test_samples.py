"""The sample data set is what its generator makes, and of the stated size."""

import pytest
import yaml

from simcash_env.data import SAMPLE_FOLDER, sample
from simcash_env.data.calibration import days_of
from tools import sample_data


def test_samples_data_set_is_small_and_complete() -> None:
    payments = sample()
    assert 48_000 < len(payments) < 52_000
    assert len(days_of(payments)) == 10
    assert len({*payments.table["sender"].unique().to_pylist()}) == 12
    assert payments.table["settled"].null_count == len(payments)
    assert (SAMPLE_FOLDER / "payments.parquet").stat().st_size < 2_000_000
    assert payments.currency == "EUR"


@pytest.mark.slow
def test_samples_are_what_the_generator_makes() -> None:
    text = (SAMPLE_FOLDER / "scenario.yaml").read_text(encoding="utf-8")
    assert yaml.safe_load(text) == sample_data.scenario()
    assert sample().table.equals(sample_data.payments().table)
