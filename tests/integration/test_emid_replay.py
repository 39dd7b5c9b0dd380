"""`--emid-replay PACK`: identity and answers come from the pack; the fixture emid_model is never called."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_emid import models, shifts
from pytest_emid.cache import Cache
from pytest_emid.data import scenes_dataset

CONFTEST = """
import pytest

@pytest.fixture(scope="session")
def weights():
    import a_module_that_is_not_installed_here

@pytest.fixture(scope="session")
def emid_model(weights):
    raise AssertionError("the model was asked for")

@pytest.fixture(scope="session")
def emid_calibration():
    return None
"""
TESTS = """
def test_x(measure_emid):
    result = measure_emid("case:1")
    assert result.model == "echo"
"""


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """What a model answered to 60 clean and 59 shifted questions."""

    def echo(images: list[object], questions: list[str]) -> list[str]:
        return [f"{question} {i}" for i, question in enumerate(questions)]

    model = models.load(echo, fingerprint="v1", name="echo")
    dataset = scenes_dataset(60)
    with Cache(None) as cache:
        cache.respond(model, dataset)
        cache.respond(model, shifts.parse("case:1").apply(dataset, 0).first(59))
        cache.export_pack(tmp_path / "pack.json", vectors=False)
    return tmp_path / "pack.json"


def test_the_pack_takes_the_models_place_and_says_what_it_lacks(pytester: pytest.Pytester, pack: Path) -> None:
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(TESTS)
    arguments = ("--emid-dataset=scenes", "--emid-limit=60", f"--emid-replay={pack}", "-p", "no:xdist")
    result = pytester.runpytest(*arguments)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "E *lacks * answers of echo, and its mode is 'read': scene-0000*",
            "* of * answers from the replay pack *pack.json, model echo",
        ]
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [(None, "cannot read the replay pack *"), ("{}", "* is not a replay pack. Write one with Cache.export_pack.")],
)
def test_what_is_no_pack_ends_the_run(pytester: pytest.Pytester, text: str | None, message: str) -> None:
    if text is not None:
        (pytester.path / "pack.json").write_text(text)
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(TESTS)
    result = pytester.runpytest("--emid-replay=pack.json", "--emid-dataset=scenes")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: --emid-replay: {message}"])
