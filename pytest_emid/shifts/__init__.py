"""Shifts: seeded, deterministic functions from a dataset to a dataset."""
