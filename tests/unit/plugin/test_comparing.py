"""Two saved runs against each other: as data, in the terminal, as Markdown, and as an exit status."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from emid_factory import make_result

from pytest_emid.__main__ import main
from pytest_emid.measuring.provenance import Provenance
from pytest_emid.measuring.results import EmidResult
from pytest_emid.plugin.baselines import accepted
from pytest_emid.plugin.comparing import compare_runs
from pytest_emid.plugin.ledger import Ledger
from pytest_emid.plugin.reports import json
from pytest_emid.plugin.runs import read_run


def saved(path: Path, *results: EmidResult) -> Path:
    document = {
        "results": [{"key": str(i), **result.to_dict()} for i, result in enumerate(results)],
        "tests": [{"nodeid": "t", "outcome": "passed", "measured": [str(i) for i in range(len(results))]}],
        "problems": [],
        "options": {},
        "complete": True,
    }
    for test in document["tests"]:  # type: ignore[attr-defined]
        test |= {"decisions": [], "expected": False, "direct": True, "attempts": 1}
    json.write(path, document)
    return path


def made(scenario: str, retained: float, model: str = "a", torch: str = "2.13") -> EmidResult:
    result = make_result(
        scenario, retained=retained, n=210, model=model, responses=[f"{model} {i}" for i in range(210)]
    )
    return replace(result, made=Provenance(model=model, versions={"torch": torch}))


@pytest.mark.parametrize(
    ("new", "status", "verdict"),
    [
        ([made("frost:1", 0.9)], 0, "PASS"),
        ([made("frost:1", 0.7, "b")], 1, "FAIL"),
        ([made("frost:1", 0.88, "b")], 2, "UNDECIDED"),
        ([made("fog:1", 0.9)], 2, "UNDECIDED"),
        ([], 2, "UNDECIDED"),
        ([made("frost:1", 0.7, "b"), made("fog:1", 0.9)], 1, "FAIL"),
    ],
)
def test_status(tmp_path: Path, new: list[EmidResult], status: int, verdict: str) -> None:
    old, later = saved(tmp_path / "old.json", made("frost:1", 0.9)), saved(tmp_path / "new.json", *new)
    compared = compare_runs(read_run(old), read_run(later))
    assert (compared.status, str(compared.verdict), compared.to_dict()["verdict"]) == (status, verdict, verdict)
    assert main(["compare", str(old), str(later)]) == status


def test_what_it_says(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = saved(tmp_path / "old.json", made("frost:1", 0.9), made("gone|1:1", 0.9))
    new = saved(tmp_path / "new.json", made("frost:1", 0.7, "b", "2.14"), made("fog:1", 0.9, "b"))
    page = tmp_path / "out.md"
    assert main(["compare", str(old), str(new), "--markdown", str(page)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert " ".join(lines[:2]).startswith("Since the baseline: torch 2.13 -> 2.14. An upgrade or another setting is")
    text = "\n".join(lines)
    assert "at most 2.0 % of retained may be lost" in " ".join(lines)
    assert "not comparable" in text
    assert "the 3 samples that lost most (of 210, 210 answered otherwise):" in text
    assert "gone|1:1 on fake with seed 0 was measured before, and is not any more." in " ".join(lines)
    assert lines[-1] == "regression"
    told = page.read_text("utf-8")
    assert told.startswith("### Robustness: regression\n")
    assert "| scenario | n | lost [interval] | beyond clean data [interval] | right/wrong | verdict |" in told
    assert "| frost:1 | 210 |" in told
    assert "gone\\|1:1" in told


def test_a_file_that_is_no_run_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", str(tmp_path / "a"), str(tmp_path / "b")]) == 2
    assert capsys.readouterr().err.startswith("python -m pytest_emid compare: cannot read the run ")


def test_a_page_is_written_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old, new = (
        saved(tmp_path / "old.json", made("frost:1", 0.9)),
        saved(tmp_path / "new.json", made("frost:1", 0.7, "b")),
    )
    out = tmp_path / "deep" / "compared.html"
    assert main(["compare", str(old), str(new), "--html", str(out)]) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "regression"
    text = out.read_text("utf-8")
    assert text.startswith("<!doctype html>")
    assert "1 of 1 scenario regressed. Worst: frost:1, which lost " in text
    assert "<del>a</del><ins>b</ins>" in text


def test_a_baseline_of_fewer_samples_than_before_says_so(tmp_path: Path) -> None:
    old = saved(tmp_path / "old.json", made("frost:1", 0.9), made("fog:1", 0.9))
    book = Ledger()
    early = make_result("frost:1", n=60, model="a")
    book.restore(read_run(saved(tmp_path / "new.json", early, made("fog:1", 0.8))).document)
    lines = {line.partition(":1")[0]: line for line in accepted(book.document(), book, old, "so", "1")[1]}
    assert lines["frost"].endswith("%, on 60 samples in place of 210")
    assert lines["fog"].endswith("%")
