"""The built-in model, data and encoders in real pytest runs: cold and warm, serial and spread over processes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from seeded_vectors import ENCODER

INI = """
[pytest]
emid_model = tiny-llava
emid_dataset = scenes
emid_limit = 60
"""
SUITE = """
import pytest
from pytest_emid import assert_information_retained, shifts

@pytest.mark.parametrize("shift", ["defocus_blur:2+synonym:3"])
def test_shift(measure_emid, shift):
    result = measure_emid(shift)
    assert result.n == 60
    assert result.clean.information.value > 0.8

def test_blur_is_harmless(measure_emid):
    assert_information_retained(measure_emid("defocus_blur:1"), 0.8)
"""


INTERRUPTED = """
import pytest
from pytest_emid.encoders import Encoders
from pytest_emid.models import Response

class Interrupted:
    name, fingerprint = "interrupted", "interrupted:1"

    def respond(self, samples):
        for position, sample in enumerate(samples):
            with open("asked.txt", "a") as log:
                print(sample.id, file=log)
            if sum(1 for _ in open("asked.txt")) == 20:
                raise RuntimeError("the power went out")
            yield position, Response(sample.reference, entropy=0.0)

@pytest.fixture(scope="session")
def emid_model():
    return Interrupted()

@pytest.fixture(scope="session")
def emid_encoders():
    return Encoders(Encoder(), Encoder())
"""


@pytest.fixture
def suite(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makeini(INI)
    pytester.makepyfile(test_suite=SUITE)
    return pytester


def results(pytester: pytest.Pytester, *arguments: str, said: str = "") -> list[dict[str, object]]:
    path = Path(pytester.path, "out.json")
    run = pytester.runpytest_subprocess("--emid-json=out.json", *arguments)
    run.assert_outcomes(passed=2)
    assert said in run.stdout.str()
    found = json.loads(path.read_text())["results"]
    path.unlink()
    return sorted(found, key=lambda result: str(result["scenario"]))


@pytest.mark.slow
def test_serial_spread_cold_and_warm_runs_give_the_same_numbers_bit_for_bit(suite: pytest.Pytester) -> None:
    cold = results(suite, "--emid-cache-dir=one", "-p", "no:xdist")
    assert [result["scenario"] for result in cold] == [
        "defocus_blur:1",
        "defocus_blur:2+synonym:3",
    ]
    assert results(suite, "--emid-cache-dir=two", "-n", "2") == cold
    # A warm run loads neither model nor encoders.
    suite.makeconftest(
        """
        import sys

        def pytest_unconfigure():
            heavy = sorted({"torch", "transformers"} & set(sys.modules))
            print("heavy modules:", heavy)
        """
    )
    assert results(suite, "--emid-cache-dir=one", "-p", "no:xdist", "-q", said="heavy modules: []") == cold


def test_answers_before_a_crash_are_kept(suite: pytest.Pytester) -> None:
    suite.makeconftest(ENCODER + INTERRUPTED)
    suite.makepyfile(test_suite="def test_x(measure_emid): measure_emid('defocus_blur:1')")
    first = suite.runpytest_subprocess("-p", "no:xdist")
    first.assert_outcomes(failed=1)
    first.stdout.fnmatch_lines(["*the power went out*"])
    suite.runpytest_subprocess("-p", "no:xdist").assert_outcomes(passed=1)
    asked = Path(suite.path, "asked.txt").read_text().split()
    # 120 answers in all; only the one under way when it crashed was asked again
    assert len(asked) == 121
