"""The encoders of transformers on tiny models: the recipes, their independence of the batch, and their errors."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import (
    AutoProcessor,
    AutoTokenizer,
    CLIPModel,
    XLMRobertaConfig,
    XLMRobertaForMaskedLM,
    XLMRobertaModel,
)

from pytest_emid import encoders
from pytest_emid.encoders import AutoImageEncoder, AutoTextEncoder, ClipImageEncoder, XlmrTextEncoder
from pytest_emid.errors import ModelError


def unit(rows: Any) -> np.ndarray:
    array = np.asarray(rows.detach() if isinstance(rows, torch.Tensor) else rows, dtype=np.float64)
    return array / np.linalg.norm(array, axis=1, keepdims=True)


def clip_states(folder: Path, pictures: list[Image.Image]) -> Any:
    processor = AutoProcessor.from_pretrained(folder, backend="pil")
    inputs = processor.image_processor(images=pictures, return_tensors="pt")
    return CLIPModel.from_pretrained(folder).vision_model(**inputs, output_hidden_states=True)


def xlmr_states(folder: Path, texts: list[str]) -> tuple[Any, Any]:
    batch = AutoTokenizer.from_pretrained(folder)(texts, padding=True, truncation=True, return_tensors="pt")
    return XLMRobertaModel.from_pretrained(folder).eval()(**batch, output_hidden_states=True), batch["attention_mask"]


class TestRecipes:
    def test_clip_is_the_mean_of_the_last_layer_s_patch_tokens(self, clip: Path, pictures: list[Image.Image]) -> None:
        vectors = ClipImageEncoder(clip).encode(pictures)
        assert vectors.dtype == np.float32
        expected = unit(clip_states(clip, pictures).last_hidden_state[:, 1:].mean(1))
        np.testing.assert_allclose(vectors, expected, atol=2e-6)

    def test_xlmr_is_the_mean_of_the_embedding_layer_s_tokens_but_the_first(self, xlmr: Path, texts: list[str]) -> None:
        vectors = XlmrTextEncoder(xlmr).encode(texts)
        output, mask = xlmr_states(xlmr, texts)
        kept = mask[:, 1:, None].float()
        expected = unit((output.hidden_states[0][:, 1:] * kept).sum(1) / kept.sum(1))
        np.testing.assert_allclose(vectors, expected, atol=2e-6)
        assert vectors.dtype == np.float32

    @pytest.mark.parametrize("kind", ["clip", "xlmr"])
    def test_alone_and_in_company(self, kind: str, request: pytest.FixtureRequest, texts, pictures) -> None:
        folder = request.getfixturevalue(kind)
        encoder, inputs = (ClipImageEncoder(folder), pictures) if kind == "clip" else (XlmrTextEncoder(folder), texts)
        together = encoder.encode(inputs * 4)
        for i, item in enumerate(inputs):
            np.testing.assert_array_equal(encoder.encode([item]), together[i : i + 1])
        np.testing.assert_array_equal(encoder.encode((inputs * 4)[::-1]), together[::-1])

    def test_long_texts_are_cut_off(self, xlmr: Path) -> None:
        encoder = XlmrTextEncoder(xlmr)
        long = "ab" * 500
        tokens = AutoTokenizer.from_pretrained(xlmr)(long, truncation=True)["input_ids"]
        assert len(tokens) == 48
        np.testing.assert_array_equal(encoder.encode([long]), encoder.encode([long + " circle"]))
        short = XlmrTextEncoder(xlmr, max_length=4)
        np.testing.assert_array_equal(short.encode(["a red circle"]), short.encode(["a red square"]))
        assert short.fingerprint != encoder.fingerprint

    def test_lone_surrogates_are_read_as_a_question_mark(self, xlmr: Path) -> None:
        encoder = XlmrTextEncoder(xlmr)
        np.testing.assert_array_equal(encoder.encode(["red \ud800"]), encoder.encode(["red ?"]))

    def test_modes_of_pictures(self, clip: Path) -> None:
        picture = Image.new("L", (24, 24), 90)
        encoder = ClipImageEncoder(clip)
        np.testing.assert_array_equal(encoder.encode([picture]), encoder.encode([picture.convert("RGB")]))


class TestAuto:
    @pytest.mark.parametrize("layer", [0, 1, -1, -2])
    def test_layers_and_poolings(self, xlmr: Path, clip: Path, texts, pictures, layer: int) -> None:
        output, mask = xlmr_states(xlmr, texts)
        states = output.last_hidden_state if layer == -1 else output.hidden_states[layer]
        rows = [state[: int(n)] for state, n in zip(states, mask.sum(1), strict=True)]
        encoder = AutoTextEncoder(xlmr, layer=layer)
        for encoder.pooling in ("mean", "mean_without_first", "first", "last"):
            expected = unit(np.array([pooled(row, encoder.pooling) for row in rows]))
            np.testing.assert_allclose(encoder.encode(texts), expected, atol=1e-5)
        output = clip_states(clip, pictures)
        states = output.last_hidden_state if layer == -1 else output.hidden_states[layer]
        encoder = AutoImageEncoder(clip, layer=layer)
        for encoder.pooling in ("mean", "mean_without_first", "first", "last"):
            expected = unit(np.array([pooled(state, encoder.pooling) for state in states]))
            np.testing.assert_allclose(encoder.encode(pictures), expected, atol=1e-5)

    def test_the_model_s_own_pooling(self, xlmr: Path, clip: Path, texts, pictures) -> None:
        vectors = AutoTextEncoder(xlmr, pooling="pooler").encode(texts)
        np.testing.assert_allclose(vectors, unit(xlmr_states(xlmr, texts)[0].pooler_output), atol=1e-5)
        vectors = AutoImageEncoder(clip, pooling="pooler").encode(pictures)
        np.testing.assert_allclose(vectors, unit(clip_states(clip, pictures).pooler_output), atol=1e-5)

    @pytest.mark.parametrize("batch_size", [1, 3, 5, 16])
    def test_alone_and_in_company(self, xlmr: Path, clip: Path, texts, pictures, batch_size: int) -> None:
        text = AutoTextEncoder(xlmr, batch_size=batch_size)
        together = text.encode(texts)
        image = AutoImageEncoder(clip, batch_size=batch_size)
        shown = image.encode(pictures)
        for i in range(len(texts)):
            np.testing.assert_array_equal(text.encode([texts[i]]), together[i : i + 1])
            np.testing.assert_array_equal(image.encode([pictures[i]]), shown[i : i + 1])

    def test_where_the_place_in_the_batch_matters_inputs_go_one_by_one(self, clip: Path, pictures, monkeypatch) -> None:
        sizes: list[int] = []
        batch = AutoImageEncoder._of

        def uneven(self: Any, pixels: Any) -> Any:
            sizes.append(len(pixels))
            return [row + 1e-9 * place for place, row in enumerate(batch(self, pixels))]

        monkeypatch.setattr(AutoImageEncoder, "_of", uneven)
        encoder = AutoImageEncoder(clip, batch_size=4)
        vectors = encoder.encode(pictures)
        assert sizes == [4, 4] + [1] * len(pictures)
        np.testing.assert_array_equal(encoder.encode(pictures[3:5]), vectors[3:5])

    @pytest.mark.parametrize(("rounding", "rows"), [(0.0, 4), (1e-9, 16)], ids=["as on CPUs", "as on some GPUs"])
    def test_few_are_filled_up_to_a_power_of_two(self, clip: Path, pictures, monkeypatch, rounding, rows) -> None:
        sizes: list[int] = []
        batch = AutoImageEncoder._of

        def counted(self: Any, pixels: Any) -> Any:
            sizes.append(len(pixels))
            return [row + rounding * len(pixels) for row in batch(self, pixels)]

        monkeypatch.setattr(AutoImageEncoder, "_of", counted)
        encoder = AutoImageEncoder(clip, batch_size=16)
        vectors = encoder.encode(pictures[:3])
        assert sizes[-1] == rows
        np.testing.assert_array_equal(encoder.encode(pictures[:3]), vectors)
        assert sizes[-1] == rows

    def test_the_text_part_of_a_model_of_both(self, clip: Path) -> None:
        encoder = AutoTextEncoder(clip, pooling="last")
        batch = AutoTokenizer.from_pretrained(clip)(["abc ab"], return_tensors="pt")
        states = CLIPModel.from_pretrained(clip).text_model(**batch).last_hidden_state
        np.testing.assert_allclose(encoder.encode(["abc ab"]), unit(states[:, -1]), atol=1e-5)

    def test_nothing(self, xlmr: Path, clip: Path) -> None:
        assert AutoTextEncoder(xlmr).encode([]).shape == (0, 0)
        assert AutoImageEncoder(clip).encode([]).shape == (0, 0)


def pooled(tokens: Any, pooling: str) -> np.ndarray:
    array = tokens.detach().double().numpy()
    return {
        "mean": lambda: array.mean(0),
        "mean_without_first": lambda: array[1:].mean(0),
        "first": lambda: array[0],
        "last": lambda: array[-1],
    }[pooling]()


class TestFingerprint:
    def test_sees_weights_and_settings(self, xlmr: Path, clip: Path, tmp_path: Path) -> None:
        copy = shutil.copytree(xlmr, tmp_path / "copy")
        base = XlmrTextEncoder(xlmr)
        assert XlmrTextEncoder(copy).fingerprint == base.fingerprint
        others = [
            AutoTextEncoder(xlmr),
            AutoTextEncoder(xlmr, layer=0, pooling="mean_without_first"),
            AutoTextEncoder(xlmr, layer=1),
            AutoTextEncoder(xlmr, pooling="first"),
            AutoTextEncoder(xlmr, batch_size=8),
            AutoTextEncoder(xlmr, dtype="float64"),
            AutoTextEncoder(xlmr, max_length=9),
            ClipImageEncoder(clip),
            AutoImageEncoder(clip, pooling="mean_without_first"),
        ]
        assert len({base.fingerprint, *(other.fingerprint for other in others)}) == 1 + len(others)
        assert XlmrTextEncoder(xlmr, batch_size=8, name="x").fingerprint == base.fingerprint
        assert not base.loaded
        weights = bytearray((copy / "model.safetensors").read_bytes())
        weights[-1] ^= 1
        (copy / "model.safetensors").write_bytes(weights)
        assert XlmrTextEncoder(copy).fingerprint != base.fingerprint


class TestErrors:
    @pytest.mark.parametrize(
        ("settings", "message"),
        [
            (
                {"pooling": "max"},
                "unknown pooling 'max'; it is one of mean, mean_without_first, first, last, pooler.",
            ),
            (
                {"pooling": "pooler", "layer": 0},
                "pooling 'pooler' is of the last layer; leave layer=0 out, or choose another pooling.",
            ),
            ({"batch_size": 0}, "batch_size is 0; it must be at least 1."),
            ({"max_length": 0}, "max_length is 0; it must be at least 1."),
        ],
    )
    def test_settings_out_of_range(self, xlmr: Path, settings: dict[str, Any], message: str) -> None:
        with pytest.raises(ModelError) as caught:
            AutoTextEncoder(xlmr, **settings)
        assert str(caught.value) == message

    def test_no_such_layer(self, xlmr: Path) -> None:
        with pytest.raises(ModelError) as caught:
            AutoTextEncoder(xlmr, layer=7, name="tiny").encode(["a"])
        assert str(caught.value) == "tiny has layers 0 to 2; there is no layer 7."

    def test_missing_weights(self, xlmr: Path, tmp_path: Path) -> None:
        from safetensors.torch import load_file, save_file

        copy = shutil.copytree(xlmr, tmp_path / "copy")
        weights = load_file(copy / "model.safetensors")
        del weights["embeddings.word_embeddings.weight"]
        save_file(weights, copy / "model.safetensors", metadata={"format": "pt"})
        with pytest.raises(ModelError) as caught:
            XlmrTextEncoder(copy).encode(["a"])
        assert str(caught.value) == (
            f"{copy} lacks 1 weights of a XLMRobertaModel, which would be random: embeddings.word_embeddings.weight. "
            "Give a checkpoint of this kind of model."
        )

    def test_a_checkpoint_without_pooler(self, xlmr: Path, tmp_path: Path) -> None:
        """Like the real XLM-R checkpoint, which was trained on masked tokens."""
        XLMRobertaForMaskedLM(XLMRobertaConfig.from_pretrained(xlmr)).save_pretrained(tmp_path)
        for name in ("tokenizer.json", "tokenizer_config.json"):
            shutil.copy(xlmr / name, tmp_path / name)
        assert XlmrTextEncoder(tmp_path).encode(["a"]).shape == (1, 12)
        with pytest.raises(ModelError, match="lacks 2 weights of a XLMRobertaModel, which would be random: pooler"):
            AutoTextEncoder(tmp_path, pooling="pooler").encode(["a"])

    def test_nothing_there(self, tmp_path: Path) -> None:
        (tmp_path / "config.json").write_text('{"model_type": "nonsense"}')
        with pytest.raises(ModelError, match=f"^cannot load the encoder {tmp_path.name}: "):
            AutoTextEncoder(tmp_path).encode(["a"])


class TestLoad:
    def test_the_built_in_pair(self) -> None:
        pair = encoders.load("tiny")
        assert pair.name == "tiny-clip + tiny-xlm-r"
        assert isinstance(pair.image, ClipImageEncoder)
        assert isinstance(pair.text, XlmrTextEncoder)
        assert len(pair.image.fingerprint) == len(pair.text.fingerprint) == 64
        assert not pair.image.loaded
        assert encoders.load(pair) is pair

    def test_the_paper_s_pair(self) -> None:
        pair = encoders.load("paper")
        assert pair.name == "openai/clip-vit-base-patch32 + FacebookAI/xlm-roberta-base"
        assert (type(pair.image), type(pair.text)) == (ClipImageEncoder, XlmrTextEncoder)

    def test_the_paper_s_pair_or_the_built_in_one(self, monkeypatch: pytest.MonkeyPatch) -> None:
        import huggingface_hub

        kept = {"openai/clip-vit-base-patch32", "FacebookAI/xlm-roberta-base"}
        folder = "/cache/" + "c" * 40
        monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
        monkeypatch.setattr(
            huggingface_hub,
            "try_to_load_from_cache",
            lambda name, file, **_: f"{folder}/config.json" if name in kept else None,
        )
        pair = encoders.paper_or_tiny(batch_size=4)
        assert (pair.name, pair.note) == (encoders.load("paper").name, "")
        assert pair.text.batch_size == 4
        kept.remove("FacebookAI/xlm-roberta-base")  # half a pair is none
        pair = encoders.paper_or_tiny(batch_size=4)
        assert pair.name == "tiny-clip + tiny-xlm-r"
        assert pair.image.batch_size == 4
        assert pair.note == (
            "Embedded with the built-in encoders (tiny-clip + tiny-xlm-r), which know drawn scenes and little else: "
            "retained, EMI, EMID and cosine say less about photographs, and are not comparable with those of the "
            "paper's pair; exact match does not suffer. The paper's pair (openai/clip-vit-base-patch32 + "
            "FacebookAI/xlm-roberta-base) is out of reach: "
            "cannot tell which commit 'FacebookAI/xlm-roberta-base' is at revision 'main': the Hub did not answer, and "
            "the local Hub cache has no copy. Check the id, the network and HF_TOKEN; or give a folder, or a full "
            "commit."
        )

    def test_pairs(self, clip: Path, xlmr: Path) -> None:
        pair = encoders.load(f"{clip} + {xlmr}")
        assert (type(pair.image), type(pair.text)) == (ClipImageEncoder, XlmrTextEncoder)
        pair = encoders.load((pair.image, clip), batch_size=3)
        assert type(pair.text) is AutoTextEncoder
        assert pair.text.batch_size == 3
        pair = encoders.load((lambda images: np.ones((len(images), 2)), lambda texts: np.ones((len(texts), 2))))
        assert pair.text.encode(["a", "b"]).shape == (2, 2)

    @pytest.mark.parametrize("spec", ["nonsense", ("a",), 3])
    def test_what_is_no_pair(self, spec: Any) -> None:
        with pytest.raises(ModelError) as caught:
            encoders.load(spec)
        assert str(caught.value) == (
            f"{spec!r} names no pair of encoders. Give 'tiny', 'paper', 'IMAGE + TEXT' (folders or Hub ids), or a pair "
            "(image, text) of folders, Hub ids, functions or encoders."
        )
