"""The regulariser in transformers' `Trainer`, on the built-in model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoProcessor, LlavaForConditionalGeneration, TrainerControl, TrainingArguments

from pytest_emid.data import scenes_dataset
from pytest_emid.errors import EmidError, ModelError
from pytest_emid.models.backend.naming import ASSETS
from pytest_emid.training import Augmented, Collator, EmidGateCallback, EmidRegulariser, EmidTrainer, Views, ramp
from pytest_emid.training.gate import GATED
from pytest_emid.training.resuming import named_otherwise

BASE = ASSETS / "tiny-llava"
VIEWS = Views(scenes_dataset(8), ["frost:3+keyboard:2"])
WEIGHTS = {"rjsd_visual": 5.0, "root_rjsd_question": 0.5, "token_js": 1.0, "root4_shifted_answers": 0.5}


@pytest.fixture(scope="module")
def processor():
    return AutoProcessor.from_pretrained(BASE, backend="pil")


def trainer(out: Path, processor: Any, data: Any = VIEWS, weights: Any = WEIGHTS, **options: Any) -> EmidTrainer:
    own = ("schedule",)
    pairs = options.pop("pairs", 2)
    arguments = {
        "per_device_train_batch_size": 4,
        "max_steps": 2,
        "learning_rate": 1e-3,
        "lr_scheduler_type": "constant",
        "logging_steps": 1,
        "save_strategy": "no",
        **{name: value for name, value in options.items() if name not in own},
    }
    plain = {"use_cpu": True, "report_to": [], "disable_tqdm": True, "dataloader_pin_memory": False, "seed": 5}
    return EmidTrainer(
        LlavaForConditionalGeneration.from_pretrained(BASE),
        TrainingArguments(str(out), remove_unused_columns=False, **plain, **arguments),
        Collator(processor),
        data,
        processing_class=processor,
        regulariser=None if weights is None else EmidRegulariser(weights, pairs=pairs),
        **{name: value for name, value in options.items() if name in own},
    )


def logged(of: EmidTrainer) -> list[dict[str, float]]:
    """What was told of each step."""
    return [row for row in of.state.log_history if "loss" in row]


@pytest.fixture(scope="module")
def whole(tmp_path_factory, processor) -> EmidTrainer:
    """Three steps of four pairs, with a checkpoint after each and a weight that rises."""
    run = trainer(
        tmp_path_factory.mktemp("whole"),
        processor,
        max_steps=3,
        save_strategy="steps",
        save_steps=1,
        schedule=ramp(0.0, 0.5),
    )
    run.train()
    return run


def test_every_term_is_logged_with_its_scale(whole) -> None:
    rows = logged(whole)
    assert [row["emid/scale"] for row in rows] == pytest.approx([0.0, 2 / 3, 1.0])
    for row in rows:
        assert all(row[f"emid/{name}"] > 0 for name in WEIGHTS)
    assert rows[2]["emid/rjsd_visual"] < rows[0]["emid/rjsd_visual"]


def test_the_loss_is_that_of_the_answers_and_the_weighted_terms(whole, tmp_path, processor) -> None:
    """The first step has scale 0, so both runs begin with the answer loss; from one step on the terms are in."""
    run = trainer(tmp_path, processor, max_steps=1)
    run.train()
    [first] = logged(run)
    terms = sum(weight * first[f"emid/{name}"] for name, weight in WEIGHTS.items())
    assert first["loss"] == pytest.approx(logged(whole)[0]["loss"] + terms, abs=1e-5)


def test_accumulation_changes_no_loss(tmp_path, processor) -> None:
    run = trainer(
        tmp_path,
        processor,
        per_device_train_batch_size=1,
        gradient_accumulation_steps=4,
        pairs=1,
    )
    run.train()
    at_once = trainer(tmp_path / "at_once", processor, pairs=1)
    at_once.train()
    for one, other in zip(logged(run), logged(at_once), strict=True):
        assert one["loss"] == pytest.approx(other["loss"], abs=1e-5)
        assert one["emid/rjsd_visual"] == pytest.approx(other["emid/rjsd_visual"], abs=1e-5)


def test_a_resumed_run_equals_an_uninterrupted_one(whole, tmp_path, processor) -> None:
    run = trainer(Path(whole.args.output_dir), processor, max_steps=3, schedule=ramp(0.0, 0.5))
    run.train(resume_from_checkpoint=str(Path(whole.args.output_dir) / "checkpoint-1"))
    assert [row["loss"] for row in logged(run)] == pytest.approx([row["loss"] for row in logged(whole)], abs=1e-6)
    for name, weight in whole.model.state_dict().items():
        assert torch.allclose(weight, run.model.state_dict()[name], atol=1e-6), name


def test_checkpoints_of_this_model_name_weights_otherwise(whole) -> None:
    """Where this is no longer so, `resuming.py` can go."""
    assert named_otherwise(whole.model, Path(whole.args.output_dir) / "checkpoint-1")


@pytest.mark.filterwarnings("ignore:`gradient_checkpointing_enable` is deprecated:FutureWarning")
def test_checkpointed_activations_change_no_loss(whole, tmp_path, processor) -> None:
    run = trainer(tmp_path, processor, max_steps=1, schedule=ramp(0.0, 0.5))
    run.model.gradient_checkpointing_enable()
    run.train()
    [first] = logged(run)
    for name in ("loss", *(f"emid/{name}" for name in WEIGHTS)):
        assert first[name] == pytest.approx(logged(whole)[0][name], abs=1e-5), name


def test_without_a_regulariser_it_is_the_plain_trainer_on_samples(tmp_path, processor) -> None:
    run = trainer(tmp_path, processor, Augmented(scenes_dataset(4), ["frost:3"]), None, max_steps=1)
    run.train()
    [row] = logged(run)
    assert not any(name.startswith("emid/") for name in row)


def test_evaluation_has_no_terms(whole) -> None:
    assert "eval_loss" in whole.evaluate(VIEWS)
    assert not any(name.startswith("eval_emid") for row in whole.state.log_history for name in row)


def test_what_it_cannot_train_on(tmp_path, processor) -> None:
    run = trainer(tmp_path, processor, Augmented(scenes_dataset(4), ["frost:3"]), max_steps=1)
    with pytest.raises(ModelError) as caught:
        run.train()
    assert str(caught.value) == (
        "a regulariser needs both views of each sample: train on training.Views, by its Collator."
    )
    with pytest.raises(ModelError) as caught:
        EmidTrainer(run.model, TrainingArguments(str(tmp_path), use_cpu=True, report_to=[]))
    assert str(caught.value) == (
        "the trainer would drop what it does not know from samples and views: set remove_unused_columns=False in its "
        "TrainingArguments."
    )


def refuse(result) -> None:
    assert result.scenario != "frost:3", "FAIL: frost is too much"


def doubt(result) -> None:
    raise AssertionError("UNDECIDED: too few samples")


SET = scenes_dataset(21)


def test_a_checkpoint_is_measured_and_marked_and_the_run_goes_on(whole, processor) -> None:
    callback = EmidGateCallback(refuse, SET, ["identity", "frost:3"], permutations=19)
    control = callback.on_save(whole.args, whole.state, TrainerControl())
    told = json.loads((Path(whole.args.output_dir) / "checkpoint-3" / GATED).read_text())
    assert told == {
        "step": 3,
        "gates": [
            {"scenario": "identity", "verdict": "PASS", "reason": ""},
            {"scenario": "frost:3", "verdict": "FAIL", "reason": told["gates"][1]["reason"]},
        ],
    }
    assert told["gates"][1]["reason"].startswith("FAIL: frost is too much")
    assert whole.state.log_history[-2:] == [
        {"step": 3, "emid_gate/identity": "PASS"},
        {"step": 3, "emid_gate/frost:3": "FAIL"},
    ]
    assert not control.should_training_stop


@pytest.mark.parametrize(
    ("stop", "verdicts", "stops"),
    [
        ("fail", ("PASS", "FAIL"), True),
        ("fail", ("PASS", "UNDECIDED"), False),
        ("pass", ("PASS", "PASS"), True),
        ("pass", ("PASS", "UNDECIDED"), False),
        (None, ("FAIL", "FAIL"), False),
    ],
)
def test_what_stops_a_run(whole, monkeypatch, stop, verdicts, stops: bool) -> None:
    callback = EmidGateCallback(doubt, SET, ["frost:3"], stop=stop)
    found = [{"scenario": "frost:3", "verdict": verdict, "reason": ""} for verdict in verdicts]
    monkeypatch.setattr(callback, "judged", lambda folder: found)
    assert callback.on_save(whole.args, whole.state, TrainerControl()).should_training_stop is stops


@pytest.mark.parametrize(
    ("shifts", "stop", "message"),
    [
        ("frost:3", None, "shifts='frost:3': give a list of at least one shift, such as ['fog:3', 'snow:3']."),
        (["frost:3"], "never", "stop='never' is not legal. Legal: 'fail', 'pass' or None."),
    ],
)
def test_a_gate_that_cannot_be_made(shifts, stop, message: str) -> None:
    with pytest.raises(EmidError) as caught:
        EmidGateCallback(doubt, SET, shifts, stop=stop)
    assert str(caught.value) == message
