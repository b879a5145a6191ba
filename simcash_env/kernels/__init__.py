"""The rules of the tick, as kernels over arrays; the file name is the step's name in ``tick.py``."""
