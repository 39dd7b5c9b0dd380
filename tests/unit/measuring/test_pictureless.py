"""Samples without a picture: measured where no picture is needed, and else one more problem of the one policy."""

from __future__ import annotations

from functools import cache

import pytest
from oracle_world import Oracle, measurer

from pytest_emid import shifts
from pytest_emid.cache import Cache
from pytest_emid.data import Dataset, scenes_dataset
from pytest_emid.errors import ModelError
from pytest_emid.measuring.metrics.registry import as_metrics
from pytest_emid.measuring.obstacles import DRIFT, EMI, EMID, INFORMATION, noted
from pytest_emid.models.base import Outcome, Response

SCENES = scenes_dataset(66)
CALIBRATION = scenes_dataset(120, stream="calibration")
CACHE = Cache(None)
"""Shared: pictures are drawn and embedded once."""
ALONE = "of 66 samples have no picture and are asked by their question alone"


@cache
def without(count):
    """The dataset, of which the first pictures are gone."""
    bare = SCENES.ids[:count]
    return SCENES.map(SCENES.name, lambda s: s.with_(image=None) if s.id in bare else s)


def measured(dataset, model, shift, **options):
    return measurer(dataset, model, cache=CACHE, calibration=CALIBRATION, **options).measure(shift)


class Shout:
    """Changes every question."""

    id, modality, paired = "shout", "textual", True

    def apply(self, dataset, seed):
        return dataset.map("shouted", lambda s: s.with_(question=s.question.upper() + "!"))


class Blur:
    """Changes every picture there is."""

    id, modality, paired = "blur", "visual", True

    def apply(self, dataset, seed):
        blurred = shifts.parse("defocus_blur:3").apply(dataset, seed)
        return Dataset("blurred", list(blurred))


def sentences(result, measure):
    return [reason for reason in noted(result, measure) if "picture" in reason]


def test_a_textual_shift_measures_them_by_a_metric():
    dataset = without(20)
    model = Oracle(dataset, wrong=0.3)
    found = measured(dataset, model, Shout(), metrics=as_metrics("exact", "a test"))
    assert found.clean.n == found.shifted.n == len(found.metrics["exact"].on_shifted) == 66
    assert found.remarks[0] == f"20 {ALONE}."
    assert sentences(found, INFORMATION) == sentences(found, EMID) == sentences(found, EMI) == []
    assert sentences(found, DRIFT) == [
        f"20 {ALONE}; allowed are 5%, --emid-allow-problems: no gate passes on what pictures decide. Metrics and "
        "information retained need none."
    ]
    assert {record.picture for record in found.clean.records[:20]} == {""}


@pytest.mark.parametrize(("count", "allowed", "forbidden"), [(3, 0.05, False), (20, 0.4, False), (20, 0.05, True)])
def test_a_critic_that_reads_pictures_needs_them(count, allowed, forbidden):
    dataset = without(count)
    options = {"critic": "club-ridge", "allow_problems": allowed}
    found = measured(dataset, Oracle(dataset, wrong=0.3), Shout(), **options)
    for measure in (EMID, EMI, DRIFT):
        assert bool(sentences(found, measure)) is forbidden
    assert found.remarks[0] == f"{count} {ALONE}."


def test_a_set_without_any_picture_is_measured():
    dataset = without(66)
    found = measured(dataset, Oracle(dataset, wrong=0.3), Shout())
    assert found.remarks[0] == f"66 {ALONE}."
    assert sentences(found, DRIFT) == []
    assert found.divergences.image == pytest.approx(0.0, abs=1e-6)
    assert found.information_retained.value < 0.9


class TestShiftOfPictures:
    def test_leaves_them_out_of_both_sides_and_counts_them(self):
        dataset = without(4)
        ids = dataset.ids
        model = Oracle(dataset, wrong=0.3)
        found = measured(dataset, model, Blur())
        said = (
            f"4 of 66 samples have no picture for blur to change and are left out of both sides ({ids[0]!r}, "
            f"{ids[1]!r}, {ids[2]!r} and 1 more)"
        )
        assert found.clean.n == found.shifted.n == 62
        assert f"{said}; allowed are 5%, --emid-allow-problems: no gate passes." in [o.reason for o in found.obstacles]
        assert not {sample_id for sample_id, _ in model.asked} & set(ids[:4])
        rest = Dataset(dataset.name, list(dataset)[4:])
        alone = measured(rest, Oracle(dataset, wrong=0.3), Blur())
        assert found.emid == alone.emid
        allowing = measured(dataset, model, Blur(), allow_problems=0.1)
        assert (allowing.obstacles, allowing.remarks[0]) == (alone.obstacles, f"{said}.")

    def test_counts_them_together_with_samples_that_fail(self):
        dataset = without(3)
        model = Oracle(dataset, fail=dataset.ids[10:13])
        found = measured(dataset, model, Blur())
        assert found.clean.n == 60
        reasons = [obstacle.reason for obstacle in found.obstacles]
        assert [reason for reason in reasons if reason.startswith("3 of 66 samples have no picture for blur")]
        assert measured(without(3), Oracle(dataset), Blur()).obstacles == ()

    def test_is_no_measurement_where_most_have_none(self):
        dataset = without(40)
        with pytest.raises(ModelError) as caught:
            measured(dataset, Oracle(dataset), "defocus_blur:3")
        ids = dataset.ids
        assert str(caught.value) == (
            f"40 of 66 samples of 'scenes/defocus_blur:3' have no picture ({ids[0]!r}, {ids[1]!r}, {ids[2]!r} and 37 "
            "more), and defocus_blur:3 changes pictures, so nothing would be tested on them. Take a textual shift, or "
            "leave such samples out: where='image', or what the pictures' column is called."
        )

    def test_the_control_that_changes_nothing_keeps_them(self):
        dataset = without(20)
        assert measured(dataset, Oracle(dataset), "identity").clean.n == 66


class Answering(Oracle):
    """Sees whether it was given a picture."""

    name = "answering"

    def __init__(self, dataset):
        super().__init__(dataset)
        self.fingerprint = self.name

    def respond(self, samples):
        for position, sample in enumerate(samples):
            yield position, Response(sample.reference if sample.pictures else "Blind.", Outcome.OK)


def test_a_natural_shift_that_lost_its_pictures():
    other = without(66).map("no pictures", lambda s: s)
    found = measured(SCENES, Answering(SCENES), shifts.natural(other, paired=True))
    assert found.remarks[0] == f"66 {ALONE}."
    assert sentences(found, DRIFT)
