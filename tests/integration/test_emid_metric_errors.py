"""Metric functions that give no number: one error with the sample's id, serially and in two processes alike."""

from __future__ import annotations

import pytest

CONFTEST = """
import itertools
import pytest
from pytest_emid import metrics
from pytest_emid.measuring.metrics.scoring import Case, scored

turn = itertools.count()


def raises(response, references, sample):
    raise KeyError("no key")


METRICS = {
    "raises": raises,
    "nan": lambda *_: float("nan"),
    "truth": lambda *_: True,
    "array": lambda *_: __import__("numpy").ones(2),
    "order": lambda *_: float(next(turn)),
}
"""
TESTS = """
import pytest
from conftest import METRICS, Case, scored
from pytest_emid.data import Sample
from PIL import Image

SAMPLES = [Sample(f"s{i}", Image.new("RGB", (2, 2)), "What?", "red") for i in range(10)]


@pytest.mark.parametrize("name", METRICS)
def test_metric(name):
    scored(name, METRICS[name], [Case("blue", ["red"], sample) for sample in SAMPLES])
"""
MESSAGES = (
    "the metric 'raises' raised KeyError for sample 's0', whose answer is 'blue': 'no key'",
    "the metric 'nan' gave nan for sample 's0'. It must return a finite number;",
    "the metric 'truth' gave the truth value True for sample 's0'. Return float(...): 1.0 or 0.0.",
    "the metric 'array' gave a ndarray for sample 's0'. It must return a finite number;",
    "the metric 'order' gave 8 for sample 's8', and 10 when asked again: a metric must depend on its arguments only",
)


@pytest.mark.parametrize("arguments", [("-n0",), ("-n1",)], ids=["serial", "xdist"])
def test_each_is_one_error_with_the_sample_s_id(pytester: pytest.Pytester, arguments: tuple[str, ...]) -> None:
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(test_metrics=TESTS)
    run = pytester.runpytest_subprocess("-p", "no:cacheprovider", *arguments)
    run.assert_outcomes(failed=5)
    text = " ".join(run.stdout.str().replace("\nE ", " ").split())
    for message in MESSAGES:
        assert message in text
