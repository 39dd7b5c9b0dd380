"""What is asked: told as it is, planned, announced, and stopped."""

from __future__ import annotations

import pytest
from oracle_world import Oracle, Shout, measurer

from pytest_emid.data import scenes_dataset
from pytest_emid.errors import BudgetError, UnavailableError


def test_progress_is_reported():
    dataset = scenes_dataset(30)
    seen = []
    measurer(dataset, Oracle(dataset), progress=lambda *args: seen.append(args)).measure(Shout())
    assert ("shout", 30, 30) in seen
    assert ("clean", 30, 30) in seen


class Stops(Oracle):
    """Raises an error of its choice instead of answer number `after`."""

    def __init__(self, *datasets, error, after):
        super().__init__(*datasets)
        self.error, self.after, self.fingerprint = error, after, "stops"

    def respond(self, samples):
        for answer in super().respond(samples):
            if len(self.asked) > self.after:
                self.asked.pop()
                raise self.error
            yield answer


@pytest.mark.parametrize("kind", [BudgetError, UnavailableError])
def test_what_stops_the_asking_says_what_is_cached(kind):
    dataset = scenes_dataset(30)
    model = Stops(dataset, error=kind("m: nothing more."), after=40)
    measuring = measurer(dataset, model)
    for scenario, cached in (("shout", None), ("clean", 10), ("keyboard:1", 0)):
        with pytest.raises(kind) as caught:
            measuring.measure(Shout() if scenario in ("shout", "clean") else scenario)
        if cached is not None:
            assert str(caught.value) == f"m: nothing more. Of the 30 answers to {scenario!r}, {cached} are cached."
    assert len(model.asked) == 40


def test_a_plan_counts_distinct_answers_and_asks_nothing():
    dataset = scenes_dataset(30)
    model = Oracle(dataset)
    measuring = measurer(dataset, model)
    clean, shifted = measuring.plan(Shout())
    assert (clean.label, shifted.label, clean.kept, len(clean.missing), len(shifted.missing)) == (
        "clean",
        "shout",
        "",
        30 * 16,
        30 * 16,
    )
    assert (clean.seconds_each, clean.priced, model.asked) == (None, False, [])
    measuring._asker.ask(dataset, "clean")
    clean, shifted = measuring.plan("identity")
    assert clean.kept == shifted.kept != ""
    assert clean.missing == shifted.missing == ""
    assert clean.seconds_each > 0.0


def test_what_will_be_asked_is_announced_once_it_is_known():
    dataset = scenes_dataset(30)
    told = []
    measuring = measurer(dataset, Oracle(dataset), announce=lambda *args: told.append(args))
    measuring._asker.ask(dataset.first(12), "some")
    measuring._asker.ask(dataset, "all")
    measuring._asker.ask(dataset, "again")
    assert [(label, model, f.cached, f.to_ask) for label, model, f in told] == [
        ("some", "oracle", 0, 12),
        ("all", "oracle", 12, 18),
    ]
    assert told[0][2].seconds is None
    assert told[1][2].seconds > 0.0
