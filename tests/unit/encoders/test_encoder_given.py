"""Encoders that are functions, arrays, or sentence-transformers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pytest_emid.data.sample import Sample, image_digest
from pytest_emid.encoders import (
    CallableImageEncoder,
    CallableTextEncoder,
    PrecomputedImageEncoder,
    PrecomputedTextEncoder,
    SentenceTextEncoder,
)
from pytest_emid.errors import DataError, ModelError


def lengths(texts: list[str]) -> list[list[float]]:
    return [[float(len(text)), 1.0] for text in texts]


class TestCallable:
    def test_rows_get_unit_length(self) -> None:
        vectors = CallableTextEncoder(lengths).encode(["abc", ""])
        np.testing.assert_allclose(vectors, [[3 / np.sqrt(10), 1 / np.sqrt(10)], [0, 1]], rtol=1e-6)
        assert vectors.dtype == np.float32
        pictures = [Image.new("RGB", (3, 4)), Image.new("RGB", (8, 6))]
        encoder = CallableImageEncoder(lambda images: np.array([image.size for image in images]), name="size")
        np.testing.assert_allclose(encoder.encode(pictures), [[0.6, 0.8], [0.8, 0.6]], rtol=1e-6)
        assert encoder.name == "size"

    def test_a_zero_row_is_nan_and_therefore_noticed(self) -> None:
        assert np.isnan(CallableTextEncoder(lambda texts: np.zeros((1, 2))).encode(["a"])).all()

    def test_fingerprints(self) -> None:
        first, second = CallableTextEncoder(lengths), CallableTextEncoder(lengths)
        assert first.ephemeral
        assert first.fingerprint != second.fingerprint
        named = CallableTextEncoder(lengths, fingerprint="v1")
        assert not named.ephemeral
        assert named.fingerprint == CallableTextEncoder(len, fingerprint="v1").fingerprint  # type: ignore[arg-type]

    def test_errors(self) -> None:
        with pytest.raises(ModelError) as caught:
            CallableTextEncoder(lambda texts: np.ones(3), name="odd").encode(["a", "b"])
        assert str(caught.value) == (
            "odd returned an array of shape (3,) for 2 inputs; it must be (2, d), one vector per input."
        )
        with pytest.raises(ModelError, match="3 cannot be called"):
            CallableTextEncoder(3)  # type: ignore[arg-type]


class TestPrecomputed:
    def test_vectors_of_one_picture_must_agree(self) -> None:
        """A text's vectors, or rows in another order than the samples, would pass for the pictures'."""
        pictures = [Image.new("RGB", (2, 2), color) for color in ("red", "blue")]
        samples = [Sample(f"s{i}", pictures[i // 2], f"question {i}", "x") for i in range(4)]
        rows = np.repeat(np.eye(2), 2, axis=0)
        assert len(PrecomputedImageEncoder.of_samples(samples, rows + 1e-7 * np.arange(8).reshape(4, 2))) == 2
        with pytest.raises(DataError) as caught:
            PrecomputedImageEncoder.of_samples(samples, rows[::-1][[0, 2, 1, 3]])
        assert str(caught.value) == (
            "samples 's0' and 's1' show the same picture, and their vectors differ. Give the pictures' vectors, in the "
            "order of the samples."
        )

    def test_numbers_only(self) -> None:
        with pytest.raises(DataError) as caught:
            PrecomputedTextEncoder({"a": "xyz"}, name="mine")
        assert str(caught.value) == "mine: a vector is a list of numbers: could not convert string to float: 'xyz'."

    def test_texts(self) -> None:
        encoder = PrecomputedTextEncoder({"a": [3, 4], "b": [0, 2]})
        np.testing.assert_allclose(encoder.encode(["b", "a", "b"]), [[0, 1], [0.6, 0.8], [0, 1]], rtol=1e-6)
        assert len(encoder) == 2

    def test_pictures(self) -> None:
        pictures = [Image.new("RGB", (2, 2), (i, 0, 0)) for i in range(3)]
        samples = [Sample(f"s{i}", picture, "?", "x") for i, picture in enumerate(pictures)]
        encoder = PrecomputedImageEncoder.of_samples(samples, np.eye(3), name="mine")
        np.testing.assert_array_equal(encoder.encode([pictures[2], pictures[0].copy()]), np.eye(3)[[2, 0]])
        same = PrecomputedImageEncoder({image_digest(p): row for p, row in zip(pictures, np.eye(3), strict=True)})
        assert same.fingerprint == encoder.fingerprint

    def test_the_fingerprint_is_the_content_s(self) -> None:
        base = PrecomputedTextEncoder({"a": [3, 4], "b": [0, 2]})
        assert base.fingerprint == PrecomputedTextEncoder({"b": [0, 2], "a": [3, 4]}, name="x").fingerprint
        others = [{"a": [3, 4]}, {"a": [3, 4], "c": [0, 2]}, {"a": [4, 3], "b": [0, 2]}]
        assert len({base.fingerprint, *(PrecomputedTextEncoder(other).fingerprint for other in others)}) == 4

    def test_what_is_missing_is_listed(self) -> None:
        with pytest.raises(ModelError) as caught:
            PrecomputedTextEncoder({"a": [1, 0]}, name="mine").encode(["a", "b", "c"])
        assert str(caught.value) == (
            "mine has no vector for 2 of 3 texts: 'b', 'c'. Compute them, or use an encoder that can."
        )

    @pytest.mark.parametrize(
        ("vectors", "message"),
        [
            ({}, "mine: no vectors were given."),
            ({"a": [1], "b": [1, 2]}, "mine: every vector must have the same length; found shapes [(1,), (2,)]."),
            ({"a": 1.0}, "mine: every vector must have the same length; found shapes [()]."),
            ({"a": [1, 0], "b": [0, 0]}, "mine: the vector of 'b' is zero, NaN or infinite."),
            ({"a": [1, np.nan]}, "mine: the vector of 'a' is zero, NaN or infinite."),
        ],
    )
    def test_bad_vectors(self, vectors, message: str) -> None:
        with pytest.raises(DataError) as caught:
            PrecomputedTextEncoder(vectors, name="mine")
        assert str(caught.value) == message

    def test_one_row_per_sample(self) -> None:
        with pytest.raises(DataError) as caught:
            PrecomputedImageEncoder.of_samples([], np.ones((2, 3)))
        assert str(caught.value) == "an array of shape (2, 3) does not hold one vector for each of 0 samples."


class TestSentence:
    def test_without_the_library(self, xlmr: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "sentence_transformers", None)
        encoder = SentenceTextEncoder(xlmr, name="mini")
        assert len(encoder.fingerprint) == 64
        with pytest.raises(ModelError) as caught:
            encoder.encode(["a"])
        assert str(caught.value) == (
            "the encoder mini needs sentence-transformers. Install it: "
            "pip install 'pytest-emid[sentence-transformers]'."
        )

    def test_genuine(self, xlmr: Path, tmp_path: Path, texts: list[str]) -> None:
        library = pytest.importorskip("sentence_transformers")
        model = library.SentenceTransformer(str(xlmr), device="cpu")  # adds mean pooling
        model.save(str(tmp_path / "st"))
        encoder = SentenceTextEncoder(tmp_path / "st")
        fingerprint = encoder.fingerprint
        vectors = encoder.encode(texts)
        expected = model.encode(texts, normalize_embeddings=True, show_progress_bar=False)
        np.testing.assert_allclose(vectors, expected, atol=1e-5)
        pooling = tmp_path / "st" / "1_Pooling" / "config.json"
        pooling.write_text(pooling.read_text() + "\n")
        assert SentenceTextEncoder(tmp_path / "st").fingerprint != fingerprint


def test_importing_imports_neither_torch_nor_transformers() -> None:
    code = (
        "import sys, pytest_emid.encoders as e\n"
        "print(len(e.load('tiny', device='cpu').image.fingerprint))\n"
        "print(sorted({'torch', 'transformers'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["64", "[]"]
