"""`--emid-stop-early` and the search for the breaking severity: what is asked, what is said, and the same verdicts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import oracle_world
import pytest

CONFTEST = f"""
import sys
import pytest
sys.path.insert(0, {str(Path(oracle_world.__file__).parent)!r})
from oracle_world import ENCODERS, Oracle
from pytest_emid.data import scenes_dataset

DATASET = scenes_dataset(300)


@pytest.fixture(scope="session")
def emid_model(): return Oracle(DATASET, wrong=0.5)

@pytest.fixture(scope="session")
def emid_dataset(): return DATASET

@pytest.fixture(scope="session")
def emid_encoders(): return ENCODERS

@pytest.fixture(scope="session")
def emid_calibration(): return scenes_dataset(150, stream="calibration")
"""
TESTS = """
import pytest
from oracle_world import Shout
from pytest_emid import assert_emi_above, assert_information_retained, assert_metric_retained


def test_fails(measure_emid):
    assert_information_retained(measure_emid(Shout()), 0.9)

def test_metric(measure_emid):
    result = measure_emid("identity")
    assert_metric_retained(result, "exact", 0.9)

def test_information(measure_emid):
    assert_information_retained(measure_emid("identity"), 0.9)

def test_reads_figures(measure_emid):
    result = measure_emid("identity")
    assert result.n == 300
    assert_metric_retained(result, "exact", 0.9)

def test_needs_all(measure_emid):
    assert_emi_above(measure_emid(Shout()), -9.0)

def test_numbers(measure_emid):
    assert measure_emid(Shout(), seed=1).n == 300

@pytest.fixture
def measured(measure_emid):
    return measure_emid(Shout(), seed=2)

def test_fixture(measured):
    assert measured.n == 300
    with pytest.raises(AssertionError, match="n = 300"):
        assert_information_retained(measured, 0.9)
"""


@pytest.fixture
def suite(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(test_it=TESTS)
    return pytester


def read(suite: pytest.Pytester, name: str) -> tuple[list[Any], dict[str, Any]]:
    """Every decision of a run, in a stable order, and the run."""
    document = json.loads(Path(suite.path, name).read_text())
    tests = {test["nodeid"].split("::")[1]: test["decisions"] for test in document["tests"]}
    return [(name, decision) for name in sorted(tests) for decision in tests[name]], document


def test_gates_ask_only_for_what_decides_them_and_the_same_from_the_cache_and_two_processes(
    suite: pytest.Pytester,
) -> None:
    first = suite.runpytest("--emid-stop-early", "--emid-json=a.json", "-pno:xdist")
    first.assert_outcomes(passed=6, failed=1)
    decisions, document = read(suite, "a.json")
    told = {name: (d["verdict"], d["look"], d["estimate"]["n"], d["whole"]) for name, d in decisions}
    assert told == {
        "test_fails": ("FAIL", 1, 72, 300),
        "test_fixture": ("FAIL", 0, 300, 0),
        "test_information": ("PASS", 3, 186, 300),  # below 150 samples no decoder could object
        "test_metric": ("PASS", 2, 129, 300),  # nothing changed on 43 pictures
        "test_needs_all": ("PASS", 0, 300, 0),
        "test_reads_figures": ("PASS", 0, 300, 0),  # what it reads by itself is of all samples
    }
    first.stdout.fnmatch_lines(["*why * The whole interval is below the threshold. At look 1 of 5, 72 of 300 samples."])
    again = suite.runpytest("--emid-stop-early", "--emid-json=b.json", "-pno:xdist")
    again.assert_outcomes(passed=6, failed=1)
    assert sum(source["asked"] for source in read(suite, "b.json")[1]["answers"]) == 0
    parallel = suite.runpytest("--emid-stop-early", "--emid-json=c.json", "-n2", "--emid-cache=off")
    parallel.assert_outcomes(passed=6, failed=1)
    for other in ("b.json", "c.json"):
        assert read(suite, other)[0] == decisions
        assert read(suite, other)[1]["results"] == document["results"]


def test_what_was_not_needed_is_told_in_a_line(suite: pytest.Pytester) -> None:
    arguments = ("--emid-json=a.json", "-k", "fails or metric")
    found = suite.runpytest("--emid-stop-early", *arguments)
    # clean: 129 of 300; shout: 72 of 300; identity: 129 of 300
    found.stdout.fnmatch_lines(["stopped early: 330 of 900 answers decided, 570 (63 %) were not needed"])
    document = read(suite, "a.json")[1]
    assert document["decided_early"] == {"answers": 330, "whole": 900}
    asked = {source["label"]: source["asked"] for source in document["answers"] if source["asked"]}
    assert sum(asked.values()) <= 330
    plain = suite.runpytest(*arguments)
    assert "stopped early" not in plain.stdout.str()
    assert "decided_early" not in read(suite, "a.json")[1]


FADING = """

class Fading(Oracle):
    # Forgets the more of a question's letters were changed.

    def respond(self, samples):
        import numpy as np
        from pytest_emid.models import Response

        plain = {sample.id: sample.question for sample in DATASET}
        for position, sample in enumerate(samples):
            changed = sum(a != b for a, b in zip(plain[sample.id], sample.question))
            lucky = np.random.default_rng([7, *sample.id.encode()]).random() >= 0.05 * max(changed - 1, 0)
            yield position, Response(self.references[sample.id] if lucky else "I cannot say.")


@pytest.fixture(scope="session")
def emid_model(): return Fading(DATASET)
"""
SEARCH = """
def test_search(measure_emid):
    found = measure_emid.breaking_severity("keyboard", 0.9, measure="exact")
    assert 1 <= found.holds_up_to < found.breaks_at <= 5
    assert found.likely in (found.holds_up_to, found.breaks_at - 1)
    print("FOUND", found)
"""


def test_the_search_says_in_the_summary_what_it_found(suite: pytest.Pytester) -> None:
    suite.makeconftest(CONFTEST + FADING)
    suite.makepyfile(test_it=SEARCH)
    plan = suite.runpytest("--emid-plan", "-pno:xdist")
    plan.stdout.fnmatch_lines(["keyboard:5 *", "*a loss of 20 %: 60 samples a gate; 360 answers for all of 5 and *"])
    result = suite.runpytest("-s", "--emid-json=a.json", "-pno:xdist")
    result.assert_outcomes(passed=1)
    said = next(line.partition("FOUND ")[2] for line in result.outlines if "FOUND " in line)
    assert said.startswith("keyboard holds up to ")
    joined = " ".join(line.strip() for line in result.outlines)
    assert joined.count(said) == 2
    (test,) = read(suite, "a.json")[1]["tests"]
    assert [found["said"] for found in test["searches"]] == [said]
    asked = sum(source["asked"] for source in read(suite, "a.json")[1]["answers"])
    assert asked < 1200  # of 1,800


BROKEN = """

class Broken(Oracle):
    def respond(self, samples):
        from pytest_emid.models import Response

        for position, sample in enumerate(samples):
            self.asked.append(sample.id)
            yield position, Response("yes")


MODEL = Broken(DATASET)

@pytest.fixture(scope="session")
def emid_model(): return MODEL

def pytest_unconfigure(): print("ASKED", len(MODEL.asked))
"""
SMOKE = """
import pytest
from pytest_emid import assert_information_retained

@pytest.mark.parametrize("shift", ["keyboard:3", "frost:1", "frost:5"])
def test_it(measure_emid, shift):
    assert_information_retained(measure_emid(shift), 0.9)
"""


def test_a_broken_model_is_asked_sixty_questions(suite: pytest.Pytester) -> None:
    suite.makeconftest(CONFTEST + BROKEN)
    suite.makepyfile(test_it=SMOKE)
    result = suite.runpytest("--emid-smoke", "-s", "-pno:xdist")
    result.assert_outcomes(failed=3)
    said = (
        "*oracle is plainly broken: of clean, all 60 answers are 'yes'. Nothing more was asked (--emid-smoke). Look at "
        "the model, its chat template and its server; without the option it is measured as it is."
    )
    result.stdout.fnmatch_lines([said, said, said])
    assert "ASKED 60" in result.stdout.str()


ORDERS = """
from pytest_emid import Sample, Dataset, assert_metric_retained, assert_right_in_all_orders, shifts
import pytest

@pytest.fixture(scope="session")
def emid_dataset():
    from conftest import DATASET
    options = "A. this\\nB. that\\nC. nothing"
    return Dataset("choices", [s.with_(question=f"{s.question}\\n{options}") for s in DATASET])

def right_in_all(result):
    return assert_right_in_all_orders([result], 0.01, "exact", undecided="warn")

def test_helper(measure_emid):
    result = measure_emid("option_rotation:1")
    assert right_in_all(result).estimate.n == 300
    assert_metric_retained(result, "exact", 0.01)
"""


def test_a_gate_on_orders_takes_all_samples_though_a_helper_asks_it(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(test_it=ORDERS)
    pytester.runpytest("--emid-stop-early").assert_outcomes(passed=1)
