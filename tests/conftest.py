"""Fixtures of the whole test tree."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

# Workers that take all cores each wait for one another; set before NumPy and torch read it.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")

SUPPORT = Path(__file__).parent / "support"
sys.path.insert(0, str(SUPPORT))

# pytester forgets what a run within this process imported, and some modules cannot be imported twice.
for module in (
    "PIL.Image",
    "emid_factory",
    "hypothesis.internal.observability",
    "pytest_emid.plugin.assertions",
    "pytest_emid.cache",
    "pytest_emid.plugin.fixtures",
    "pytest_emid.plugin.reports.json",
    "pytest_emid.plugin.reports.terminal",
    "scipy.special",
):
    importlib.import_module(module)


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes that a test starts import what they are asked to, and not what measures coverage as well."""
    monkeypatch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)


# What a project's conftest.py says, but for the measurer: it makes numbers up, so that a run takes no time.
FAKE_PROJECT = f"""
import sys
sys.path.insert(0, {str(SUPPORT)!r})

import pytest
from PIL import Image


@pytest.fixture(scope="session", autouse=True)
def fake_measurer():
    import types

    import emid_factory

    module = types.ModuleType("pytest_emid.measuring.measurer")
    module.Measurer = type("FakeMeasurer", (emid_factory.FakeMeasurer,), {{}})  # a project's own: it may change it
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, module.__name__, module)
        yield module.Measurer


def make_dataset(name="fake", n=90):
    from pytest_emid.data.dataset import Dataset
    from pytest_emid.data.sample import Sample

    image = Image.new("RGB", (4, 4))
    return Dataset(name, [Sample(f"s{{i}}", image, "What?", "That.", cluster=f"c{{i // 3}}") for i in range(n)])


class Answers:
    fingerprint = "fake"

    def __init__(self, name="fake"):
        self.name = name

    def respond(self, samples):
        raise AssertionError("a made-up measurement asks nothing")


@pytest.fixture(scope="session")
def emid_model():
    return Answers()


@pytest.fixture(scope="session")
def emid_dataset():
    return make_dataset()


@pytest.fixture(scope="session")
def emid_encoders():
    class Encoder:
        name = "fake"
        fingerprint = "fake"
    from pytest_emid.encoders.base import Encoders
    return Encoders(Encoder(), Encoder())
"""


@pytest.fixture(autouse=True)
def unrecorded() -> Iterator[None]:
    """Gates that this test tree tries out are not gates of this test run."""
    from pytest_emid.plugin import recorder

    with recorder.activated(None):
        yield


@pytest.fixture
def quick_client(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clients of servers that wait for nothing, with the key that nothing may show."""
    monkeypatch.setattr("openai._base_client.INITIAL_RETRY_DELAY", 0.01)
    monkeypatch.setattr("openai._base_client.MAX_RETRY_DELAY", 0.02)
    monkeypatch.setattr("pytest_emid.models.server.chat.PAUSE", 0.01)
    monkeypatch.setattr("pytest_emid.models.server.fleet.PAUSE", 0.01)
    monkeypatch.setattr("pytest_emid.models.server.patience.POLL", 0.01)
    monkeypatch.setenv("OPENAI_API_KEY", "canary-4711-secret")  # the key of support/server_calls.py


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A project with a model, a dataset and a measurer that makes numbers up: `blur:60` retains 60 %."""
    # Assertion explanations are not cut on CI, and the width of a terminal is that of the machine.
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.delenv("BUILD_NUMBER", raising=False)
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    monkeypatch.setenv("COLUMNS", "120")
    pytester.makeconftest(FAKE_PROJECT)
    return pytester
