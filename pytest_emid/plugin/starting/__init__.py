"""A first suite, written for the model at hand (`python -m pytest_emid init`): conftest.py, a test, a CI workflow."""
