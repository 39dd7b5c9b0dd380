"""`--help`, `--markers` and `--fixtures` read as documentation."""

from __future__ import annotations

import pytest

from pytest_emid.plugin.config import MARKER_LINE, OPTIONS


def text_of(words: str) -> str:
    return "".join(words.split())


def test_help_documents_every_option_and_ini_value(pytester: pytest.Pytester) -> None:
    text = pytester.runpytest("--help").stdout.str()
    words = " ".join(text.split())
    assert "pytest-emid: robustness of multimodal LLMs under distribution shift:" in text
    for option in OPTIONS:
        assert (f"{option.flag}={option.metavar}" if option.metavar else f"{option.flag} ") in text
        assert f"{option.ini} ({option.ini_type}):" in text
        # pytest breaks lines at hyphens in one of the two places
        assert text_of(words).count(text_of(option.help)) == 2


def test_markers_document_the_marker(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest("--markers")
    result.stdout.fnmatch_lines([f"@pytest.mark.{MARKER_LINE}".replace("[", "[[]")])


def test_fixtures_document_themselves(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest("--fixtures", "-v")
    section = (
        result.stdout.str().partition("fixtures defined from pytest_emid.plugin.provided")[2].partition("-----\n")[2]
    )
    text = section.partition("\n-----")[0]
    for name in ("emid_model", "emid_dataset", "emid_encoders", "emid_calibration", "measure_emid"):
        assert f"\n{name} [session scope] -- " in f"\n{text}"
    words = " ".join(text.split())
    for sentence in (
        "The model under test. Override it in conftest.py, with session scope:",
        "Without an override it is what --emid-model or the ini value emid_model names; tiny-llava is built in.",
        "Override it in conftest.py, with session scope, and return a pytest_emid.Dataset.",
        "Override it to return pytest_emid.encoders.load(...) of your choice.",
        "None for any other: the tested references themselves, which is valid but makes levels optimistic.",
        "Measure the model under a shift: measure_emid(shift, *, limit=None, seed=None, repeat=None) -> EmidResult.",
        "Works from tests and fixtures of any scope;",
        "measure_emid.against(other_model, shift): another model, the same.",
    ):
        assert sentence in words
    assert "no docstring" not in text
