"""What a learning bank observes, may do and is paid, as kernels over the arrays of a scenario."""
