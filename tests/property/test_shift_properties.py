"""Properties that every shift has, built in or registered."""

import numpy as np
import pytest
from hypothesis import HealthCheck, find, given, settings
from hypothesis import strategies as st
from PIL import Image
from refusals import refused

from pytest_emid import shifts, strategies
from pytest_emid.errors import ShiftError

PICTURE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (50, 61, 3), dtype=np.uint8))
TEXTS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=40)


@given(strategies.shifts())
def test_ids_round_trip(shift: shifts.SyntheticShift) -> None:
    assert shifts.parse(str(shift)) == shift
    assert eval(repr(shift)) == shift


@given(strategies.shifts(max_components=3), st.integers(0, 2**40))
@settings(max_examples=30, deadline=None)
def test_shifted_samples_are_valid_and_deterministic(shift: shifts.SyntheticShift, seed: int) -> None:
    once, again = (shift.apply_image(PICTURE, seed, "s") for _ in range(2))
    assert (once.size, once.mode) == (PICTURE.size, "RGB")
    assert once.tobytes() == again.tobytes()
    assert (once.tobytes() != PICTURE.tobytes()) == (shift.modality in ("visual", "joint"))


@pytest.mark.parametrize("shift", [shifts.textual(name)[-1] for name in shifts.names("textual")], ids=str)
@given(text=TEXTS, seed=st.integers(0, 2**32))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_text_stays_text(shift: shifts.SyntheticShift, text: str, seed: int) -> None:
    shifted = shift.apply_text(text, seed, "s")
    assert shifted == shift.apply_text(text, seed, "s")
    assert bool(shifted.strip()) == bool(text.strip())
    shifted.encode("utf-8")


WORDS = st.lists(st.sampled_from(["is", "Is", "red", "circle", "pale", "Größe", "χρώμα", "रंग", "색상"]), max_size=14)


@pytest.mark.parametrize("rates", ["standard", "published"])
@given(words=WORDS, seed=st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_a_higher_level_never_swaps_words_back(rates: str, words: list[str], seed: int) -> None:
    text = " ".join(words)
    before, moved = words, set()
    for shift in shifts.textual("word_swap", rates=rates):
        after = shift.apply_text(text, seed, "s").split()
        if rates == "published":
            before = [word.lower() for word in words]
        now = {i for i, (was, is_) in enumerate(zip(before, after, strict=True)) if was != is_}
        assert sorted(after) == sorted(before)
        assert moved <= now
        assert len(set(before)) < 2 or len(now) >= 2
        moved = now


@given(words=st.integers(2, 40), seed=st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_each_level_of_word_swap_moves_its_share_of_the_words(words: int, seed: int) -> None:
    before = [f"word{chr(97 + i % 26) * (1 + i // 26)}" for i in range(words)]
    for shift, rate in zip(shifts.textual("word_swap"), (0.1, 0.2, 0.3, 0.4, 0.5), strict=True):
        after = shift.apply_text(" ".join(before), seed, "s").split()
        pairs = min(max(1, int(rate * words + 0.5)), words // 2)
        assert sum(was != is_ for was, is_ in zip(before, after, strict=True)) == 2 * pairs


@given(st.data())
def test_strategy_respects_its_bounds(data: st.DataObject) -> None:
    low = data.draw(st.integers(1, 5))
    high = data.draw(st.integers(low, 5))
    most = data.draw(st.integers(1, 3))
    shift = data.draw(
        strategies.shifts(modalities=["textual"], min_severity=low, max_severity=high, max_components=most)
    )
    assert shift.modality == "textual"
    assert 1 <= len(shift.components) <= most
    assert all(low <= part.severity <= high for part in shift.components)


def test_strategy_shrinks_to_one_component_at_the_lowest_failing_severity() -> None:
    def fails(shift: shifts.SyntheticShift) -> bool:
        return any(part.name == "defocus_blur" and part.severity >= 3 for part in shift.components)

    assert find(strategies.shifts(max_components=3), fails, settings=settings(max_examples=2000)).id == "defocus_blur:3"


def test_strategy_draws_registered_shifts_and_control_arms_only_by_name() -> None:
    shifts.register_textual("shout", (2,))(lambda text, severity, rng: text.upper())
    try:
        drawn = find(strategies.shifts(), lambda shift: any(part.name == "shout" for part in shift.components))
        assert drawn.id == "shout:2"
        assert find(strategies.shifts("normalise_only"), lambda shift: True).id == "normalise_only"
    finally:
        shifts.unregister("shout")


WIDEN = "Widen the bounds, or name other shifts."


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"names": ["frost", "keyboard"], "modalities": ["visual"], "min_severity": 6},
         f"no visual shift of frost, keyboard has a severity from 6 to its highest. {WIDEN}"),
        ({"modalities": ["audio"]}, "modality 'audio' is not one of visual, textual."),
        ({"max_components": 0}, "max_components must be at least 1, not 0."),
        ({"names": [], "modalities": "textual"},
         f"no textual shift of none has a severity from 1 to its highest. {WIDEN}"),
    ],
)  # fmt: skip
def test_strategy_without_anything_to_draw(arguments, message) -> None:
    assert refused(lambda: strategies.shifts(**arguments), ShiftError) == message
