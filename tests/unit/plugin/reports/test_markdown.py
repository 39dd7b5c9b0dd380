"""The summary in Markdown, under a real renderer and within what GitHub takes; annotations likewise."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from emid_factory import make_result

from pytest_emid.measuring.results import Estimate
from pytest_emid.measuring.verdicts import Decision, Direction, Verdict
from pytest_emid.plugin.ledger import Row
from pytest_emid.plugin.reports.columns import columns
from pytest_emid.plugin.reports.github import MOST, annotated, append
from pytest_emid.plugin.reports.markdown import COMMENT, SUMMARY, code, summary

markdown_it = pytest.importorskip("markdown_it", reason="comes with the Hub's client; nothing else needs it")

HOSTILE = (
    "<script>alert(1)</script>",
    "</code></td><img src=x onerror=alert(1)>",
    "a | b || `c` ``d``",
    "@octocat closes #1 https://evil.example [x](javascript:alert(1))",
    "line\nbreak\r\n| x |",
    "`" * 9,
    "\u202ereversed\ud83d\x00",
    "</details>",
    "",
)


def row(i: int = 0, verdict: Verdict = Verdict.FAIL, answers: tuple[str, ...] = HOSTILE) -> Row:
    scenario = f"{answers[i % len(answers)]}:{i}"
    result = make_result(scenario, retained=0.6, responses=[answers[j % len(answers)] for j in range(90)])
    decision = Decision(
        "information retained",
        verdict,
        scenario,
        result.information_retained,
        0.9,
        Direction.ABOVE,
        0,
        "The whole interval is below the threshold.",
    )
    return Row(f"{i:016x}", result, (decision,), (f"tests/test_x.py::test_x[{i}]",), ())


def test_what_is_undefined_is_no_number() -> None:
    nan = float("nan")
    none = Estimate(nan, nan, nan, nan, 90, 30)
    result = replace(row().result, information_retained=none, emid_share=none)
    nothing = Row("0", result, (), (), ())
    markdown = summary([nothing], [], COMMENT)
    assert "| undefined | " in markdown
    assert "nan" not in markdown
    assert "nan" not in "".join(columns([nothing], 0)["EMID [interval]"])


def rendered(text: str) -> str:
    html: str = markdown_it.MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(text)
    return html


@pytest.mark.parametrize("i", range(len(HOSTILE)))
def test_texts_of_a_model_stay_texts(i: int) -> None:
    html = rendered(summary([row(i)], [HOSTILE[i]], COMMENT))
    tags = set(re.findall(r"</?([a-z0-9]+)", html))
    assert tags <= {
        "h3",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "code",
        "details",
        "summary",
        "p",
        "strong",
        "blockquote",
    }
    outside = re.sub(r"<code>.*?</code>", "", html, flags=re.DOTALL)
    assert "octocat" not in outside
    assert "evil" not in outside
    tables = re.findall(r"<table>.*?</table>", html, re.DOTALL)
    assert [table.count("<td>") for table in tables] == [5, 15]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_code_span_is_one(text: str) -> None:
    html = rendered(f"| a |\n| --- |\n| {code(text)} |\n")
    assert html.count("<td>") == 1
    assert html.count("<code>") == 1


@pytest.mark.parametrize("most", [COMMENT, SUMMARY, 2_000])
def test_a_summary_is_no_longer_than_what_is_taken(most: int) -> None:
    rows = [row(i, answers=("x" * 5_000,)) for i in range(61)]
    text = summary(rows, ["y" * 10_000] * 50, most)
    assert len(text.encode()) <= most
    assert ("left out" in text) == (most < SUMMARY)
    rendered(text)


def test_the_summary_of_a_step_leaves_room_for_what_others_wrote(tmp_path: Path) -> None:
    path = tmp_path / "summary.md"
    append(path, [row()], [])
    append(path, [row()], [])
    assert path.read_text(encoding="utf-8").count("### Robustness under shift: 1 FAIL") == 2
    path.write_text("x" * (SUMMARY - 5_000))
    append(path, [row(i, answers=("x" * 400,)) for i in range(61)], [])
    assert SUMMARY - 5_000 < path.stat().st_size <= SUMMARY
    path.write_text("x" * SUMMARY)
    append(path, [row()], [])
    assert path.stat().st_size == SUMMARY


def report(i: int, line: int = 41) -> SimpleNamespace:
    crash = SimpleNamespace(path="tests/test_x.py", lineno=line)
    return SimpleNamespace(
        nodeid=f"tests/test_x.py::test_x[{i}]",
        location=("tests/test_x.py", 7, "test_x"),
        longrepr=SimpleNamespace(reprcrash=crash),
    )


def test_annotations_stand_at_the_failing_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    (line,) = annotated([report(0)], [row(0, answers=("a: 5%, b",))], [], tmp_path / "sub")
    assert line.startswith(
        "::error file=sub/tests/test_x.py,line=41,title=FAIL a%3A 5%25%2C b%3A0%3A retained >= 90 %25::"
        "FAIL: information retained under a: 5%25, b:0 is 60."
    )
    assert "%0AThe whole interval is below the threshold." in line


def test_a_gate_that_failed_no_test_is_a_warning(tmp_path: Path) -> None:
    (line,) = annotated([], [row(verdict=Verdict.UNDECIDED)], [], tmp_path)
    assert line.startswith("::warning title=UNDECIDED ")


def test_there_are_never_more_annotations_than_are_shown(tmp_path: Path) -> None:
    failing = [row(i) for i in range(30)]
    lines = list(annotated([report(i) for i in range(30)], failing, ["a problem\nof two lines"], tmp_path))
    assert len(lines) == MOST
    assert lines[0] == "::error title=pytest-emid::a problem%0Aof two lines"
    assert lines[-1] == "::error title=pytest-emid::22 more: see the job's summary."
    assert all("\n" not in line and line.startswith("::error ") for line in lines)


def test_a_known_weakness_is_not_annotated(tmp_path: Path) -> None:
    known = row()
    assert list(annotated([report(0)], [known._replace(expected=known.decisions)], [], tmp_path)) == []
