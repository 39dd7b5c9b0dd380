"""`--emid-plan`: what a run would ask, and the line that says so before a run asks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from noted_project import CONFTEST

TESTS = """
import pytest
from pytest_emid import assert_information_retained

@pytest.mark.parametrize("shift", ["gaussian_noise:3", "keyboard:1"])
def test_one(measure_emid, shift):
    assert_information_retained(measure_emid(shift), 0.9)

@pytest.fixture(scope="module")
def measured(measure_emid):
    return measure_emid("keyboard:1")

def test_fixture(measured): raise AssertionError("never reached")

def test_several(measure_emid):
    measure_emid("identity")
    measure_emid("gaussian_noise:5")

def test_unrelated(): raise AssertionError("not part of a plan")
"""


@pytest.fixture
def suite(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(test_it=TESTS)
    return pytester


@pytest.mark.parametrize("arguments", [["-pno:xdist"], ["-n1"]], ids=["serial", "xdist"])
def test_a_plan_asks_nothing_and_counts_every_answer_once(suite: pytest.Pytester, arguments: list[str]) -> None:
    result = suite.runpytest("--emid-plan", "-rs", "--emid-json=plan.json", *arguments)
    assert result.ret == pytest.ExitCode.OK
    result.assert_outcomes(skipped=4, **({"deselected": 1} if "-n1" not in arguments else {}))
    result.stdout.fnmatch_lines(["SKIPPED *: planned"])
    result.stdout.fnmatch_lines(
        [
            "=* emid plan =*",
            "model noted, dataset mine",
            "scenario * cached  to ask",
            "clean * 0      24",
            "gaussian_noise:3 * 0      24",
            "identity * 0      24",
            "keyboard:1 * 0      24",
            "in all, each once * 0      72",
            "time: unknown: nothing was measured yet",
            "what gates see, with 80 % power (as if nine in ten clean answers were right: none was measured yet):",
            "  a loss of 20 %: 60 samples a gate (there are 24); 240 answers for all of 3 and the clean set",
            "  a loss of 10 %: 82 samples a gate (there are 24); 328 answers for all of 3 and the clean set",
            "  a loss of 5 %: 170 samples a gate (there are 24); 680 answers for all of 3 and the clean set",
            "Nothing was asked. A test that measures several scenarios is counted up to its first; *",
        ],
        consecutive=True,
    )
    assert not Path(suite.path, "asked.txt").exists()
    plan = json.loads(Path(suite.path, "plan.json").read_text())["plan"]
    assert (plan["cached"], plan["to_ask"], plan["seconds"], plan["cost"]) == (0, 72, None, None)
    assert [part["label"] for part in plan["sets"]] == ["clean", "gaussian_noise:3", "identity", "keyboard:1"]


PRICED = """
from types import SimpleNamespace

class Priced(Noted):
    prices = (1000.0, 0.0)

    def __init__(self):
        self.usage = SimpleNamespace(prompt_tokens=0, completion_tokens=0)

    def respond(self, samples):
        for answer in super().respond(samples):
            self.usage.prompt_tokens += 100
            yield answer


@pytest.fixture(scope="session")
def emid_model():
    return Priced()
"""


def test_what_was_asked_before_tells_what_the_rest_takes(suite: pytest.Pytester) -> None:
    suite.makeconftest(CONFTEST + PRICED)
    asking = """
from pytest_emid.cache import Cache
from pytest_emid.cache.watching import WatchedModel
def test_ask(emid_model, emid_dataset):
    with Cache(".emid") as cache:
        cache.respond(WatchedModel(emid_model, cache.store, 0.0), emid_dataset)
"""
    suite.makepyfile(test_ask=asking)
    suite.runpytest("test_ask.py").assert_outcomes(passed=1)
    result = suite.runpytest("--emid-plan", "-q", "-k", "noise")
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(
        [
            "model noted, dataset mine",
            "scenario * cached  to ask",
            "clean * 24       0",
            "gaussian_noise:3 * 0      24",
            "in all, each once * 24      24",
            "time: about * s in one process",
            "cost: about 2.4",
        ],
        consecutive=True,
    )
    assert "Nothing was asked" not in result.stdout.str()


def test_an_ini_value_does_it_too_and_the_cache_mode_counts(suite: pytest.Pytester) -> None:
    suite.makeini("[pytest]\nemid_plan = true\nemid_cache = off\n")
    result = suite.runpytest("-k", "test_one")
    result.assert_outcomes(skipped=2, deselected=3)
    result.stdout.fnmatch_lines(["in all, each once *      72"])
    suite.makeini("[pytest]\nemid_plan = maybe\n")
    result = suite.runpytest()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*ini emid_plan: *. Legal: true or false.*"])


def test_a_plan_without_a_test_that_measures_says_so(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_x(measure_emid): pass\n")
    pytester.makeconftest(CONFTEST)
    result = pytester.runpytest("--emid-plan")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["Nothing would be asked: no test came to measure anything."])


def test_weights_stay_on_disk(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(
        """
        import pytest

        @pytest.fixture(scope="session")
        def emid_model(emid_model):
            yield emid_model
            assert not emid_model.loaded
        """
    )
    pytester.makepyfile("def test_x(measure_emid): measure_emid('keyboard:1')")
    result = pytester.runpytest("--emid-plan", "--emid-model=tiny-llava", "--emid-dataset=scenes", "--emid-limit=6")
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["model tiny-llava, dataset scenes", "clean *       6", "keyboard:1 *       6"])


ANNOUNCED = """
import pytest
from pytest_emid.cache.pace import Pace
from pytest_emid.measuring.plan import Forecast

@pytest.fixture(scope="session", autouse=True)
def announcing_measurer(fake_measurer):
    original = fake_measurer.measure

    def measure(self, shift, **how):
        if self.options["announce"] is not None:
            self.options["announce"](shift, "fake", Forecast(30, 60, Pace(10, 20.0)))
            self.options["announce"]("clean", "fake", Forecast(90, 0, None))
        return original(self, shift)

    fake_measurer.measure = measure
    yield
    fake_measurer.measure = original

def test_x(measure_emid):
    print("captured words")
    measure_emid("blur:95")

def test_y(measure_emid, capsys):
    measure_emid("blur:94")
    assert capsys.readouterr().out == ""
"""
FIRST = "emid: blur:95 on fake: 30 answers cached, 60 to ask, about 2.0 min"
SECOND = "emid: clean on fake: 90 answers cached, 0 to ask, time unknown: nothing was measured yet"
THIRD = FIRST.replace("95", "94")


@pytest.mark.parametrize(
    ("arguments", "lines"),
    [
        ([], ["test_x.py ", FIRST, SECOND, ".", THIRD, SECOND, "* [[]100%[]]"]),
        (
            ["-v"],
            [
                "test_x.py::test_x ",
                FIRST,
                SECOND,
                "test_x.py::test_x PASSED * [[] 50%[]]",
                "test_x.py::test_y ",
                FIRST.replace("95", "94"),
                SECOND,
                "test_x.py::test_y PASSED * [[]100%[]]",
            ],
        ),
        (["-s"], ["test_x.py captured words", "", FIRST, SECOND, ".", THIRD, SECOND, "."]),
    ],
    ids=["dots", "verbose", "uncaptured"],
)
def test_one_line_before_a_model_is_asked(project: pytest.Pytester, arguments: list[str], lines: list[str]) -> None:
    project.makepyfile(test_x=ANNOUNCED)
    result = project.runpytest("-p", "no:xdist", *arguments)
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(lines, consecutive=True)


@pytest.mark.parametrize("arguments", [["-q"], ["-n1"], ["-p", "no:terminalreporter"]])
def test_no_line_where_nobody_wants_or_sees_it(project: pytest.Pytester, arguments: list[str]) -> None:
    project.makepyfile(test_x=ANNOUNCED)
    result = project.runpytest(*arguments)
    assert result.ret == pytest.ExitCode.OK
    assert "to ask" not in result.stdout.str() + result.stderr.str()
