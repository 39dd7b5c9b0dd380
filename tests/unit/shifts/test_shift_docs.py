"""docs/reference/shifts.md names every built-in shift, and what it shows can be run."""

import re
from pathlib import Path

import pytest

from pytest_emid import shifts
from pytest_emid.shifts.builtin import BUILTIN

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "shifts.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", BUILTIN)
def test_every_shift_is_documented(name: str) -> None:
    assert re.search(rf"^\| .*`{name}`", PAGE, flags=re.MULTILINE), f"docs/reference/shifts.md has no row for {name}"


def test_ids_on_the_page_parse(monkeypatch) -> None:
    monkeypatch.setattr("pytest_emid.shifts.protection._patterns", {})
    exec(re.search(r"`(shifts\.protect\(.*?\))` names", PAGE)[1], {"shifts": shifts})
    ids = re.findall(r"`([a-z_]+(?:\([a-z_=,]+\))?:\d)`", PAGE) + re.findall(
        r'"([a-z_]+(?:\([a-z_=]+\))?:\d[^"]*)"', PAGE
    )
    assert len(ids) >= 6
    for written in ids:
        if "translate" not in written:
            assert str(shifts.parse(written)) == str(shifts.parse(str(shifts.parse(written))))


def test_the_first_example_runs() -> None:
    example = re.search(r"```python\n(from pytest_emid.*?)```", PAGE, flags=re.DOTALL)[1]
    exec(compile(example, "docs/reference/shifts.md", "exec"), {})
    assert len(shifts.joint(shifts.visual("frost"), ["keyboard:1", "synonym:3"])) == 10


def test_the_registration_example_runs() -> None:
    example = re.search(r"```python\n(@shifts.register_visual.*?)```", PAGE, flags=re.DOTALL)[1].replace(
        "    ...\n", ""
    )
    try:
        exec(compile(example, "docs/reference/shifts.md", "exec"), {"shifts": shifts})
        assert shifts.parse("shout:1").apply_text("why") == "WHY!"
        assert [str(s) for s in shifts.visual("dust", colour="brown")] == [f"dust(colour=brown):{i}" for i in (1, 2, 3)]
    finally:
        shifts.unregister("dust")
        shifts.unregister("shout")
