"""From a validated configuration to the arrays that kernels read."""
