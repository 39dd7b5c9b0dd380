"""`--emid-encoders=auto` where the paper's pair is out of reach."""

from __future__ import annotations

import html
import json

import pytest

pytestmark = pytest.mark.usefixtures("loaded", "warm")

CONFTEST = """
import pytest
from PIL import Image
import pytest_emid
from pytest_emid.models import RecordedModel

SAMPLES = [
    pytest_emid.Sample(str(i), Image.new("RGB", (8, 8), (5 * i, 90, 255 - 5 * i)), f"Which of {i}?", f"Number {i % 7}.")
    for i in range(30)
]

@pytest.fixture(scope="session")
def emid_dataset():
    return pytest_emid.Dataset("mine", SAMPLES)

@pytest.fixture(scope="session")
def emid_model():
    return RecordedModel({sample.id: f"Number {i % 5}." for i, sample in enumerate(SAMPLES)})
"""
TEST = "def test_x(measure_emid): measure_emid('gaussian_noise:3')"


def test_offline_the_built_in_pair_stands_in_and_reports_say_so(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(pytester.path / "empty"))
    monkeypatch.setenv("COLUMNS", "400")
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(TEST)
    run = pytester.runpytest("-p", "no:xdist", "--emid-json=out.json", "--emid-html=run.html", "--emid-markdown=run.md")
    run.assert_outcomes(passed=1)
    said = (
        "Embedded with the built-in encoders (tiny-clip + tiny-xlm-r), which know drawn scenes and little else: "
        "retained, EMI, EMID and cosine say less about photographs, and are not comparable with those of the "
        "paper's pair; exact match does not suffer."
    )
    assert [line for line in run.stdout.lines if said in line.replace("\n  ", " ")]
    (result,) = json.loads((pytester.path / "out.json").read_text("utf-8"))["results"]
    assert result["encoders"] == "tiny-clip + tiny-xlm-r"
    assert [remark for remark in result["remarks"] if remark.startswith(said)]
    assert (pytester.path / "run.md").read_text("utf-8").count(said) == 1
    page = html.unescape((pytester.path / "run.html").read_text("utf-8"))
    assert page.count(said) == 1
    assert page.index(said) < page.index("<main>")
    named = pytester.runpytest("-p", "no:xdist", "--emid-encoders=paper")
    named.assert_outcomes(failed=1)
    named.stdout.fnmatch_lines(["*ModelError: cannot tell which commit 'openai/clip-vit-base-patch32' is at *"])
