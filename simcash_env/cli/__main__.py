"""``python -m simcash_env.cli``."""

from simcash_env.cli import main

main()
