"""A look at a few answers: what is plainly broken, and what is a finding."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from oracle_world import Oracle, measurer

from pytest_emid.cache import Cache
from pytest_emid.data import Dataset, scenes_dataset
from pytest_emid.errors import ModelError, ShiftError
from pytest_emid.measuring.leaving_out import UnansweredError
from pytest_emid.measuring.smoke import broken, exchanged
from pytest_emid.models.base import Outcome, Response

CLEAN = scenes_dataset(60)
GOOD = [Response(sample.reference) for sample in CLEAN]
SAME = [Response("yes")] * 60
SORRY = [Response("I'm sorry, but I can't help with that.")] * 31 + GOOD[31:]
EMPTY = [Response("", Outcome.EMPTY)] * 40 + GOOD[40:]
HALF = [Response("", Outcome.REFUSED)] * 30 + GOOD[30:]


class Asker:
    """Answers as it is told, by label."""

    def __init__(self, **answers: Any) -> None:
        self.answers, self.asked = answers, []

    def ask(self, dataset: Dataset, label: str) -> tuple[Any, ...]:
        self.asked.append(label)
        found = self.answers[label]
        if isinstance(found, ModelError):
            raise found
        if isinstance(found, int):
            raise UnansweredError("m", label, {f"s{i}": "out of order" for i in range(found)}, len(dataset))
        return (tuple(found),)


@pytest.mark.parametrize(
    ("answers", "said", "asked"),
    [
        ({"clean": GOOD, "blur": GOOD, "typos": GOOD}, None, 3),
        ({"clean": GOOD, "blur": SAME, "typos": GOOD}, None, 3),  # a finding about blur
        ({"clean": HALF, "blur": HALF, "typos": GOOD}, None, 3),
        ({"clean": 30, "blur": GOOD, "typos": GOOD}, None, 3),
        ({"clean": SAME}, "of clean, all 60 answers are 'yes'", 1),
        (
            {"clean": EMPTY},
            "of clean, 40 of 60 answers are none (40 empty), such as ''",
            1,
        ),
        (
            {"clean": SORRY},
            "of clean, 31 of 60 answers are none (31 refusals in prose), such as "
            "\"I'm sorry, but I can't help with that.\"",
            1,
        ),
        (
            {"clean": 31},
            "of clean, 31 of 60 answers failed (s0: out of order; s1: out of order; s2: out of order; ...)",
            1,
        ),
        (
            {"clean": GOOD, "blur": SAME, "typos": EMPTY},
            "of blur, all 60 answers are 'yes', and likewise of typos",
            3,
        ),
    ],
)
def test_what_is_plainly_broken(answers: dict[str, Any], said: str | None, asked: int) -> None:
    asker = Asker(**answers)
    assert broken(asker, [(label, CLEAN) for label in ("clean", "blur", "typos")]) == said  # type: ignore[arg-type]
    assert len(asker.asked) == asked


OTHER = exchanged(CLEAN, [str(i // 3) for i in range(60)])


def test_pictures_are_exchanged_for_others() -> None:
    digests = [str(i // 3) for i in range(60)]
    assert OTHER is not None
    assert [(sample.id, sample.question, sample.reference) for sample in OTHER] == [
        (sample.id, sample.question, sample.reference) for sample in CLEAN[:20]
    ]
    assert [sample.image for sample in OTHER] == [CLEAN[30 + i].image for i in range(20)]  # half of the set away
    last = exchanged(CLEAN.first(20), digests[:20])
    assert last is not None
    assert last[19].image is CLEAN[9].image  # round the end


def test_a_question_of_two_pictures_gets_two() -> None:
    pairs = [s.with_(images=(s.image, CLEAN[0].image)) if i % 2 else s for i, s in enumerate(CLEAN)]
    found = exchanged(Dataset("mixed", pairs), [f"{i // 3} {i % 2}" for i in range(60)])
    assert found is not None
    assert [len(sample.pictures) for sample in found] == [1, 2] * 10


@pytest.mark.parametrize(
    "digests", [["one"] * 60, [""] * 60, [*map(str, range(19)), *[""] * 41]], ids=["one", "none", "nineteen"]
)
def test_pictures_that_hardly_differ_are_not_exchanged(digests: list[str]) -> None:
    bare = Dataset("bare", [s if d else s.with_(image=None) for s, d in zip(CLEAN, digests, strict=True)])
    assert exchanged(bare, digests) is None


STAYED = (
    "of clean, all of 20 answers stay the same when each question is asked of another sample's picture: nothing shows "
    "that pictures reach the model"
)
YES_NO = [Response("Yes." if i % 3 else "No.") for i in range(60)]
FEW = [Response(f"Option {i % 14}.") for i in range(60)]


@pytest.mark.parametrize(
    ("clean", "after", "said"),
    [
        (GOOD, GOOD[:20], STAYED),
        (GOOD, [Response(one.text.upper()) for one in GOOD[:20]], STAYED),  # format is no change
        (GOOD, [*GOOD[:19], Response("else")], None),
        (GOOD, 20, None),  # it fails on other pictures: nothing is known
        (GOOD, ModelError("two pictures, please"), None),
        (YES_NO, YES_NO[:20], None),  # too little to answer
        (FEW, FEW[:20], None),
    ],
    ids=["same", "format", "one", "failed", "raised", "yes or no", "few"],
)
def test_answers_that_stay_when_the_pictures_are_exchanged(clean: Any, after: Any, said: str | None) -> None:
    asker = Asker(**{"clean": clean, "pictures exchanged": after, "blur": GOOD})
    sides = [("clean", CLEAN), ("blur", CLEAN)]
    assert broken(asker, sides, OTHER) == said  # type: ignore[arg-type]
    assert ("blur" in asker.asked) is (said is None)


class Sighted:
    """Repeats the question, and says which picture it saw where it looks."""

    name = fingerprint = "sighted"

    def __init__(self, looks: bool) -> None:
        self.looks, self.asked = looks, 0

    def respond(self, samples: Any) -> Any:
        for position, sample in enumerate(samples):
            self.asked += 1
            seen = hash(sample.open_image().tobytes()) if self.looks else ""
            yield position, Response(f"{sample.question} {seen}")


@pytest.mark.parametrize("looks", [True, False])
def test_a_model_that_never_looks_is_broken(looks: bool) -> None:
    model = Sighted(looks)
    assert measurer(CLEAN, model).smoke([]) == (None if looks else STAYED)
    assert model.asked == 80


@pytest.mark.parametrize("trait", ["by_id", "replays"])
def test_what_cannot_be_asked_is_not(trait: str) -> None:
    model = Oracle(CLEAN)
    setattr(model, trait, True)
    assert measurer(CLEAN, model).smoke([]) is None
    assert len(model.asked) == 60


def test_what_is_only_read_is_not_asked(tmp_path: Path) -> None:
    measurer(CLEAN, Oracle(CLEAN), cache=Cache(tmp_path)).clean  # noqa: B018
    assert measurer(CLEAN, Oracle(CLEAN), cache=Cache(tmp_path, mode="read")).smoke([]) is None


def test_equal_answers_to_equal_references_are_right() -> None:
    alike = Dataset("alike", [sample.with_(reference="yes") for sample in CLEAN])
    assert broken(Asker(clean=SAME), [("clean", alike)]) is None  # type: ignore[arg-type]


def test_a_shift_of_another_tests_data_is_no_fault_of_the_model() -> None:
    model = Oracle(CLEAN)
    model.by_id = True
    assert measurer(CLEAN, model).smoke(["option_rotation:1", "keyboard:1"]) is None  # scenes have no options
    assert len(model.asked) == 120
    with pytest.raises(ShiftError, match="option_rotation:1 changed none of the 60 questions"):
        measurer(CLEAN, model).measure("option_rotation:1")
