"""What a checkpoint is loaded from, what makes its fingerprint, and what is refused."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from model_answers import answers

from pytest_emid.data.sample import Sample
from pytest_emid.errors import ModelError
from pytest_emid.models import Sampling, TransformersModel
from pytest_emid.models.local import engine as engine_module


class TestLoading:
    """Precision, placement and quantisation are transformers' own."""

    def test_precision_and_attention(self, llava: Path) -> None:
        model = TransformersModel(llava, dtype="bfloat16", load_kwargs={"attn_implementation": "eager"})
        loaded = model._engine.model
        assert {parameter.dtype for parameter in loaded.parameters()} == {torch.bfloat16}
        assert loaded.config._attn_implementation == "eager"
        assert not model.exact

    @pytest.mark.parametrize("key", ["quantization_config", "load_in_8bit", "load_in_4bit"])
    def test_quantised_weights_depend_on_the_batch(self, llava: Path, key: str) -> None:
        assert not TransformersModel(llava, dtype="float32", load_kwargs={key: True}).exact

    def test_a_device_map(self, llava: Path, samples: list[Sample], greedy) -> None:
        pytest.importorskip("accelerate")
        model = TransformersModel(llava, device="meta", load_kwargs={"device_map": {"": "cpu"}})
        assert answers(model, samples[:3]) == {sample.id: greedy[sample.id] for sample in samples[:3]}
        assert {parameter.device.type for parameter in model._engine.model.parameters()} == {"cpu"}

    def test_everything_reaches_from_pretrained_as_it_was_given(self, llava: Path, monkeypatch) -> None:
        from transformers import QuantoConfig

        given = {"device_map": "auto", "quantization_config": QuantoConfig(weights="int8"), "max_memory": {0: "1GiB"}}
        seen: dict[str, Any] = {}

        def from_pretrained(source: str, **options: Any) -> None:
            seen.update(options, source=source)
            raise ImportError("no quanto here")

        monkeypatch.setattr(engine_module.AutoModelForImageTextToText, "from_pretrained", from_pretrained)
        model = TransformersModel(llava, dtype="float16", load_kwargs=given)
        with pytest.raises(ModelError) as caught:
            _ = model._engine
        assert str(caught.value) == f"cannot load {llava}: ImportError: no quanto here"
        assert all(seen[key] is value for key, value in given.items())
        assert (seen["source"], seen["dtype"], seen["trust_remote_code"]) == (str(llava), "float16", False)
        assert model.identity["batch"] == [2, 16, True]  # quantised: the batch class is part of the key
        assert model.fingerprint != TransformersModel(llava, dtype="float16").fingerprint


def test_no_samples_load_nothing(llava: Path) -> None:
    model = TransformersModel(llava)
    assert list(model.respond([])) == []
    assert not model.loaded


class TestFingerprint:
    def test_is_the_content_s(self, llava: Path, tmp_path: Path) -> None:
        copy = shutil.copytree(llava, tmp_path / "copy")
        first = TransformersModel(llava)
        assert TransformersModel(copy).fingerprint == first.fingerprint
        (copy / "README.md").write_text("about this model")
        (copy / "checkpoint-10").mkdir()
        (copy / "checkpoint-10" / "config.json").write_text("{}")
        assert TransformersModel(copy).fingerprint == first.fingerprint
        weights = bytearray((copy / "model.safetensors").read_bytes())
        weights[-1] ^= 1
        (copy / "model.safetensors").write_bytes(weights)
        assert TransformersModel(copy).fingerprint != first.fingerprint
        assert not first.loaded

    @pytest.mark.parametrize("name", ["config.json", "generation_config.json", "tokenizer.json", "chat_template.jinja"])
    def test_sees_every_file(self, llava: Path, tmp_path: Path, name: str) -> None:
        copy = shutil.copytree(llava, tmp_path / "copy")
        (copy / name).write_text((copy / name).read_text() + "\n")
        assert TransformersModel(copy).fingerprint != TransformersModel(llava).fingerprint

    def test_sees_every_setting(self, llava: Path) -> None:
        settings: list[dict[str, Any]] = [
            {},
            {"dtype": "float64"},
            {"dtype": "bfloat16"},
            {"device": "meta"},
            {"max_new_tokens": 5},
            {"sampling": Sampling()},
            {"sampling": Sampling(temperature=0.5)},
            {"sampling": Sampling(top_k=5)},
            {"sampling": Sampling(top_p=0.5)},
            {"sampling": Sampling(), "seed": 1},
            {"generation": {"repetition_penalty": 1.2}},
            {"system": "Be brief."},
            {"prompt": "{question}"},
            {"trust_remote_code": True},
            {"load_kwargs": {"attn_implementation": "eager"}},
        ]
        fingerprints = [TransformersModel(llava, **setting).fingerprint for setting in settings]
        assert len(set(fingerprints)) == len(settings)
        assert TransformersModel(llava, seed=1, batch_size=2, name="x").fingerprint == fingerprints[0]

    def test_needs_values_that_can_be_named(self, llava: Path) -> None:
        with pytest.raises(ModelError, match="which cannot be told apart from another one in the next run"):
            _ = TransformersModel(llava, load_kwargs={"hook": object()}).fingerprint


class TestErrors:
    def test_no_chat_template(self, make_llava: Callable[..., Path], samples: list[Sample]) -> None:
        folder = make_llava(template=None)
        with pytest.raises(ModelError) as caught:
            answers(TransformersModel(folder), samples)
        assert str(caught.value) == (
            f"{folder} has no chat template, so how to put a question to it is not known. "
            "Give prompt=, for example prompt='USER: <image>\\n{question} ASSISTANT:'."
        )

    def test_missing_weights(self, llava: Path, tmp_path: Path, samples: list[Sample]) -> None:
        from safetensors.torch import load_file, save_file

        copy = shutil.copytree(llava, tmp_path / "copy")
        weights = load_file(copy / "model.safetensors")
        name = next(key for key in weights if "q_proj" in key)
        del weights[name]
        save_file(weights, copy / "model.safetensors", metadata={"format": "pt"})
        with pytest.raises(
            ModelError, match="lacks 1 weights of a LlavaForConditionalGeneration, which would be random"
        ):
            answers(TransformersModel(copy), samples)

    def test_an_unknown_kind_of_model(self, tmp_path: Path, samples: list[Sample]) -> None:
        (tmp_path / "config.json").write_text(json.dumps({"model_type": "nonsense"}))
        with pytest.raises(ModelError, match=f"^cannot load {tmp_path}: "):
            answers(TransformersModel(tmp_path), samples)

    def test_unknown_generation_settings(self, llava: Path, samples: list[Sample]) -> None:
        with pytest.raises(ModelError) as caught:
            answers(TransformersModel(llava, generation={"warmth": 1}), samples)
        assert str(caught.value) == (
            "generation settings that transformers does not know: warmth. "
            "Leave them out, or see transformers' GenerationConfig for what there is."
        )

    @pytest.mark.parametrize(
        ("settings", "message"),
        [
            ({"batch_size": 0}, "batch_size is 0; it must be at least 1."),
            ({"max_new_tokens": 0}, "max_new_tokens is 0; it must be at least 1."),
            ({"prompt": "no"}, "the prompt 'no' has no place for the question; put {question} in it."),
            (
                {"generation": {"do_sample": True}},
                "generation cannot hold 'do_sample' here. Use sampling=Sampling(...).",
            ),
            *[
                ({"load_kwargs": {key: "x"}}, f"load_kwargs cannot hold {key!r} here. Use {ours}=.")
                for key, ours in [
                    ("dtype", "dtype"),
                    ("torch_dtype", "dtype"),
                    ("revision", "revision"),
                    ("trust_remote_code", "trust_remote_code"),
                ]
            ],
            (
                {"sampling": {"temperature": 0}},
                "temperature is 0; sampling needs one above 0. Leave sampling out for greedy answers.",
            ),
            ({"sampling": {"top_k": 0}}, "top_k is 0; it must be at least 1, or None to keep every token."),
            ({"sampling": {"top_p": 1.5}}, "top_p is 1.5; it must be in (0, 1], or None to keep every token."),
        ],
    )
    def test_settings_out_of_range(self, llava: Path, settings: dict[str, Any], message: str) -> None:
        with pytest.raises(ModelError) as caught:
            TransformersModel(llava, **settings)
        assert str(caught.value) == message
