"""Tests of simcash_env."""
