"""Learners, experts, checkpoints, distillation and search for training settings. Needs the extra ``training``."""
