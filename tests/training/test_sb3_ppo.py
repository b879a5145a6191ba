"""The runnable Stable-Baselines3 trainer."""

import pytest

from training import sb3_ppo


@pytest.mark.parametrize("masked", [[], ["--masked"]])
def test_sb3_trainer_trains_and_prints_its_cost_next_to_fifos(masked, tmp_path, capsys):
    path = tmp_path / "model.zip"
    few = ["--steps", "64", "--test-days", "2", "--out", str(path)]
    sb3_ppo.main(["castro-2period-v0", *masked, *few])
    printed = capsys.readouterr().out
    assert printed.startswith("MaskablePPO, " if masked else "PPO, ")
    assert "FIFO: " in printed
    assert path.is_file()
