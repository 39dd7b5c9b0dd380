"""Keys and values that grow in place are those that transformers' own layers hold, whatever is done to them."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers.cache_utils import DynamicCache, DynamicLayer, DynamicSlidingWindowLayer, EncoderDecoderCache

from pytest_emid.data.sample import Sample
from pytest_emid.models import TransformersModel
from pytest_emid.models.local import growing
from pytest_emid.models.local.growing import GrowingLayer, grow_in_place

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("update"), st.integers(1, 200)),
        st.tuples(st.just("crop"), st.integers(0, 3)),
        st.tuples(st.just("select"), st.integers(1, 2)),
        st.tuples(st.just("repeat"), st.integers(1, 2)),
        st.tuples(st.just("reset"), st.just(0)),
    ),
    max_size=12,
)


def changed(layer: DynamicLayer, rows: int, step: str, amount: int, seed: int) -> int:
    """Do one thing to a layer; returns how many rows it has then."""
    if step == "update":
        new = torch.randn(2, rows, 3, amount, 4, generator=torch.Generator().manual_seed(seed))
        keys, values = layer.update(new[0], new[1])
        assert keys is layer.keys
        assert values is layer.values
    elif step == "crop" and layer.get_seq_length() > amount:
        layer.crop(-amount)
    elif step == "select" and layer.get_seq_length():
        layer.batch_select_indices(slice(0, min(rows, amount)))
        return min(rows, amount)
    elif step == "repeat" and layer.get_seq_length():
        layer.batch_repeat_interleave(amount)
        return rows * amount
    elif step == "reset":
        layer.reset()
    return rows


@given(STEPS)
def test_a_layer_holds_what_transformers_own_holds(steps: list[tuple[str, int]]) -> None:
    ours, theirs = GrowingLayer(), DynamicLayer()
    counts = [2, 2]
    for seed, (step, amount) in enumerate(steps):
        counts = [changed(layer, rows, step, amount, seed) for layer, rows in zip((ours, theirs), counts, strict=True)]
        assert ours.get_seq_length() == theirs.get_seq_length()
        if theirs.get_seq_length():
            assert torch.equal(ours.keys, theirs.keys)
            assert torch.equal(ours.values, theirs.values)


def test_one_token_more_copies_none_of_those_before() -> None:
    layer = GrowingLayer()
    layer.update(torch.zeros(1, 1, 100, 2), torch.zeros(1, 1, 100, 2))
    where = layer.keys.data_ptr()
    for _ in range(growing.ROOM // 2):
        layer.update(torch.ones(1, 1, 1, 2), torch.ones(1, 1, 1, 2))
    assert layer.keys.data_ptr() == where
    assert layer.keys.shape[-2] == 100 + growing.ROOM // 2
    assert layer.keys[..., 100:, :].min() == 1


class Asked(torch.nn.Module):
    def forward(self, **named: object) -> dict[str, object]:
        return named


def test_caches_and_layers_of_other_kinds_stay_as_they_are() -> None:
    model = Asked()
    grow_in_place(model)
    lazy, own, offloaded = DynamicCache(), DynamicCache(), DynamicCache()
    own.layers = [DynamicLayer(), DynamicSlidingWindowLayer(sliding_window=4)]
    offloaded.offloading = True
    of_both = EncoderDecoderCache(DynamicCache(), DynamicCache())
    model(cache=lazy, past_key_values=own, offloaded=offloaded, of_both=of_both, use_cache=True)
    assert lazy.layer_class_to_replicate is GrowingLayer
    assert offloaded.layer_class_to_replicate is DynamicLayer
    assert of_both.self_attention_cache.layer_class_to_replicate is DynamicLayer
    assert [type(layer) for layer in own.layers] == [GrowingLayer, DynamicSlidingWindowLayer]


@pytest.mark.parametrize("scores", [False, True])
def test_a_model_on_a_cpu_answers_the_same_to_the_bit(
    llava: Path, samples: list[Sample], monkeypatch, scores: bool
) -> None:
    grown = []
    update = GrowingLayer.update
    monkeypatch.setattr(GrowingLayer, "update", lambda *args, **more: (grown.append(1), update(*args, **more))[1])
    ours = dict(TransformersModel(llava, batch_size=4, scores=scores).respond(samples))
    assert grown
    monkeypatch.setattr("pytest_emid.models.local.engine.grow_in_place", lambda model: None)
    count = len(grown)
    theirs = dict(TransformersModel(llava, batch_size=4, scores=scores).respond(samples))
    assert len(grown) == count
    assert ours == theirs
