"""TransformersModel on a LLaVA with random weights, saved and loaded in the genuine format."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from plain_generate import alone

from pytest_emid.data.sample import LazyImage, Sample
from pytest_emid.errors import DataError, ModelError
from pytest_emid.models import Outcome, Response, Sampling, TransformersModel
from pytest_emid.models.local import engine as engine_module


def answers(model: TransformersModel, samples: Sequence[Sample]) -> dict[str, Response]:
    yielded = list(model.respond(samples))
    assert sorted(position for position, _ in yielded) == list(range(len(samples)))
    return {samples[position].id: response for position, response in yielded}


@pytest.fixture(scope="module")
def greedy(llava: Path, samples: list[Sample]) -> dict[str, Response]:
    return answers(TransformersModel(llava), samples)


def test_answers_are_those_of_generate_one_by_one(llava: Path, samples: list[Sample], greedy) -> None:
    assert {key: (r.text, r.outcome) for key, r in greedy.items()} == alone(llava, samples)
    assert {response.outcome for response in greedy.values()} == {Outcome.OK, Outcome.TRUNCATED}
    assert len({response.text for response in greedy.values()}) > 5
    assert {response.entropy for response in greedy.values()} == {0.0}


@pytest.mark.parametrize("batch_size", [1, 2, 3, 5, 64])
def test_the_batch_does_not_matter(llava: Path, samples: list[Sample], greedy, batch_size: int) -> None:
    model = TransformersModel(llava, batch_size=batch_size)
    assert answers(model, samples) == greedy
    assert answers(model, samples[::-3]) == {sample.id: greedy[sample.id] for sample in samples[::-3]}
    assert model.fingerprint == TransformersModel(llava).fingerprint


def test_close_choices_are_asked_again_alone(llava: Path, samples: list[Sample], greedy, monkeypatch) -> None:
    sizes = []
    run = engine_module.Engine._run

    def counted(self: Any, batch: Any) -> Any:
        sizes.append(len(batch))
        return run(self, batch)

    monkeypatch.setattr(engine_module.Engine, "_run", counted)
    monkeypatch.setattr(engine_module, "CLEAR", float("inf"))
    assert answers(TransformersModel(llava), samples) == greedy
    assert sizes == [len(samples)] + [1] * len(samples)


def test_a_model_that_padding_disturbs_is_asked_one_by_one(llava, samples, greedy, monkeypatch, caplog) -> None:
    monkeypatch.setattr(engine_module, "PADDING_TOLERANCE", {True: -1.0, False: -1.0})
    with caplog.at_level(logging.WARNING):
        assert answers(TransformersModel(llava), samples) == greedy
    assert "so its samples are asked one by one" in caplog.text


@pytest.mark.parametrize("generation", [{"min_new_tokens": 3}, {"suppress_tokens": [5, 6]}, {"bad_words_ids": [[7]]}])
def test_forbidden_tokens_are_no_change_by_padding(llava, samples, generation) -> None:
    batched, single = (TransformersModel(llava, batch_size=n, generation=generation) for n in (3, 1))
    assert dict(batched.respond(samples[:4])) == dict(single.respond(samples[:4]))
    assert batched._engine._alone is False


def test_a_token_that_padding_forbids_is_a_change() -> None:
    change = engine_module._change
    free, bound = torch.tensor([[1.0, 2.0]]), torch.tensor([[1.0, -torch.inf]])
    assert (change(free, free), change(bound, bound), change(free, bound)) == (0.0, 0.0, float("inf"))
    assert change(torch.full((1, 2), -torch.inf), torch.full((1, 2), -torch.inf)) == 0.0
    assert change(torch.tensor([[4.0, -torch.inf]]), torch.tensor([[5.0, -torch.inf]])) == 0.25


def test_a_template_in_the_tokenizer_s_settings_only(llava: Path, tmp_path: Path, samples, greedy) -> None:
    other = tmp_path / "older"
    shutil.copytree(llava, other)
    settings = json.loads((other / "tokenizer_config.json").read_text())
    settings["chat_template"] = (other / "chat_template.jinja").read_text()
    (other / "tokenizer_config.json").write_text(json.dumps(settings))
    (other / "chat_template.jinja").unlink()
    assert answers(TransformersModel(other, batch_size=3), samples) == greedy


@pytest.mark.parametrize("prompt", [None, "USER: <image>\n{question} ASSISTANT:"])
def test_a_place_for_the_picture_in_the_question_is_the_picture_s(llava: Path, samples, prompt) -> None:
    model = TransformersModel(llava, batch_size=3, prompt=prompt)
    placed = [sample.with_(question=f"<image>\n{sample.question}") for sample in samples[:3]]
    assert dict(model.respond(placed)) == dict(model.respond(samples[:3]))


def test_a_question_about_two_pictures_is_an_error(llava: Path, samples: list[Sample]) -> None:
    two = samples[0].with_(question="<image 1> or <image 2>?")
    with pytest.raises(DataError, match=r"^sample 's0' asks about 2 pictures \('<image 1> or <image 2>\?'\)"):
        list(TransformersModel(llava).respond([two]))


def test_a_prompt_beyond_the_context_fails_alone(llava: Path, samples: list[Sample], greedy) -> None:
    long = samples[0].with_(id="long", question="x" * 600)
    found = dict(TransformersModel(llava, batch_size=3).respond([*samples[1:5], long]))
    assert [found[i].text for i in range(4)] == [greedy[sample.id].text for sample in samples[1:5]]
    assert found[4].error.startswith("ValueError: the prompt has 6")
    assert found[4].error.endswith(
        " tokens, and the model reads at most 512 with its answer. Shorten the question, or make the picture smaller"
    )


def test_the_longest_are_asked_first(llava: Path, samples: list[Sample]) -> None:
    lengths = [
        len(samples[position].question) for position, _ in TransformersModel(llava, batch_size=1).respond(samples)
    ]
    assert lengths == sorted(lengths, reverse=True)


def test_batches_are_of_like_length(llava: Path, samples: list[Sample], monkeypatch) -> None:
    batches: list[list[int]] = []
    run = engine_module.Engine._run

    def counted(self: Any, batch: Any) -> Any:
        batches.append([len(query.sample.question) for query in batch.queries])
        return run(self, batch)

    monkeypatch.setattr(engine_module.Engine, "_run", counted)
    monkeypatch.setattr(engine_module, "CLEAR", -1.0)  # nothing is asked again
    answers(TransformersModel(llava, batch_size=4), samples)
    assert [len(batch) for batch in batches] == [4, 4, 3]
    assert [length for batch in batches for length in batch] == sorted((len(s.question) for s in samples), reverse=True)


def test_half_precision_has_fixed_shapes(llava: Path, samples: list[Sample]) -> None:
    long = [Sample(f"l{i}", s.image, s.question * 3, "x") for i, s in enumerate(samples)]  # another length class
    model = TransformersModel(llava, dtype="bfloat16", batch_size=4)
    everything = answers(model, [*samples, *long])
    for part in (samples[::-1], [samples[3], long[3]], long[5:]):
        assert answers(model, part) == {sample.id: everything[sample.id] for sample in part}
    fingerprints = {TransformersModel(llava, dtype="bfloat16", batch_size=n).fingerprint for n in (4, 8)}
    assert len(fingerprints) == 2


def test_where_the_place_in_the_batch_matters_samples_go_one_by_one(llava, samples, monkeypatch) -> None:
    sizes: list[int] = []
    run = engine_module.Engine._run

    def counted(self: Any, batch: Any) -> Any:
        sizes.append(len(batch))
        return run(self, batch)

    monkeypatch.setattr(engine_module.Engine, "_run", counted)
    monkeypatch.setattr(engine_module.Engine, "_place_matters", lambda *_: True)
    found = answers(TransformersModel(llava, sampling=Sampling()), samples)
    assert sizes == [1] * len(samples)
    monkeypatch.undo()
    assert answers(TransformersModel(llava, sampling=Sampling(), batch_size=1), samples) == found


def test_samples_may_depend_on_their_place_where_that_is_asked_for(llava, samples, monkeypatch, caplog) -> None:
    sizes: list[int] = []
    run = engine_module.Engine._run
    monkeypatch.setattr(
        engine_module.Engine, "_run", lambda self, batch: (sizes.append(len(batch)), run(self, batch))[1]
    )
    drawn = iter(range(100))
    monkeypatch.setattr(
        engine_module.Engine, "_scores", lambda self, inputs, steps: [torch.arange(4.0)[:, None] * next(drawn)]
    )
    monkeypatch.setattr(engine_module.Engine, "_padding_matters", lambda *_: False)
    model = TransformersModel(llava, dtype="bfloat16", batch_size=4, independent=False)
    together = answers(model, samples)
    assert max(sizes) == 4
    assert not caplog.messages
    sizes.clear()
    kept_apart = TransformersModel(llava, dtype="bfloat16", batch_size=4)
    assert kept_apart.fingerprint != model.fingerprint
    assert len(answers(kept_apart, samples)) == len(together)
    assert set(sizes) == {1}
    assert caplog.messages == [
        "LlavaForConditionalGeneration: in bfloat16 its scores depend on a sample's place in a batch of 4 on this "
        "device, so its samples are asked one by one. Another batch_size may not; independent=False asks in batches "
        "all the same."
    ]


class TestSampling:
    def test_depends_on_the_query_alone(self, llava: Path, samples: list[Sample], greedy) -> None:
        model = TransformersModel(llava, sampling=Sampling(temperature=2.0), seed=3)
        drawn = answers(model, samples)
        again = TransformersModel(llava, sampling={"temperature": 2.0}, seed=3)
        assert answers(again, samples[::-2]) == {sample.id: drawn[sample.id] for sample in samples[::-2]}
        assert again.fingerprint == model.fingerprint
        renamed = [sample.with_(id=f"other-{sample.id}") for sample in samples]
        assert list(answers(model, renamed).values()) == list(drawn.values())
        assert drawn != greedy
        assert all(response.entropy is not None and response.entropy > 1 for response in drawn.values())

    def test_seeds_differ(self, llava: Path, samples: list[Sample]) -> None:
        models = [TransformersModel(llava, sampling=Sampling(), seed=seed) for seed in (0, 1)]
        assert answers(models[0], samples) != answers(models[1], samples)
        assert models[0].fingerprint != models[1].fingerprint

    @pytest.mark.parametrize("how", [{"top_k": 1}, {"top_p": 1e-9}, {"temperature": 1e-7}])
    def test_without_choice_it_is_greedy(self, llava: Path, samples: list[Sample], greedy, how) -> None:
        drawn = answers(TransformersModel(llava, sampling=how), samples)
        assert {key: r.text for key, r in drawn.items()} == {key: r.text for key, r in greedy.items()}
        assert all(response.entropy == pytest.approx(0, abs=1e-3) for response in drawn.values())


def test_max_new_tokens(llava: Path, make_llava: Callable[..., Path], samples: list[Sample]) -> None:
    model = TransformersModel(llava, max_new_tokens=1)
    assert {r.outcome for r in answers(model, samples).values()} <= {Outcome.OK, Outcome.TRUNCATED}
    assert all(len(r.text) <= 1 for r in answers(model, samples).values())
    unlimited = TransformersModel(make_llava(limit=None))
    next(unlimited.respond(samples[:1]))
    assert unlimited._engine.generation.max_new_tokens == 256


def test_stop_strings_end_an_answer(llava: Path, samples: list[Sample], greedy) -> None:
    truncated = next(s for s in samples if greedy[s.id].outcome is Outcome.TRUNCATED)
    text = greedy[truncated.id].text
    letter = next(c for c in text if c.isascii() and c.isprintable() and not c.isspace())
    stopped = answers(TransformersModel(llava, generation={"stop_strings": [letter]}), [truncated])[truncated.id]
    assert stopped.outcome is Outcome.OK
    assert stopped.text == text[: text.index(letter) + 1]


def test_system_prompt_and_own_prompt_change_answers(llava: Path, samples: list[Sample], greedy) -> None:
    assert answers(TransformersModel(llava, system="Be brief."), samples) != greedy
    same = TransformersModel(llava, prompt="USER: <image>\n{question} ASSISTANT:")
    assert {k: r.text for k, r in answers(same, samples).items()} == {k: r.text for k, r in greedy.items()}


def test_memory_running_out_halves_the_batch(llava, samples, greedy, monkeypatch, caplog) -> None:
    sizes = []
    answer = engine_module.Engine.answer

    def limited(self: Any, batch: Any, rows: int) -> list[Response]:
        sizes.append(batch.rows)
        if batch.rows > 2:
            raise torch.OutOfMemoryError("out of memory")
        return answer(self, batch, rows)

    monkeypatch.setattr(engine_module.Engine, "answer", limited)
    with caplog.at_level(logging.WARNING):
        assert answers(TransformersModel(llava, batch_size=8, name="tiny"), samples) == greedy
    assert sizes == [8, 4, 2, 2, 2, 2, 2, 1]
    assert [record.getMessage() for record in caplog.records] == [
        "tiny: out of memory with 8 samples in a batch; going on with 4.",
        "tiny: out of memory with 4 samples in a batch; going on with 2.",
    ]


@pytest.mark.parametrize(
    ("error", "memory"),
    [
        (torch.OutOfMemoryError("CUDA out of memory."), True),
        (MemoryError(), True),
        (RuntimeError("MPS backend out of memory (MPS allocated: 1.00 GB)"), True),
        (
            RuntimeError("[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory"),
            True,
        ),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"), True),
        (RuntimeError("device-side assert triggered"), False),
        (ValueError("out of memory"), False),
    ],
)
def test_what_counts_as_out_of_memory(error: Exception, memory: bool) -> None:
    assert engine_module.Engine.is_out_of_memory(error) is memory


def test_an_allocation_that_is_too_large_is_out_of_memory() -> None:
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**55, dtype=torch.uint8)
    assert engine_module.Engine.is_out_of_memory(caught.value)


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


def test_a_model_that_fails_on_everything(llava: Path, samples: list[Sample], monkeypatch) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("device lost")

    monkeypatch.setattr(engine_module.Engine, "answer", broken)
    with pytest.raises(ModelError) as caught:
        answers(TransformersModel(llava, batch_size=2, name="tiny"), samples)
    assert str(caught.value).startswith("tiny: none of the first 2 samples could be answered; sample 's")
    assert str(caught.value).endswith("RuntimeError: device lost. Nothing was cached for them.")


def test_an_unreadable_picture_names_the_sample(llava: Path) -> None:
    sample = Sample("7", LazyImage(lambda: Image.open("/nowhere.png"), "nowhere.png"), "What?", "x")
    with pytest.raises(DataError, match=r"sample .7.: cannot read its image from nowhere\.png"):
        answers(TransformersModel(llava), [sample])


def test_no_samples_load_nothing(llava: Path) -> None:
    model = TransformersModel(llava)
    assert list(model.respond([])) == []
    assert not model.loaded


def test_lone_surrogates_do_no_harm(llava: Path, samples: list[Sample]) -> None:
    found = answers(TransformersModel(llava), [samples[0].with_(question="what \ud800 is?")])
    assert found["s0"].outcome is not Outcome.FAILED


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
