"""PPO around the constants of a search: one line a run, none repeated, costs relative to the search."""

from simcash_env.learning.settings import TrainingSettings
from training import around
from training.lines import read_lines


def test_around_appends_a_line_a_run_and_repeats_none(tmp_path, monkeypatch, capsys):
    def small(scenario, steps, log_std, learning_rate):
        return TrainingSettings(
            scenario=scenario, action="rank", start=f"{scenario}-rank", log_std=log_std, learning_rate=learning_rate,
            num_envs=4, total_steps=steps, steps_per_rollout=3, hidden=(4,), largest_share=1.0,
        )  # fmt: skip

    monkeypatch.setattr(around, "settings_around", small)
    out = tmp_path / "around-search.jsonl"
    words = [
        "2b-3t-v0",
        "--steps",
        "24",
        "--days",
        "3",
        "--out",
        str(out),
        "--log-std",
        "-9",
        "--learning-rate",
        "1e-9",
    ]
    around.main(words)
    (line,) = read_lines(out)
    assert abs(line["minus_search"][0]) < 0.01 * line["search"], "without learning it plays nearly as the search"
    table = out.with_suffix(".md").read_text()
    assert "| `2b-3t-v0` | 24 | -9 | 1e-09 | 0 | " in table
    around.main([*words, "--log-std", "-9", "-1"])
    assert [line["log_std"] for line in read_lines(out)] == [-9, -1]
    assert capsys.readouterr().out.count("`2b-3t-v0`") == 2
    out.with_suffix(".md").unlink()
    around.main(["--tables", "--out", str(out)])
    assert out.with_suffix(".md").read_text().count("| `2b-3t-v0` |") == 2


def test_around_settings_are_the_scenarios_but_for_the_start():
    settings = around.settings_around("castro-12period-v0", 10_000, -5.0, 3e-5)
    assert (settings.start, settings.action, settings.imitate_steps) == ("castro-12period-v0-rank", "rank", 0)
    assert (settings.reward, settings.same_day, settings.log_std) == ("system", 16, -5.0)
