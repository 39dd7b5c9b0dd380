"""Whole suites against a server that knows every answer, and spoils them as public reports say: the right verdicts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from oracle_server import SORRY, SPOILS, oracle
from seeded_vectors import ENCODER

from pytest_emid import shifts
from pytest_emid.data import scenes_dataset

pytest.importorskip("openai")

SHIFT = "defocus_blur:3"
CONFTEST = (
    """
import numpy as np
import pytest
import pytest_emid
from pytest_emid.data import scenes_dataset


@pytest.fixture(scope="session")
def emid_dataset():
    return scenes_dataset(60)


@pytest.fixture(scope="session")
def emid_calibration():
    return scenes_dataset(120, stream="calibration")


"""
    + ENCODER
    + """

class Pixels:
    # Sees the pictures: a shifted one stays close to its own clean one.

    name = fingerprint = "pixels"

    def encode(self, items):
        rows = np.array([np.asarray(item.convert("RGB").resize((16, 16)), dtype=np.float32).ravel() for item in items])
        rows -= rows.mean(axis=1, keepdims=True)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.fixture(scope="session")
def emid_encoders():
    return pytest_emid.Encoders(Pixels(), Encoder())
"""
)
TEST = """
import pytest
from pytest_emid import assert_information_retained, models


@pytest.fixture(scope="session")
def emid_model():
    return models.load("openai:gpt-4o", base_url={url!r}, revision="1", system={mode!r}, concurrency=4, retries=0{more})


{marker}
def test_it(measure_emid):
    assert_information_retained(measure_emid({shift!r}), 0.9)
"""
MORE = {"fallback_named": ("fallback", ', served_as="gpt-4o-mini"'), "mixed_any": ("mixed", ", any_version=True")}
MARKERS = {"refused_allowed": ("refused_both", '@pytest.mark.emid(allow_problems="refused=50%")')}

NOT_THE_SHIFT = "That is not the shift's fault, and what the shift does cannot be told from it: no gate passes."
REFUSED = "Refused: the model, or a filter before it, declined; see what it says. "
TRUNCATED = "Truncated: the limit of tokens was reached; raise it, or have the model think less. "
EMPTY = "Empty: no text came back; look at the chat template, stop words and what becomes of reasoning. "


def too_many(clean: str, shifted: str, causes: str) -> str:
    return (
        f"Too many answers are none (clean, 60 answers: {clean}; shifted, 60 answers: {shifted}; allowed are 5%, "
        f"--emid-allow-problems). {causes}{NOT_THE_SHIFT}"
    )


def several(clean: str, shifted: str, dated: str) -> str:
    return (
        f"Several models answered for one (clean answers by {clean}; shifted answers by {shifted}): what differs may "
        f"be theirs, not the shift's work. Ask one of them by its full name, such as {dated!r}, at one provider, and "
        "all of it anew (--emid-cache=refresh); or, where they are the same, say any_version=True of the model."
    )


def in_prose(sides: str) -> str:
    return (
        f"{sides} read like refusals or error messages ({SORRY!r}), though they came as answers; allowed are "
        f"5%, --emid-allow-problems. {NOT_THE_SHIFT}"
    )


NONE, TWO_IN_FIVE = "0 refused, 0 truncated, 0 empty", "24 refused, 0 truncated, 0 empty"
EXPECTED: dict[str, tuple[str, str]] = {
    "oracle": ("PASS", ""),
    "dated": ("PASS", ""),
    "fallback_named": ("PASS", ""),
    "mixed_any": ("PASS", ""),
    "refused_allowed": ("PASS", ""),
    "think": ("FAIL", ""),
    "think_well": ("PASS", ""),
    "one_null": ("PASS", ""),
    "one_403": ("PASS", ""),
    "one_400": ("UNDECIDED", ""),  # 59 samples are left, and a gate passes from 60 up
    "mixed": (
        "UNDECIDED",
        several(
            "gpt-4o-2024-05-13 (fingerprint fp_clean)",
            "gpt-4o-2024-11-20 (fingerprint fp_shifted)",
            "gpt-4o-2024-05-13",
        ),
    ),
    "mixed_within": (
        "UNDECIDED",
        several(*["gpt-4o (provider A) (30), gpt-4o (provider B) (30)"] * 2, "gpt-4o"),
    ),
    "refused_both": ("UNDECIDED", too_many(TWO_IN_FIVE, TWO_IN_FIVE, REFUSED)),
    "refused_all": ("UNDECIDED", too_many(*["60 refused, 0 truncated, 0 empty"] * 2, REFUSED)),
    "empty_both": ("UNDECIDED", too_many(*["0 refused, 0 truncated, 24 empty"] * 2, EMPTY)),
    "empty_shifted": ("FAIL", too_many(NONE, "0 refused, 0 truncated, 24 empty", EMPTY)),
    "truncated": ("UNDECIDED", too_many(*["0 refused, 60 truncated, 0 empty"] * 2, TRUNCATED)),
    "apology": ("FAIL", in_prose("24 of 60 shifted answers")),
    "apology_both": ("UNDECIDED", in_prose("24 of 60 clean answers and 24 of 60 shifted answers")),
}


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """One run of one suite, with one test for each kind of spoiling."""
    folder = tmp_path_factory.mktemp("suite")
    clean = scenes_dataset(60)
    (folder / "pytest.ini").write_text("[pytest]")
    (folder / "conftest.py").write_text(CONFTEST)
    with oracle([("clean", clean), ("shifted", shifts.parse(SHIFT).apply(clean, seed=0))]) as server:
        for name in [*SPOILS, *MORE, *MARKERS]:
            mode, more = MORE.get(name, (name, ""))
            mode, marker = MARKERS.get(name, (mode, ""))
            test = TEST.format(url=server.url, mode=mode, more=more, marker=marker, shift=SHIFT)
            (folder / f"test_{name}.py").write_text(test)
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "no:xdist",
            "-p",
            "no:cacheprovider",
            "--emid-json=report.json",
        ]
        run = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, env={**environment(), "COLUMNS": "900"}
        )
    document: dict[str, Any] = json.loads((folder / "report.json").read_text("utf-8"))
    tests = {Path(test["nodeid"].partition("::")[0]).stem.removeprefix("test_"): test for test in document["tests"]}
    results = {result["key"]: result for result in document["results"]}
    return {"said": run.stdout, "tests": tests, "results": results}


def environment() -> dict[str, str]:
    root = str(Path(__file__).parents[2])
    return {**os.environ, "OPENAI_API_KEY": "canary-4711-secret", "PYTHONPATH": root}


@pytest.mark.parametrize("name", EXPECTED)
def test_the_verdict_and_its_reason(report: dict[str, Any], name: str) -> None:
    verdict, reason = EXPECTED[name]
    (decision,) = report["tests"][name]["decisions"]
    (key,) = report["tests"][name]["measured"]
    found = report["results"][key]
    assert decision["verdict"] == verdict
    assert [obstacle["reason"] for obstacle in found["obstacles"]] == ([reason] if reason else [])
    if reason:
        assert found["remarks"][0] == reason
        assert f"  remark     {reason}" in report["said"]
        assert verdict == "FAIL" or reason in decision["reason"]
    assert not [remark for remark in found["remarks"][1:] if "suspect" in remark and "Too many" in reason]


def test_every_kind_is_expected(report: dict[str, Any]) -> None:
    assert set(EXPECTED) | {"fallback"} == set(report["tests"]) == {*SPOILS, *MORE, *MARKERS}


def test_another_model_ends_the_run(report: dict[str, Any]) -> None:
    assert report["tests"]["fallback"]["outcome"] == "failed"
    assert not report["tests"]["fallback"]["measured"]
    assert (
        "model 'gpt-4o': it answers as 'gpt-4o-mini-2024-07-18', another model than 'gpt-4o'. "
        "Give served_as='gpt-4o-mini-2024-07-18' if they are the same."
    ) in report["said"]


def test_counts_stand_in_the_summary_the_failure_and_the_report(report: dict[str, Any]) -> None:
    counted = f"clean: {NONE}; shifted: 0 refused, 0 truncated, 24 empty"
    assert f"  answers    {counted}" in report["said"]
    assert f"\n{SHIFT}: {counted}\n" in report["said"]
    (key,) = report["tests"]["empty_shifted"]["measured"]
    found = report["results"][key]
    assert found["clean"]["outcomes"] == {"ok": 60}
    assert found["shifted"]["outcomes"] == {"empty": 24, "ok": 36}


def test_what_is_left_out_and_what_was_thought_is_said(report: dict[str, Any]) -> None:
    (left_out,), (thought,) = (report["tests"][name]["measured"] for name in ("one_400", "think"))
    assert report["results"][left_out]["remarks"][0].startswith(
        f"1 of 60 samples of {SHIFT!r} could not be answered and are left out, of both sides where they are paired ("
    )
    assert len(report["results"][left_out]["clean"]["records"]) == 59
    assert (
        "60 of 60 clean and 60 of 60 shifted answers came with reasoning, which is kept with them and takes no part in "
        "what is measured."
    ) in report["results"][thought]["remarks"]


def test_who_answered_stands_in_the_report(report: dict[str, Any]) -> None:
    (key,) = report["tests"]["dated"]["measured"]
    found = report["results"][key]
    assert found["clean"]["served"] == found["shifted"]["served"] == {"gpt-4o-2024-08-06": 60}
    assert {record["served"] for record in found["clean"]["records"]} == {"gpt-4o-2024-08-06"}
    assert "), answered by gpt-4o-2024-08-06, dataset" in report["said"]
