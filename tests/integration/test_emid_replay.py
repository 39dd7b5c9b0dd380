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


def packed(path: Path, shifted: int) -> Path:
    """What a model answered to 60 clean questions and to so many shifted ones."""

    def echo(images: list[object], questions: list[str]) -> list[str]:
        return [f"{question} {i}" for i, question in enumerate(questions)]

    model = models.load(echo, fingerprint="v1", name="echo")
    dataset = scenes_dataset(60)
    with Cache(None) as cache:
        cache.respond(model, dataset)
        cache.respond(model, shifts.parse("case:1").apply(dataset, 0).first(shifted))
        cache.export_pack(path / "pack.json", vectors=False)
    return path / "pack.json"


@pytest.mark.usefixtures("loaded")
@pytest.mark.parametrize(
    ("shifted", "outcome", "lines"),
    [
        (60, {"passed": 1}, ["case:1 * no gate", "120 of 120 answers from the replay pack *pack.json, model echo"]),
        (
            59,
            {"failed": 1},
            [
                "E *the replay pack *pack.json has no answer to 1 of 1 samples: 'scene-000019-complex'. *",
                "119 of 120 answers from the replay pack *pack.json, model echo",
            ],
        ),
    ],
)
def test_the_pack_takes_the_models_place_and_says_what_it_lacks(
    pytester: pytest.Pytester, tmp_path: Path, shifted: int, outcome: dict[str, int], lines: list[str]
) -> None:
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(TESTS)
    pack = packed(tmp_path, shifted)
    result = pytester.runpytest("--emid-dataset=scenes", "--emid-limit=60", f"--emid-replay={pack}")
    result.assert_outcomes(**outcome)
    result.stdout.fnmatch_lines(lines)


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
