"""Views, augmentation, schedules, averages and batches: what a model is trained on."""

from __future__ import annotations

import pickle

import pytest
import torch
from transformers import AutoProcessor

from pytest_emid import shifts
from pytest_emid.data import scenes_dataset
from pytest_emid.errors import EstimationError, ModelError, ShiftError
from pytest_emid.models.backend.naming import ASSETS
from pytest_emid.training import Augmented, Collator, View, Views, averaged_weights, picture_token, ramp, read_states

SCENES = scenes_dataset(6)
SEEN = ["frost:3", "keyboard:2", "gaussian_blur:1+ocr:2"]


@pytest.fixture(scope="module")
def processor():
    return AutoProcessor.from_pretrained(ASSETS / "tiny-llava", backend="pil")


def pixels(sample) -> bytes:
    return sample.open_image().tobytes()


def test_an_item_is_the_same_whenever_it_is_read_and_wherever() -> None:
    views = Views(SCENES, SEEN, seed=3, passes=2)
    again = pickle.loads(pickle.dumps(Views(SCENES, SEEN, seed=3, passes=2)))
    for i in (11, 0, 5):
        assert views[i].clean is SCENES[i % 6]
        assert views[i].shifted.question == again[i].shifted.question
        assert pixels(views[i].shifted) == pixels(again[i].shifted)


def test_passes_and_seeds_draw_anew_and_all_shifts_are_drawn() -> None:
    views = Views(SCENES, SEEN, passes=20)
    changed = [
        (view.shifted.question != view.clean.question, view.shifted.image is not view.clean.image) for view in views
    ]
    assert len(views) == len(changed) == 120
    assert {(False, True), (True, False), (True, True)} == set(changed)
    assert [v.shifted.question for v in views] != [v.shifted.question for v in Views(SCENES, SEEN, seed=1, passes=20)]
    with pytest.raises(IndexError):
        views[120]


@pytest.mark.parametrize(("share", "expected"), [(0.0, 0), (1.0, 60)])
def test_the_share_that_is_augmented(share: float, expected: int) -> None:
    drawn = Augmented(SCENES, ["case:5"], passes=10, share=share)
    assert sum(sample.question.isupper() for sample in drawn) == expected


def test_half_are_augmented_unless_told_otherwise() -> None:
    assert 15 < sum(sample.question.isupper() for sample in Augmented(SCENES, ["case:5"], passes=10)) < 45


NATURAL = shifts.natural(scenes_dataset(6, domain="hard"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"shifts": "frost:3"},
            "shifts='frost:3': give a list of at least one shift, such as ['frost:3', 'keyboard:2'].",
        ),
        ({"shifts": []}, "shifts=[]: give a list of at least one shift, such as ['frost:3', 'keyboard:2']."),
        ({"shifts": SEEN, "passes": 0}, "passes=0: give at least 1."),
        (
            {"shifts": [NATURAL]},
            f"{NATURAL.id!r} changes whole datasets, and views are drawn sample by sample: give synthetic shifts.",
        ),
    ],
)
def test_what_cannot_be_drawn(arguments, message: str) -> None:
    with pytest.raises(ShiftError) as caught:
        Views(SCENES, **arguments)
    assert str(caught.value) == message


def test_a_share_is_of_one() -> None:
    with pytest.raises(ShiftError, match=r"^share=2: give a number from 0 to 1\.$"):
        Augmented(SCENES, SEEN, share=2)


def test_a_batch_of_views_is_clean_rows_then_shifted_ones_and_learns_references_alone(processor) -> None:
    views = [Views(SCENES, ["keyboard:5"])[i] for i in range(3)]
    batch = Collator(processor)(views)
    assert batch["views"] == 2
    assert torch.equal(batch["pixel_values"][:3], batch["pixel_values"][3:])
    for row, view in enumerate([*views, *views]):
        sample = view.clean if row < 3 else view.shifted
        read = batch["attention_mask"][row].bool()
        text = processor.tokenizer.decode(batch["input_ids"][row][read]).replace("<image>", "")
        assert text.endswith(f"{sample.question} ASSISTANT: {sample.reference}</s>")
        learned = batch["labels"][row] != -100
        assert processor.tokenizer.decode(batch["labels"][row][learned]) == f" {sample.reference}</s>"
        assert torch.equal(batch["labels"][row][learned], batch["input_ids"][row][learned])


def test_the_answer_is_what_the_package_scores(processor) -> None:
    """Prompts and answers of training are those of asking: the loss is the mean of -log P that `score` reports."""
    from transformers import LlavaForConditionalGeneration

    from pytest_emid import models

    samples = list(SCENES)[:2]
    model = LlavaForConditionalGeneration.from_pretrained(ASSETS / "tiny-llava").eval()
    batch = Collator(processor)(samples)
    assert batch.pop("views") == 1
    with torch.inference_mode():
        loss = model(**batch).loss.item()
    scored = models.load("tiny-llava").score(samples, [sample.reference for sample in samples])
    tokens = [logp for _, scores in scored for logp in scores.log_probabilities]
    assert loss == pytest.approx(-sum(tokens) / len(tokens), abs=1e-5)


def test_what_cannot_be_collated(processor) -> None:
    sample = SCENES[0]
    with pytest.raises(ModelError) as caught:
        Collator(processor)([sample, View(sample, sample)])
    assert str(caught.value) == "a batch is of samples or of views, and this one holds Sample, View."
    with pytest.raises(ModelError) as caught:
        Collator(processor)([sample, sample.with_(image=None)])
    assert str(caught.value) == "a batch is of samples with pictures or of samples without: batch them apart."
    bare = AutoProcessor.from_pretrained(ASSETS / "tiny-llava", backend="pil")
    bare.chat_template = None
    with pytest.raises(ModelError) as caught:
        Collator(bare)
    assert str(caught.value) == (
        "the processor has no chat template, so how to put a question to its model is not known. "
        "Give prompt=, for example prompt='USER: <image>\\n{question} ASSISTANT:'."
    )
    bare.tokenizer.eos_token = None
    with pytest.raises(ModelError) as caught:
        Collator(bare, prompt="{question}")
    assert (
        str(caught.value) == "the tokenizer has no token that ends a text, so answers could not end. Set its eos_token."
    )


@pytest.mark.parametrize(
    ("inputs", "labels", "message"),
    [
        ([[9, 1], [1, 1]], [[-100, 1], [-100, 1]], "row 1 of the batch has no picture."),
        ([[9, 1], [9, 1]], [[-100, -100], [-100, 1]], "row 0 of the batch has no answer to learn."),
    ],
)
def test_what_cannot_be_read(inputs, labels, message: str) -> None:
    hidden = (torch.ones(2, 2, 3),) * 3
    given = {"input_ids": torch.tensor(inputs), "attention_mask": torch.ones(2, 2)}
    with pytest.raises(ModelError) as caught:
        read_states(hidden, torch.ones(2, 2, 4), given, torch.tensor(labels), picture=9)
    assert str(caught.value) == message


def test_a_model_without_image_tokens_is_named() -> None:
    class Config:
        model_type = "mine"

    with pytest.raises(ModelError) as caught:
        picture_token(Config())
    assert str(caught.value) == (
        "the config of mine names no image token, so the model's own visual states cannot be found. "
        "Call EmidRegulariser with States of your own."
    )


def test_a_ramp_that_ends_before_it_starts() -> None:
    with pytest.raises(EstimationError) as caught:
        ramp(0.5, 0.2)
    assert str(caught.value) == "start=0.5 and end=0.2 are not legal. Legal: 0 <= start < end <= 1."


def test_averages_of_weights() -> None:
    before = {"w": torch.zeros(2), "steps": torch.tensor(3)}
    after = {"w": torch.ones(2, dtype=torch.float64), "steps": torch.tensor(9)}
    found = averaged_weights(before, after, 0.3)
    assert found["w"].tolist() == [0.3, 0.3]
    assert (found["w"].dtype, int(found["steps"])) == (torch.float64, 9)
    with pytest.raises(ModelError, match=r"^the two models differ in 1 weights, the first of which is 'w'\.$"):
        averaged_weights(before, {**after, "w": torch.ones(3)})
    with pytest.raises(ModelError, match=r"^share=1\.5: give a number from 0 to 1\.$"):
        averaged_weights(before, after, 1.5)
