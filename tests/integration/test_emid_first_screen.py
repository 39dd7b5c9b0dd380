"""What a failure says first: verdict, numbers, cause and three samples in a screen, and a line in the short summary."""

from __future__ import annotations

import pytest
from emid_factory import make_result

from pytest_emid import assert_emid_below, assert_information_retained, assert_no_input_drift
from pytest_emid.measuring.verdicts import Decision
from pytest_emid.plugin.config import EmidConfig
from pytest_emid.plugin.ledger import Row
from pytest_emid.plugin.reports.asked import asked, asked_of, short, verdict_word
from pytest_emid.plugin.reports.explain import SCREEN, first_screen

FAILS = """
from pytest_emid import assert_information_retained

def test_x(measure_emid):
    assert_information_retained(measure_emid("blur:60"), 0.9)
"""


def failed(result: object, gate: object = assert_information_retained, threshold: object = 0.9) -> Decision:
    """The decision behind what a gate raises."""
    with pytest.MonkeyPatch.context() as patch:
        kept: list[Decision] = []
        patch.setattr("pytest_emid.plugin.assertions.conclude", lambda decision, *_: kept.append(decision))
        gate(result, threshold)  # type: ignore[operator]
    return kept[0]


def test_the_first_screen_is_short_and_verbose_tells_the_rest(project: pytest.Pytester) -> None:
    project.makepyfile(FAILS)
    first = [line for line in project.runpytest().stdout.lines if line.startswith("E ")]
    assert len(first) <= SCREEN
    assert first[-1] == "E         -v shows bounds, all measures and more samples.".replace("E         ", "E       ")
    assert "E       the 3 samples that contribute most (of 90):" in first
    more = [line for line in project.runpytest("-v").stdout.lines if line.startswith("E ")]
    assert "E       the 5 samples that contribute most (of 90):" in more
    assert any(line.startswith("E       bound: ") for line in more)


def test_everything_at_once_still_fits_a_screen() -> None:
    remarks = tuple(f"Suspect {i}." for i in range(9))
    result = make_result(retained=0.6, remarks=remarks)
    told = first_screen(failed(result), result, EmidConfig(), [1.0] * 90).splitlines()
    assert len(told) == SCREEN
    assert told[0].startswith("FAIL: information retained under defocus_blur:3 is ")
    assert told[1] == "  why        The whole interval is below the threshold."
    assert "  remark     Suspect 0." in told
    assert sum(line.startswith(("1. ", "2. ", "3. ")) for line in told) == 3


def test_samples_are_left_out_where_nothing_changed() -> None:
    result = make_result(retained=1.0, responses=[f"answer {i}" for i in range(90)])
    told = first_screen(failed(result), result, EmidConfig(), [1.0] * 90)
    assert "contribute most" not in told


def test_the_short_summary_keeps_scenario_and_number(project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    project.makepyfile(test_x=FAILS)
    line = "FAILED test_x.py::test_x - FAIL blur:60: retained 60.5 %, asked >= 90 %"
    assert line in project.runpytest().stdout.lines


def test_what_was_asked_in_words() -> None:
    result = make_result("blur:3", retained=0.6, emid=0.2)
    cases = {
        asked(failed(result)): "retained >= 90 %",
        asked(failed(result, threshold=0.855)): "retained >= 85.5 %",
        asked(failed(result, assert_emid_below, 0.05)): "EMID <= 0.05",
        asked(failed(result, assert_no_input_drift, 0.05)): "input drift p >= 0.05",
        short(failed(result, assert_emid_below, 0.05)): "FAIL blur:3: EMID +0.2, asked <= 0.05",
    }
    assert list(cases) == list(cases.values())


def test_gates_are_named_as_far_as_there_is_room() -> None:
    result = make_result(retained=0.97)
    gates = tuple(failed(result, threshold=threshold) for threshold in (0.9, 0.8, 0.7))
    row = Row("key", result, gates, (), ())
    assert verdict_word(row) == "PASS"
    assert asked_of(row) == "retained >= 90 %, retained >= 80 %, retained >= 70 %"
    assert asked_of(row, 40) == "retained >= 90 %, retained >= 80 % +1"
    assert asked_of(row, 4) == "retained >= 90 % +2"
    assert verdict_word(row._replace(decisions=())) == "no gate"
