"""Models that answer everything alike, and encoders that see no difference."""

from __future__ import annotations

import numpy as np
import pytest
from oracle_world import Oracle, PatchEncoder, Shout, WordEncoder, measurer

from pytest_emid.data import Dataset, scenes_dataset
from pytest_emid.encoders import Encoders
from pytest_emid.errors import EstimationError
from pytest_emid.measuring.measurer import Measurer
from pytest_emid.models.base import Response
from pytest_emid.plugin.assertions import assert_emid_below, assert_information_retained


class Collapsed(Oracle):
    """Answers every shifted query alike, and every clean one too when it `never` worked."""

    def __init__(self, *datasets, never=False):
        super().__init__(*datasets)
        self.never, self.fingerprint = never, f"collapsed:{never}"

    def respond(self, samples):
        for position, sample in enumerate(samples):
            known = (sample.id, sample.question) in self.questions and not self.never
            yield position, Response(self.references[sample.id] if known else "red", entropy=0.0)


@pytest.mark.parametrize("calibrated", [True, False])
def test_a_model_that_collapses_under_a_shift_retains_nothing(calibrated):
    dataset = scenes_dataset(60)
    options = {} if calibrated else {"calibration": None}
    result = measurer(dataset, Collapsed(dataset), **options).measure(Shout())
    assert (result.information_retained.value, result.information_retained.high) == (0.0, 0.0)
    assert result.shifted.mi_response == 0.0
    assert result.anchored_emid.value == pytest.approx(result.clean.mi_response)
    assert result.emid.low > 0.0
    assert result.remarks[0] == "All 60 shifted answers are the same ('red'): they say nothing about the samples."
    with pytest.raises(AssertionError, match=r"^FAIL: information retained under shout is 0\.0 %"):
        assert_information_retained(result, 0.9)


@pytest.mark.parametrize("natural", [False, True])
def test_a_model_that_always_says_the_same_has_nothing_to_lose_and_never_passes(natural):
    dataset = scenes_dataset(60)
    shift = Shout()
    if natural:
        shift = Dataset("elsewhere", [s.with_(id=f"x-{s.id}") for s in scenes_dataset(60, seed=5)])
    result = measurer(dataset, Collapsed(dataset, never=True)).measure(shift)
    assert np.isnan(result.information_retained.value)
    why = (
        "All 60 answers on clean data are the same ('red'): there is nothing that the shift could take away. Check "
        "the model, its prompt and its pictures."
    )
    for gate in (
        lambda: assert_information_retained(result, 0.1),
        lambda: assert_emid_below(result, 4.0),
        *([] if natural else [lambda: assert_emid_below(result, 4.0, anchored=True)]),
    ):
        with pytest.raises(AssertionError) as caught:
            gate()
        assert str(caught.value).startswith("UNDECIDED: ")
        assert why in str(caught.value)
    assert result.remarks[0] == (
        "All 60 clean answers are the same ('red'): there is nothing that a shift could take away. Check the model, "
        "its prompt and its pictures."
    )


def test_embeddings_that_do_not_vary_though_the_answers_do_are_an_error():
    class Same(WordEncoder):
        fingerprint = "same"

        def encode(self, texts):
            rows = super().encode(texts)
            rows[[i for i, text in enumerate(texts) if text.startswith("odd")]] = rows[0]
            return rows

    class Odd(Oracle):
        def respond(self, samples):
            for position, _ in enumerate(samples):
                yield position, Response(f"odd {position}", entropy=0.0)

    dataset = scenes_dataset(30)
    calibration = scenes_dataset(240, stream="calibration")
    with pytest.raises(EstimationError, match="the encoder ignores its input"):
        Measurer(Odd(dataset), dataset, Encoders(PatchEncoder(), Same()), calibration=calibration).measure(Shout())
