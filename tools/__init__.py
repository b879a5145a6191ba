"""Tools of the repository, run from its root and not installed. ``README.md`` in this folder lists the commands."""
