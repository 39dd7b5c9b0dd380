"""Results in notebooks, and as tables."""

from __future__ import annotations

import builtins
from html import unescape
from typing import Any

import pytest
from emid_factory import make_result

from pytest_emid import Results
from pytest_emid.errors import EmidError

RESULTS = Results(make_result(f"blur:{level}", retained=1.0 - level / 10) for level in (1, 3))
EVIL = "</script><script>alert('x')</script>"


def test_a_result_shows_its_page_in_a_frame_of_its_own() -> None:
    shown = RESULTS[0]._repr_html_()
    assert shown.startswith('<iframe title="Robustness under blur:1" sandbox="allow-scripts" style=')
    page = unescape(shown.partition('srcdoc="')[2])
    assert page.startswith("<!doctype html>")
    assert "blur:1" in page
    assert "blur:3" not in page
    both = unescape(RESULTS._repr_html_())
    assert "blur:1" in both
    assert "blur:3" in both


def test_what_a_model_answers_stays_text() -> None:
    shown = make_result(responses=[EVIL] * 90)._repr_html_()
    assert shown.count("<") == 2  # the frame's own
    assert EVIL not in unescape(shown)


def test_one_row_a_scenario_and_one_row_a_sample() -> None:
    pandas = pytest.importorskip("pandas")
    table = RESULTS.to_frame()
    assert isinstance(table, pandas.DataFrame)
    assert list(table["scenario"]) == ["blur:1", "blur:3"]
    assert list(table["retained"]) == [float(result.information_retained) for result in RESULTS]
    assert (table["retained_low"] < table["retained"]).all()
    samples = RESULTS[1].to_frame()
    assert len(samples) == 90
    assert list(samples["answer_shifted"]) == [record.response for record in RESULTS[1].shifted.records]
    assert samples["information_shifted"].mean() == pytest.approx(RESULTS[1].shifted.information.value)
    unpaired = make_result(paired=False).to_frame()
    assert "answer_clean" not in unpaired
    assert "answer_shifted" in unpaired


def test_without_pandas_it_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def refuse(name: str, *rest: Any) -> Any:
        if name == "pandas":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(EmidError) as error:
        RESULTS.to_frame()
    assert str(error.value) == "to_frame makes a table of pandas, which is not installed: pip install pandas."
