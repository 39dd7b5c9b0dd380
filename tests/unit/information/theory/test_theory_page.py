"""The examples and the tables of docs/explanation/theory.md are true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pytest_emid.information.theory.finite_bounds import counterexample_small_alphabet, published_simplified, rigorous

PAGE = (Path(__file__).parents[4] / "docs" / "explanation" / "theory.md").read_text(encoding="utf-8")


def test_the_example_prints_what_the_page_says(capsys: pytest.CaptureFixture[str]):
    (example,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    exec(compile(example, "docs/explanation/theory.md", "exec"), {})
    assert capsys.readouterr().out.strip() == example.strip().splitlines()[-1].removeprefix("# ")


def test_the_table_of_the_counterexample_holds():
    rows = re.findall(r"\| t = (\S+) \| (\S+) \| (\S+) \| (\S+) \| (\S+) \|", PAGE)
    assert len(rows) == 3
    for t, *figures in rows:
        example = counterexample_small_alphabet(2, float(t))
        published = published_simplified(example)
        values = (example.emid, published, example.emid / published, rigorous(example).value)
        for figure, value in zip(figures, values, strict=True):
            decimals = len(figure.partition(".")[2])
            assert float(figure) == pytest.approx(value, abs=0.5001 * 10**-decimals)
