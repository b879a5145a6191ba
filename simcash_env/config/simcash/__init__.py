"""Scenario files written for SimCash: their keys, and their translation to native configuration."""
