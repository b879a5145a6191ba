"""Records of runs in Parquet or DuckDB: every event, balances and debts; and replay, which proves that a run repeats.

``Recorder`` plays a ``Simulation`` and writes; ``open_record`` reads; ``replay`` runs the record again and compares.
Needs the extra ``records``.
"""
