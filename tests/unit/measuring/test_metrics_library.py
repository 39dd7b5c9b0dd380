"""Metrics of the library against values worked out by hand, and what is refused."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from pytest_emid import metrics
from pytest_emid.measuring.metrics.base import MetricError
from pytest_emid.measuring.metrics.registry import LIBRARY, as_metrics, library_metric
from pytest_emid.measuring.metrics.scoring import Case, scored

ABC = SimpleNamespace(id="q", question="Which animal?\nA. dog\nB. cat\nC. bird")
ROW = SimpleNamespace(id="q", question="Which? (A) dog (B) cat")


@pytest.mark.parametrize(
    ("name", "response", "references", "sample", "value"),
    [
        ("exact", "(B)", ["b."], None, 1.0),
        ("exact", "12.0", ["twelve"], None, 1.0),
        ("exact", "", [""], None, 0.0),
        ("exact", "a dark red dog", ["red dog"], None, 0.0),
        ("exact", "crimson", ["red", "Crimson"], None, 1.0),
        ("contains", "It is a dark red dog.", ["red dog"], None, 1.0),
        ("contains", "predictable", ["red"], None, 0.0),
        ("multiple_choice", "B) cat, as it has whiskers", ["B"], ABC, 1.0),
        ("multiple_choice", "Cat.", ["B"], ABC, 1.0),
        ("multiple_choice", "B", ["cat"], ABC, 1.0),
        ("multiple_choice", "dog", ["B"], ROW, 0.0),
        ("multiple_choice", "A or B", ["A"], ABC, 0.0),
        ("multiple_choice", "(a)", ["A"], SimpleNamespace(id="q", question="Which?"), 1.0),
        ("numeric", "The total is 1,250.50 in all", ["1250.5"], None, 1.0),
        ("numeric", "3 or 4", ["3"], None, 0.0),
        ("numeric", "none", ["3"], None, 0.0),
        ("numeric", "-3", ["3"], None, 0.0),
        ("anls", "HELLO  world", ["hello world"], None, 1.0),
        ("anls", "hell", ["hello"], None, 0.8),
        ("anls", "xyz", ["hello"], None, 0.0),
        ("anls", "hell", ["x", "hello"], None, 0.8),
        ("character_accuracy", "hell", ["hello"], None, 0.8),
        ("character_accuracy", "far too long for it", ["it"], None, 0.0),
        ("token_f1", "red dog", ["the red big dog"], None, 0.8),
        ("token_f1", "", ["red"], None, 0.0),
        ("vqa", "2", ["2", "2", "2", "3", "3", "3", "3", "3", "3", "3"], None, 0.9),
        ("vqa", "2", ["2"] * 4 + ["3"] * 6, None, 1.0),
        ("vqa", "4", ["2"] * 10, None, 0.0),
        ("chrf", "a red dog", ["blue", "a red dog"], None, 1.0),
        ("bleu", "the cat sat on the mat", ["the cat sat on the mat"], None, 1.0),
    ],
)
def test_values(name, response, references, sample, value):
    assert library_metric(name)(response, references, sample) == pytest.approx(value, abs=1e-12)


def test_chrf_and_bleu_are_those_of_sacrebleu():
    from sacrebleu import sentence_chrf

    said, known = "a red dog on grass", ["a brown dog on the grass", "one dog"]
    assert metrics.chrf(said, known) == pytest.approx(sentence_chrf(said, known).score / 100, abs=1e-12)
    assert 0.0 < metrics.bleu(said, known) < 1.0


@pytest.mark.parametrize("name", LIBRARY)
def test_every_metric_is_reached_by_name_and_lies_between_0_and_1(name):
    for said in ("", "7", "a red dog", "Ωmega ７"):
        assert 0.0 <= getattr(metrics, name)(said, ["7", "a dog"], ABC) <= 1.0


LIST = ", ".join(LIBRARY)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: library_metric("exakt"),
            f"there is no metric 'exakt'. Did you mean 'exact'? The library has {LIST}; one of your own goes into the "
            "fixture emid_metrics, a dict of name to function (response, references, sample) -> float.",
        ),
        (
            lambda: library_metric("cer"),
            "there is no metric 'cer'. An error rate is no metric here, for more is better: character_accuracy is 1 - "
            f"CER. The library has {LIST}; one of your own goes into the fixture emid_metrics, a dict of name to "
            "function (response, references, sample) -> float.",
        ),
        (lambda: as_metrics(3), "emid_metrics is a dict of name to function, or names of library metrics, not int."),
        (lambda: as_metrics({"a b": len}), "emid_metrics: 'a b' is no name of a metric. Use letters, figures and _."),
        (
            lambda: as_metrics({"emid": len}),
            "emid_metrics: 'emid' is the name of a measure already. Call the metric something else.",
        ),
        (
            lambda: as_metrics({"mine": 3}),
            "emid_metrics: 'mine' is a int, not a function (response, references, sample) -> float, nor the name of a "
            "library metric.",
        ),
        (
            lambda: metrics.numeric("3", ["three or 4 or 5"]),
            "no reference holds exactly one number: 'three or 4 or 5'.",
        ),
        (
            lambda: metrics.numeric("3", ["3"], relative=-0.1),
            "a tolerance is a number from 0 up, not -0.1 or 1e-09.",
        ),
    ],
)
def test_refused(call, message):
    with pytest.raises(MetricError) as caught:
        call()
    assert str(caught.value) == message


def test_a_missing_package_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "rapidfuzz.distance", None)
    with pytest.raises(MetricError) as caught:
        metrics.anls("a", ["a"])
    assert str(caught.value) == (
        "the metric 'anls' needs rapidfuzz, which is not installed: pip install 'pytest-emid[metrics]'"
    )


def raising(*_):
    raise KeyError("x")


def counting():
    state = iter(range(10**6))
    return lambda *_: float(next(state))


@pytest.mark.parametrize(
    ("metric", "message"),
    [
        (raising, "the metric 'mine' raised KeyError for sample 's0', whose answer is 'a0': 'x'"),
        (
            lambda *_: float("nan"),
            "the metric 'mine' gave nan for sample 's0'. It must return a finite number; leave samples that cannot be "
            "scored out of the dataset.",
        ),
        (
            lambda *_: None,
            "the metric 'mine' gave None for sample 's0'. It must return a finite number; leave samples that cannot be "
            "scored out of the dataset.",
        ),
        (
            lambda *_: [1.0],
            "the metric 'mine' gave a list for sample 's0'. It must return a finite number; leave samples that cannot "
            "be scored out of the dataset.",
        ),
        (
            lambda response, *_: response == "a0",
            "the metric 'mine' gave the truth value True for sample 's0'. Return float(...): 1.0 or 0.0.",
        ),
        (
            counting(),
            "the metric 'mine' gave 8 for sample 's8', and 10 when asked again: a metric must depend on its arguments "
            "only, not on order or chance.",
        ),
    ],
)
def test_a_metric_that_is_none(metric, message):
    cases = [Case(f"a{i}", ["a"], SimpleNamespace(id=f"s{i}")) for i in range(10)]
    with pytest.raises(MetricError) as caught:
        scored("mine", metric, cases)
    assert str(caught.value) == message


def test_a_numpy_truth_value_and_array_are_refused_and_a_numpy_number_is_not():
    import numpy as np

    case = [Case("a", ["a"], SimpleNamespace(id="s"))]
    assert scored("mine", lambda *_: np.float32(0.5), case) == (0.5,)
    for value, said in ((np.bool_(True), "the truth value True"), (np.ones(2), "a ndarray")):
        with pytest.raises(MetricError, match=said):
            scored("mine", lambda *_, v=value: v, case)
