"""`--emid-critic`, `--emid-blind` and `accept_blind=`: which measure is asked, and what it may leave unseen.

The model says left for right under every shift, which the encoder of this project hardly hears.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

SUPPORT = Path(__file__).parents[1] / "support"
PROJECT = f"""
import sys
sys.path.insert(0, {str(SUPPORT)!r})

import pytest
from sentence_world import Grey, Words, dataset, mirrored, right

SET = dataset(75)
ASKED = {{sample.id: (sample.question, answer) for sample, answer in zip(SET, right(SET))}}


class Confused:
    name = "confused"
    fingerprint = "1"

    def respond(self, samples):
        from pytest_emid.models.base import Response
        for position, sample in enumerate(samples):
            question, answer = ASKED[sample.id]
            yield position, Response(answer if sample.question == question else mirrored([answer])[0])


@pytest.fixture(scope="session")
def emid_model():
    return Confused()


@pytest.fixture(scope="session")
def emid_dataset():
    return SET


@pytest.fixture(scope="session")
def emid_calibration():
    return dataset(240, 9, "calibration")


@pytest.fixture(scope="session")
def emid_encoders():
    from pytest_emid.encoders.base import Encoders
    return Encoders(Grey(), Words())
"""
EMID = """
from pytest_emid import assert_emid_below

def test_emid(measure_emid):
    assert_emid_below(measure_emid("keyboard:5"), {threshold})
"""


@pytest.fixture
def confused(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    monkeypatch.setenv("COLUMNS", "120")
    pytester.makeconftest(PROJECT)
    return pytester


def result(project: pytest.Pytester) -> dict[str, Any]:
    document = json.loads((project.path / "out.json").read_text("utf-8"))
    found: dict[str, Any] = document["results"][0]
    return found


def run(project: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return project.runpytest("--emid-json=out.json", "-p", "no:cacheprovider", *arguments)


def test_a_loss_that_the_measure_hardly_sees_does_not_pass(confused: pytest.Pytester) -> None:
    confused.makepyfile(
        test_x="""
        from pytest_emid import assert_emid_below, assert_information_retained

        def test_retained(measure_emid):
            assert_information_retained(measure_emid("keyboard:5"), 0.8)

        def test_emid(measure_emid):
            assert_emid_below(measure_emid("keyboard:5"), "20 %")

        def test_sides_do_not_matter(measure_emid):
            assert_information_retained(measure_emid("keyboard:5"), 0.8, accept_blind={"side"})
            assert_emid_below(measure_emid("keyboard:5"), "20 %", accept_blind={"side"})
        """
    )
    run(confused).assert_outcomes(failed=2, passed=1)
    found = result(confused)
    critic = found["critic"]
    assert (critic["kind"], critic["unit"], critic["candidates"], critic["m"]) == ("witness", "nats", 64, 240)
    assert found["emid"]["unit"] == "nats"
    changed = [r for c, r in zip(found["clean"]["records"], found["shifted"]["records"], strict=True) if c != r]
    assert len(changed) > 60
    assert all(record["contradicts"] == ["side"] for record in changed)
    decisions = json.loads((confused.path / "out.json").read_text("utf-8"))["tests"]
    for entry in decisions:
        accepted = "matter" in entry["nodeid"]
        assert len(entry["decisions"]) == 1 + accepted
        for decision in entry["decisions"]:
            assert decision["verdict"] == ("PASS" if accepted else "UNDECIDED")
            assert ("Answers that contradict their references changed by" in decision["reason"]) is not accepted


def test_the_scale_of_0_1_0_is_there_by_name(confused: pytest.Pytester) -> None:
    confused.makepyfile(test_x=EMID.format(threshold="40.0"))
    run(confused, "--emid-critic=club-ridge").assert_outcomes(passed=1)
    found = result(confused)
    assert (found["critic"]["kind"], found["critic"]["unit"], found["emid"]["unit"]) == (
        "ridge",
        "critic scale",
        "critic scale",
    )
    assert found["emid_share"] is None


def test_a_threshold_of_the_old_scale_is_an_error_in_nats(confused: pytest.Pytester) -> None:
    confused.makepyfile(test_x=EMID.format(threshold="40.0"))
    done = run(confused)
    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines(["E *ValueError: threshold=40.0 is not legal: EMID is in nats, at most 4.16, so that*"])


def test_a_share_needs_nats(confused: pytest.Pytester) -> None:
    confused.makepyfile(test_x=EMID.format(threshold="'10 %'"))
    confused.makeini("[pytest]\nemid_critic = club-ridge\n")
    done = run(confused)
    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines(["E *ValueError: threshold='10 %' is a share, and the critic 'ridge' is not in nats:*"])


def test_the_fixture_comes_before_the_option(confused: pytest.Pytester) -> None:
    confused.makeconftest(PROJECT + "\n\n@pytest.fixture(scope='session')\ndef emid_critic():\n    return 'query'\n")
    confused.makepyfile(test_x=EMID.format(threshold="4"))
    run(confused, "--emid-critic=club-ridge")
    assert result(confused)["critic"]["kind"] == "query"


@pytest.mark.parametrize("name", ["kernel", "paper", "paper:", "club:x"])
def test_other_names_are_refused(confused: pytest.Pytester, name: str) -> None:
    confused.makepyfile(test_x=EMID.format(threshold="4"))
    done = run(confused, f"--emid-critic={name}")
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    done.stderr.fnmatch_lines(
        [f"ERROR: *--emid-critic*{name}* is not legal. Legal: witness, query, club-ridge, club or paper:PATH."]
    )


COLOURS = """
from pytest_emid.data import Dataset
COLOURED = [s.with_(reference=s.reference[:-1] + " that is red.") for s in SET]
SET = Dataset("coloured", COLOURED)
"""
UNSEEN = """
import pytest
from pytest_emid import assert_information_retained

def test_named(measure_emid):
    assert_information_retained(measure_emid("keyboard:5"), 0.9, accept_blind={"side"})

def test_accepted(measure_emid):
    assert_information_retained(measure_emid("keyboard:5"), 0.9, accept_blind={"side", "colour"})

@pytest.mark.emid(blind="name")
def test_marked(measure_emid):
    assert_information_retained(measure_emid("keyboard:5"), 0.9, accept_blind={"side"})
"""


@pytest.mark.parametrize(("blind", "failed"), [("name", 0), ("undecided", 1)])
def test_a_blind_spot_is_named_or_forbids(confused: pytest.Pytester, blind: str, failed: int) -> None:
    """All references state a colour, and no answer does: nothing could tell whether one is wrong."""
    confused.makeconftest(PROJECT.replace("\n\nclass Confused", COLOURS + "\n\nclass Confused"))
    confused.makepyfile(test_x=UNSEEN)
    done = run(confused, f"--emid-blind={blind}")
    done.assert_outcomes(failed=failed, passed=3 - failed)
    assert result(confused)["sight"]["blind"] == ["colour"]
    if failed:
        done.stdout.fnmatch_lines(["*does not see colour (in 100.0 % of the references)*accept_blind={'colour'}.*"])
