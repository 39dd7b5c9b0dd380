"""The examples of docs/how-to/metrics.md, run as they stand."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.usefixtures("loaded", "warm")

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "metrics.md"
BLOCKS = re.findall(r"```(python|ini)\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)


def test_the_examples_run(pytester: pytest.Pytester) -> None:
    test, conftest = (text for kind, text in BLOCKS if kind == "python")
    (ini,) = (text for kind, text in BLOCKS if kind == "ini")
    pytester.makepyfile(test_as_documented=test)
    # scenes hold few numbers: the metric of the page is made, and another one measured
    pytester.makeconftest(conftest.replace('{"within_5_percent": partial(metrics.numeric, relative=0.05), ', "{"))
    pytester.makefile(".ini", pytest=ini)
    run = pytester.runpytest("-p", "no:xdist", "--emid-model=tiny-llava", "--emid-dataset=scenes", "--emid-limit=60")
    run.assert_outcomes(passed=1)
