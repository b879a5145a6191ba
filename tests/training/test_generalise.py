import pytest

from simcash_env.envs.families import Randomize
from simcash_env.learning.ippo import train
from simcash_env.learning.settings import load_settings
from simcash_env.registry import load
from training.generalise import SETTINGS, markdown, member_row


@pytest.mark.slow
def test_generalise_table_of_a_family_has_a_row_a_member_and_mean_ratios(monkeypatch):
    monkeypatch.setattr("training.generalise.TEST_DAYS", 20)
    monkeypatch.setattr("training.generalise.TUNING_DAYS", 5)
    settings = load_settings(SETTINGS, num_envs=32, total_steps=192, hidden=(8,))
    family = Randomize(**{**settings.randomize, "split": "test", "num_members": 2})
    player = train(settings, 0).policy
    rows = [
        member_row(number, config, player, player) for number, config in enumerate(family.members(load("2b-3t-v0")))
    ]
    assert [row["to_specialist"]["mean"] for row in rows] == [0.0, 0.0]
    assert rows[0]["fifo"] != rows[1]["fifo"]
    results = {
        "version": "0", "command": "c", "scenario": "2b-3t-v0", "test_days": 20, "steps": 1, "specialist_steps": 1,
        "rows": rows,
    }  # fmt: skip
    page = markdown(results)
    assert page.count("\n| ") == len(rows)
    assert "to the specialist's: 1.000;" in page
