"""Records of runs: every event, what banks held and owed, in Parquet or DuckDB; and proof that a run repeats.

``Recorder`` plays a ``Simulation`` and writes; ``open_record`` reads; ``replay`` runs the record again and compares.
Needs the extra ``records``.
"""
