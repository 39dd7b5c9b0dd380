"""The model that is in use, which both suites compare with."""

import pytest

from pytest_emid import models


@pytest.fixture(scope="session")
def in_use():
    """The built-in model in float32."""
    return models.load("tiny-llava")
