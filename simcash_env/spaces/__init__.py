"""What a learner sees and does, as kernels over the same arrays."""
