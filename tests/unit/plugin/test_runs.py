"""A saved run comes back as typed objects, or says why it does not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from emid_factory import make_result

from pytest_emid.errors import DataError
from pytest_emid.plugin.reports import json as json_report
from pytest_emid.plugin.runs import read_run


def saved(path: Path, **changes: Any) -> Path:
    result = make_result("frost:3", n=60)
    document = {
        "results": [{"key": "k", **result.to_dict()}],
        "tests": [],
        "problems": ["something is missing"],
        "options": {"seed": 0},
        "complete": True,
    }
    json_report.write(path, document | changes)
    return path


def test_it_comes_back_as_it_was(tmp_path: Path) -> None:
    run = read_run(saved(tmp_path / "run.json", incomplete="interrupted"))
    assert run.results == (make_result("frost:3", n=60),)
    assert (run.rows[0].key, run.options, run.problems) == ("k", {"seed": 0}, ("something is missing",))
    assert (run.incomplete, run.version) == ("interrupted", run.document["version"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "cannot read the run {path}: No such file or directory."),
        ("{", "cannot read the run {path}: Expecting property name"),
        ("[]", "cannot read the run {path}: {path} was not written by --emid-json or --emid-save."),
        (
            json.dumps({"plugin": "pytest-emid", "version": "9.0", "schema_version": 7}),
            "cannot read the run {path}: {path} has schema version 7; this release reads version 3. "
            "Read it with pytest-emid 9.0, or measure again.",
        ),
        (
            json.dumps({"plugin": "pytest-emid", "version": "9.0", "schema_version": 3}),
            "the run {path} is damaged: KeyError: 'results'. Measure again.",
        ),
    ],
)
def test_what_is_none_is_refused(tmp_path: Path, text: str | None, message: str) -> None:
    path = tmp_path / "run.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(DataError) as caught:
        read_run(path)
    assert str(caught.value).startswith(message.format(path=path))
