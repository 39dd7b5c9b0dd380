"""Samples that a model fails on, and what is measured without them."""

from __future__ import annotations

import pytest
from oracle_world import Oracle, Shout, judge_of_length, measurer

from pytest_emid.cache import Cache
from pytest_emid.data import Dataset, scenes_dataset
from pytest_emid.errors import ModelError
from pytest_emid.measuring.metrics.registry import as_metrics
from pytest_emid.models.base import Outcome, Response


def test_samples_that_fail_are_left_out_of_both_sides_and_asked_again_by_the_next_run():
    dataset, cache = scenes_dataset(66), Cache(None)
    bad = dataset.ids[4:8]
    found = measurer(dataset, Oracle(dataset, fail=bad), cache=cache).measure(Shout())
    said = (
        f"4 of 66 samples of 'shout' could not be answered and are left out, of both sides where they are paired "
        f"({bad[0]}: out of order; {bad[1]}: out of order; {bad[2]}: out of order; ...). The next run asks for them "
        "again"
    )
    assert found.clean.n == found.shifted.n == 62
    assert f"{said}; allowed are 5%, --emid-allow-problems: no gate passes." in [
        each.reason for each in found.obstacles
    ]
    rest = Dataset(dataset.name, [sample for sample in dataset if sample.id not in bad])
    alone = measurer(rest, Oracle(dataset, fail=bad), cache=cache).measure(Shout())
    assert found.emid == alone.emid
    allowing = measurer(dataset, Oracle(dataset, fail=bad), cache=cache, allow_problems=0.1).measure(Shout())
    assert (allowing.obstacles, allowing.remarks[0]) == (alone.obstacles, f"{said}.")
    again = Oracle(dataset)
    again.fingerprint = Oracle(dataset, fail=bad).fingerprint
    assert measurer(dataset, again, cache=cache).measure(Shout()).clean.n == 66
    assert len([1 for _, question in again.asked if question.isupper()]) == 4


def test_a_model_that_fails_on_most_samples_is_broken():
    dataset = scenes_dataset(30)
    bad = dataset.ids[4:24]
    with pytest.raises(ModelError) as caught:
        measurer(dataset, Oracle(dataset, fail=bad)).measure(Shout())
    assert str(caught.value) == (
        f"oracle failed on 20 of 30 samples of 'shout' ({bad[0]}: out of order; {bad[1]}: out of order; {bad[2]}: out "
        "of order; ...). The answers to the others are cached, so that only these are asked again."
    )


class Moody(Oracle):
    """Fails on other samples under each shift, and is wrong about some clean ones."""

    def __init__(self, dataset, failing):
        super().__init__(dataset, wrong=0.3)
        self.failing, self.fingerprint = failing, f"moody:{sorted(failing)}"

    def respond(self, samples):
        for position, response in super().respond(samples):
            sample = samples[position]
            clean = (sample.id, sample.question) in self.questions
            if sample.id in self.failing.get(sample.question[-1], ()):
                yield position, Response("", Outcome.FAILED, "out of order")
            elif clean and int(sample.id[6:12]) % 3 == 0:
                yield position, Response("Something else.")
            else:
                yield position, response


class Ask(Shout):
    def __init__(self, mark):
        self.mark, self.id = mark, f"ask{ord(mark)}"

    def apply(self, dataset, seed):
        name = f"asked {self.mark}"
        return dataset.map(name, lambda s: s.with_(question=s.question.upper() + self.mark), f"{self.id}:{seed}")


def test_metrics_and_judgements_of_the_clean_side_are_those_of_the_samples_that_are_left():
    dataset = scenes_dataset(66)
    failing = {"!": dataset.ids[4:5], "#": dataset.ids[30:31]}
    model, judge = Moody(dataset, failing), judge_of_length()
    options = {"metrics": as_metrics("exact,token_f1", "a test"), "judge": judge, "cache": Cache(None)}
    whole = measurer(dataset, model, **options)
    for mark in ("!", "#", "?"):
        found = whole.measure(Ask(mark))
        rest = Dataset(dataset.name, [sample for sample in dataset if sample.id not in failing.get(mark, ())])
        alone = measurer(rest, model, **options).measure(Ask(mark))
        assert found.clean.n == len(rest)
        assert found.metrics == alone.metrics
        assert found.judged == alone.judged
