"""Tests of the data dictionary and of the tables that own an agreement."""
