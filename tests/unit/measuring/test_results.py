from __future__ import annotations

import json
import math
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from emid_factory import estimate, make_result

from pytest_emid.measuring.plain import scrub
from pytest_emid.measuring.provenance import Provenance
from pytest_emid.measuring.results import SCHEMA_VERSION, Bound, EmidResult
from pytest_emid.plugin.reports import json as json_report


def types_in(value: Any) -> set[type]:
    if isinstance(value, dict):
        return set().union(*(types_in(item) for item in value.values()), {type(key) for key in value})
    if isinstance(value, list):
        return set().union(*map(types_in, value)) if value else set()
    return {type(value)}


def rich() -> EmidResult:
    """A result with something in every field."""
    bound = Bound("rigorous", 0.8, "nats", {"answers": 0.5, "range": 0.3}, "Note.", estimate(0.1, unit="nats"))
    return make_result(
        n=60,
        bounds={"rigorous": bound},
        decoded_retained=estimate(0.9, unit="fraction"),
        remarks=("One.", "Two."),
        settings={"seed": "0 (default)"},
        made=Provenance("f1", {"dtype": "auto"}, {"image": "a", "text": "b"}, "c", {"frost:3": "3"}, {"torch": "2.13"}),
    )


@pytest.mark.parametrize("result", [rich(), make_result(n=60, paired=False)], ids=["rich", "unpaired"])
def test_a_result_survives_json(result: EmidResult) -> None:
    again = EmidResult.from_dict(json.loads(json.dumps(result.to_dict())))
    assert again == result


def test_to_dict_holds_plain_types_only() -> None:
    numpy = make_result(n=60, emid=np.float64(0.1), seed=np.int64(3))  # type: ignore[arg-type]
    assert types_in(numpy.to_dict()) <= {str, int, float, bool, type(None)}
    assert numpy.to_dict()["schema_version"] == SCHEMA_VERSION == 3


def test_lone_surrogates_are_replaced() -> None:
    result = make_result(n=60, responses=["\ud83d"] * 60, remarks=("\udfff",), settings={"\ud800": "\ud801"})
    plain = result.to_dict()
    json.dumps(plain, ensure_ascii=False).encode("utf-8")
    assert plain["shifted"]["records"][0]["response"] == "?"
    assert plain["settings"] == {"?": "?"}
    assert scrub("é\ud83d\ude00") == "é??"


def test_another_schema_version_is_refused() -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        EmidResult.from_dict({**make_result(n=60).to_dict(), "schema_version": 1})
    assert str(caught.value) == (
        "this result has schema version 1; this release reads version 3. Read it with the release that wrote it, or "
        "measure again."
    )


def test_counts() -> None:
    result = make_result(n=90, per_cluster=3)
    assert (result.n, result.clusters, result.clean.n) == (90, 30, 90)
    assert (result.emi_clean, result.emi_shifted) == (result.clean.emi, result.shifted.emi)


def poisoned(value: Any, text: str) -> Any:
    """The same structure with every float nan and every text `text`."""
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{f.name: poisoned(getattr(value, f.name), text) for f in fields(value)})
    if isinstance(value, dict):
        return {key: poisoned(item, text) for key, item in value.items()}
    if isinstance(value, tuple):
        return tuple(poisoned(item, text) for item in value)
    if isinstance(value, str):
        return text
    return math.nan if isinstance(value, float) else value


@pytest.mark.parametrize("text", ["nan", "inf", "-inf"])
def test_the_json_report_tells_words_from_numbers(tmp_path: Path, text: str) -> None:
    result = poisoned(rich(), text)
    path = tmp_path / "deep" / "report.json"
    json_report.write(path, {"results": [{"key": "k", **result.to_dict()}], "tests": [], "problems": []})
    assert "NaN" not in path.read_text()
    (again,) = json_report.read(path)
    assert repr(again) == repr(result)  # nan equals nothing, and shows itself


@pytest.mark.parametrize("value", [math.inf, -math.inf, 0.1])
def test_the_json_report_keeps_infinities(tmp_path: Path, value: float) -> None:
    result = replace(rich(), emid=replace(estimate(0.0), low=value), anchored=(value,) * 60)
    path = tmp_path / "report.json"
    json_report.write(path, {"results": [result.to_dict()], "tests": [], "problems": []})
    assert json_report.read(path) == [result]


def test_the_json_report_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    json_report.write(path, {"results": [], "tests": [], "problems": []})
    before = path.read_bytes()
    with pytest.raises(TypeError):
        json_report.write(path, {"results": [object()]})
    assert path.read_bytes() == before
    assert [child.name for child in tmp_path.iterdir()] == ["report.json"]


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([], "{path} was not written by --emid-json or --emid-save."),
        ({"results": []}, "{path} was not written by --emid-json or --emid-save."),
        (
            {"plugin": "pytest-emid", "version": "9.0", "schema_version": 7},
            "{path} has schema version 7; this release reads version 3. "
            "Read it with pytest-emid 9.0, or measure again.",
        ),
    ],
)
def test_another_file_is_refused(tmp_path: Path, document: Any, message: str) -> None:
    path = tmp_path / "other.json"
    path.write_text(json.dumps(document))
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        json_report.read(path)
    assert str(caught.value) == message.format(path=path)
