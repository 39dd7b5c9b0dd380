"""The model is behind an OpenAI-compatible server; where, and what exactly it runs, is said by the environment."""

import os

import pytest

from pytest_emid import models


def setting(name: str) -> str:
    value = os.environ.get(name, "")
    if not value:
        raise pytest.UsageError(f"the environment variable {name} is not set; README.md in this folder says to what.")
    return value


@pytest.fixture(scope="session")
def emid_model():
    return models.load(
        f"openai:{setting('SERVED_MODEL')}",
        base_url=setting("OPENAI_BASE_URL"),
        # what the server runs: with it, answers are kept wherever the server is, and asked again when it changes
        revision=os.environ.get("SERVED_REVISION"),
        max_tokens=128,
        concurrency=int(os.environ.get("SERVED_CONCURRENCY", "16")),
        timeout=120,
        # what the run may cost, in the unit of the prices (per million prompt and completion tokens)
        prices=(0.15, 0.60),
        budget=float(os.environ.get("SERVED_BUDGET", "1.00")),
    )
