"""What forbids a PASS, in whole sentences, and where nothing does."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any

import pytest
from emid_factory import estimate, make_result

from pytest_emid.information.guards.contradictions import Contradictions, contradiction_guard
from pytest_emid.information.guards.omissions import omission_guard
from pytest_emid.information.intervals.means import retained_interval, unpaired_retained_interval
from pytest_emid.measuring import obstacles
from pytest_emid.measuring import unseen as hidden
from pytest_emid.measuring.results import EmidResult, Record, Sight

Change = Callable[[int], dict[str, Any]]
CLUSTERS = [f"c{i // 3}" for i in range(90)]
SIGHT = Sight(
    reach={"side": 0.1, "number": 0.9, "colour": None},
    present={"side": 0.6, "number": 0.2, "colour": 0.0},
    blind=("side",),
    unchecked=0.0,
    echo=0.1,
    contrast_kept=None,
)


def plain(i: int) -> dict[str, Any]:
    """A sample of which all is well."""
    return {"unasked": 0.8 + i % 7 / 50, "repeated": 0.9, "contradicts": (), "response": f"answer {i}"}


def result(clean: Change = plain, shifted: Change = plain, **options: Any) -> EmidResult:
    made = make_result(**options)

    def changed(records: tuple[Record, ...], change: Change) -> tuple[Record, ...]:
        return tuple(replace(record, **{**plain(i), **change(i)}) for i, record in enumerate(records))

    return replace(
        made,
        clean=replace(made.clean, records=changed(made.clean.records, clean)),
        shifted=replace(made.shifted, records=changed(made.shifted.records, shifted)),
        sight=SIGHT,
    )


def unseen(of: EmidResult, at_least: float = 0.9, accepted: Collection[str] = (), blind: bool = False) -> list[str]:
    return hidden.unseen(of, at_least, 0.95, accepted, blind)


def test_where_all_is_well_nothing_forbids() -> None:
    assert unseen(result()) == []
    assert unseen(result(paired=False)) == []


def test_what_was_not_looked_at_forbids_nothing() -> None:
    assert unseen(replace(result(shifted=lambda i: {"contradicts": ("side",)}), sight=None), blind=True) == []


def wrong_side(i: int) -> dict[str, Any]:
    return {"contradicts": ("side",) if i % 2 else ()}


def contradiction(share: int) -> str | None:
    """Of every second answer."""
    import numpy as np

    def found(flags: Any) -> Contradictions:
        ones = np.ones(90, dtype=np.bool_)
        return Contradictions({"side": flags}, np.full(90, np.nan), ones, ones)

    none = np.zeros(90, dtype=np.bool_)
    return contradiction_guard(found(none), found(np.arange(90) % share == 1), 0.9, CLUSTERS).obstacle


def omission() -> str | None:
    return omission_guard([0.9] * 90, [0.5] * 90, 0.9, CLUSTERS).obstacle


def share(paired: bool = True) -> str:
    """What is retained where every shifted score of the echo guard is 0.3 lower."""
    clean, shifted = [plain(i)["unasked"] for i in range(90)], [plain(i)["unasked"] - 0.3 for i in range(90)]
    if paired:
        return f"{retained_interval(clean, shifted, CLUSTERS).value:.1%}".replace("%", " %")
    return f"{unpaired_retained_interval(clean, shifted, CLUSTERS, CLUSTERS).value:.1%}".replace("%", " %")


ECHO = "Without what the answers share with their own question "
NOTHING_LEFT = f"{ECHO}nothing is left of them on clean data: a model that repeats its questions cannot pass."
BLIND = (
    "This measure does not see side (in 60.0 % of the references): gate on a metric that does "
    "(assert_metric_retained), or pass "
    "accept_blind={'side'}."
)
REFRAIN = (
    "100% of the shifted answers hold the sentence 'A red cat sleeps.', and 0% of the clean ones: the measure takes "
    "what answers share for style, and cannot tell whether it is true. If it is harmless, pass "
    "accept_blind={'refrain'}."
)
UNLOOKED = (
    "Where one question is asked of several pictures, and their references differ, the clean answers are the same in "
    "99 % of the cases: nothing shows that the model looks at its pictures, and what it does not look at it cannot "
    "lose. Check that they reach it (prompt, chat template). If they need not matter here, pass "
    "accept_blind={'pictures'}."
)
DECODED = (
    "Read by a decoder the answers keep 60.0 % [50.0 %, 70.0 %] of the information, clearly less than the direct form "
    "(95.0 % [94.0 %, 96.0 %]): the encoder may hardly see what was lost, so this cannot pass."
)


def echoes(i: int) -> dict[str, Any]:
    return {"unasked": plain(i)["unasked"] - 0.3}


def decoded(value: float, half: float) -> dict[str, Any]:
    return {
        "decoded_retained": estimate(value, half, unit="fraction"),
        "information_retained": estimate(0.95, 0.01, unit="fraction"),
    }


def says(sentence: str) -> Change:
    return lambda i: {"response": f"answer {i}. {sentence}"}


CASES: dict[str, tuple[EmidResult, list[str | None]]] = {
    "a contradiction": (result(shifted=wrong_side), [contradiction(2)]),
    "contradictions before too": (result(wrong_side, wrong_side), []),
    "contradictions of other samples": (result(shifted=wrong_side, paired=False), []),
    "an omission": (result(shifted=lambda i: {"repeated": 0.5}), [omission()]),
    "an omission of other samples": (result(shifted=lambda i: {"repeated": 0.5}, paired=False), []),
    "words never repeated": (result(lambda i: {"repeated": 0.0}, lambda i: {"repeated": 0.0}), []),
    "an echo": (
        result(shifted=echoes),
        [f"{ECHO}{share()} of the information is retained, clearly less than 90.0 %: answers that echo the question, "
         "or lost what it does not say, cannot pass."],
    ),
    "an echo, unpaired": (
        result(shifted=echoes, paired=False),
        [f"{ECHO}{share(False)} of the information is retained, clearly less than 90.0 %: answers that echo the "
         "question, or lost what it does not say, cannot pass."],
    ),
    "nothing but the question": (result(lambda i: {"unasked": 0.0}, lambda i: {"unasked": 0.0}), [NOTHING_LEFT]),
    "nothing but the question, unpaired": (
        result(lambda i: {"unasked": i % 2 - 0.5}, paired=False), [NOTHING_LEFT]
    ),
    "no scores of that form": (result(lambda i: {"unasked": None}, lambda i: {"unasked": None}), []),
    "decoded far below": (result(**decoded(0.6, 0.1)), [DECODED]),
    "decoded below, not clearly": (result(**decoded(0.85, 0.1)), []),
    "decoded above the threshold": (result(**decoded(0.92, 0.01)), []),
    "decoded without limits": (result(**decoded(0.1, float("inf"))), []),
    "a refrain": (result(shifted=says("A red cat sleeps.")), [REFRAIN]),
    "a refrain before too": (result(says("A red cat sleeps."), says("A red cat sleeps.")), []),
    "two at once": (
        result(shifted=lambda i: wrong_side(i) | {"repeated": 0.5}), [contradiction(2), omission()]
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", list(CASES))
def test_what_may_not_show(name: str) -> None:
    found, sentences = CASES[name]
    assert None not in sentences
    assert unseen(found) == sentences


def test_a_lower_threshold_allows_more() -> None:
    assert unseen(result(shifted=wrong_side), 0.4) == []
    assert unseen(result(shifted=lambda i: {"repeated": 0.5}), 0.5) == []
    assert unseen(result(shifted=echoes), 0.5) == []
    assert unseen(result(**decoded(0.6, 0.1)), 0.65) == []
    assert unseen(result(**decoded(0.6, 0.1)), 0.71) == [DECODED]


@pytest.mark.parametrize(
    ("shifted", "kind"),
    [(wrong_side, "side"), (lambda i: {"repeated": 0.5}, "omissions"), (says("A red cat sleeps."), "refrain")],
)
def test_what_is_accepted_by_name_forbids_nothing(shifted: Change, kind: str) -> None:
    of = result(shifted=shifted)
    assert unseen(of, accepted={kind}) == []
    assert len(unseen(of, accepted={"side", "omissions", "refrain"} - {kind})) == 1


def test_only_the_accepted_kind_is_forgiven() -> None:
    both = result(shifted=lambda i: {"contradicts": ("side", "number") if i % 2 else ()})
    assert len(unseen(both, accepted={"side"})) == 1
    assert unseen(both, accepted={"side", "number"}) == []


def test_blind_spots_forbid_where_they_are_asked_to() -> None:
    assert unseen(result(), blind=False) == []
    assert unseen(result(), blind=True) == [BLIND]
    assert unseen(result(), accepted={"side"}, blind=True) == []
    two = replace(result(), sight=replace(SIGHT, blind=("side", "number")))
    assert unseen(two, blind=True) == [
        "This measure does not see side (in 60.0 % of the references), number (in 20.0 % of the references): gate on a "
        "metric that does (assert_metric_retained), or pass accept_blind={'side', 'number'}."
    ]
    assert hidden.blind_spots(two, {"number"}) == "side (in 60.0 % of the references)"
    assert hidden.blind_spots(replace(two, sight=None)) == ""


@pytest.mark.parametrize(("count", "found"), [(22, False), (23, True)])
@pytest.mark.parametrize("side", ["clean", "shifted"])
def test_a_picture_with_most_of_the_questions(side: str, count: int, found: bool) -> None:
    def crowd(i: int) -> dict[str, Any]:
        return {"cluster": "the one with the dog" if i < count else f"c{i}"}

    of = result(crowd) if side == "clean" else result(shifted=crowd)
    assert (
        obstacles.crowded(of)
        == [
            f"{count} of 90 {side} samples share one cluster ('the one with the dog'): intervals do not hold where one "
            "picture decides. Use at most a quarter of the samples of any picture."
        ]
        * found
    )


def test_what_was_found_when_it_was_measured_concerns_its_measure() -> None:
    of = replace(
        result(), obstacles=(obstacles_of("For all."), obstacles_of("For EMID.", "EMID"), obstacles_of("No.", "EMI"))
    )
    assert obstacles.noted(of, "EMID") == ["For all.", "For EMID."]


def obstacles_of(reason: str, *on: str) -> Any:
    from pytest_emid.measuring.results import Obstacle

    return Obstacle(reason, on)


@pytest.mark.parametrize("paired", [True, False])
def test_a_model_that_does_not_look_at_its_pictures(paired: bool) -> None:
    def held(changes: float | None) -> EmidResult:
        return replace(result(paired=paired), sight=replace(SIGHT, blind=(), pictures=changes))

    assert unseen(held(0.01)) == [UNLOOKED]
    assert unseen(held(0.01), accepted={"pictures"}) == []
    assert unseen(held(0.5)) == []
    assert unseen(held(None)) == []
