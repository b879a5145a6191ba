"""The faces of the environment keep their promises."""
