"""Train with other people's libraries, one file each: ``python -m training.libraries NAME``.

Each file shows the library's own way of training on ``SimCash/Castro12-v0`` for about a minute, with masks where the
library can apply them. ``make adapters LIBRARIES=NAME`` creates the environment that it needs.
"""
