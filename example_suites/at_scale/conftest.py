"""The model is on a cluster: where, and what exactly it runs, is said by the environment of the CI job."""

import os

import pytest

from pytest_emid import models


def setting(name: str) -> str:
    value = os.environ.get(name, "")
    if not value:
        raise pytest.UsageError(
            f"the environment variable {name} is not set; example_suites/at_scale/README.md shows how."
        )
    return value


@pytest.fixture(scope="session")
def emid_model():
    return models.load(
        f"openai:{setting('EMID_CLUSTER_MODEL')}",
        # replicas of one model: requests are spread over them, and those of one that dies go to the others
        base_url=setting("EMID_CLUSTER_URLS").split(),
        # what all replicas run: answers are kept under it, whichever replica gave them
        revision=setting("EMID_CLUSTER_REVISION"),
        max_tokens=128,
        concurrency=int(os.environ.get("EMID_CLUSTER_CONCURRENCY", "32")),  # per replica and pytest process
        timeout=300,
    )
