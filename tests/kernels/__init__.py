"""The kernels' building blocks, each against a plain Python twin."""
