"""The measured scenarios of recorded payments run, at a small size."""

from benchmarks.recorded import measure_batch, measure_large_day


def test_recorded_benchmark_measures_a_day_and_a_batch(tmp_path):
    large = measure_large_day(tmp_path / "large.parquet", 300)
    assert large["payments"] == 300
    assert min(large.values()) > 0
    batch = measure_batch(tmp_path / "small.parquet", 300, 2, 3)
    assert 0 < batch["kb_per_copy_beyond_queues"] < batch["kb_per_copy"]
    assert batch["shared_mb"] < 0.02
