"""The bytes of the keys: what is kept in caches and packs is found by them, whatever release wrote it."""

from __future__ import annotations

import hashlib
import struct

import pytest

from pytest_emid.cache.keys import answer_key, answer_keys, embedding_key, former_keys, text_digest
from pytest_emid.data.sample import Sample
from pytest_emid.errors import ModelError


def digest(*parts: str) -> bytes:
    """sha256 over every part behind its length."""
    raw = [part.encode("utf-8", "surrogatepass") for part in parts]
    return hashlib.sha256(b"".join(struct.pack(">Q", len(part)) + part for part in raw)).digest()


def test_keys_are_digests_of_their_parts_behind_their_lengths() -> None:
    assert answer_key("n", "m", "p", "q") == digest("answer/2", "n", "m", "p", "q", "0")
    assert answer_key("n", "m", "p", "é\ud800", 12) == digest("answer/2", "n", "m", "p", "é\ud800", "12")
    assert answer_key("n", "m", "p", "q", 1, "s") == digest("answer/2", "n", "m", "p", "q", "1", "s")
    assert embedding_key("e", "text", "c") == digest("vector/1", "e", "text", "c")
    assert text_digest("é") == hashlib.sha256("é".encode()).hexdigest()
    assert text_digest("\ud800") == hashlib.sha256(b"\xed\xa0\x80").hexdigest()


@pytest.mark.parametrize(
    ("one", "other"),
    [(("ab", "c", "d"), ("a", "bc", "d")), (("a", "bc", "d"), ("a", "b", "cd")), (("", "a", ""), ("a", "", ""))],
)
def test_parts_do_not_run_into_one_another(one: tuple[str, str, str], other: tuple[str, str, str]) -> None:
    assert answer_key("n", *one) != answer_key("n", *other)
    assert answer_key(*one, "q") != answer_key(*other, "q")
    assert embedding_key(*one) != embedding_key(*other)
    assert answer_key("n", "m", "p", "q1", 0) != answer_key("n", "m", "p", "q", 10)
    assert answer_key("n", "m", "p", "q", 0, "") != answer_key("n", "m", "p", "q", 0)


def test_every_sample_has_the_key_of_its_picture_and_question() -> None:
    class Model:
        name, fingerprint = "m", "f"

    samples = [Sample(name, "unused.png", f"question {name}", "r") for name in "ab"]
    assert answer_keys(Model(), samples, ["p1", "p2"], 3) == [  # type: ignore[arg-type]
        answer_key("m", "f", "p1", "question a", 3),
        answer_key("m", "f", "p2", "question b", 3),
    ]
    assert answer_keys(Model(), samples[:1], ["p1"]) == [answer_key("m", "f", "p1", "question a", 0)]  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="zip"):
        answer_keys(Model(), samples, ["p1"])  # type: ignore[arg-type]


def test_who_answers_by_id_is_kept_by_id() -> None:
    class ById:
        name, fingerprint, by_id = "m", "f", True

    samples = [Sample(name, "unused.png", "the same", "r") for name in "ab"]
    keys = answer_keys(ById(), samples, ["p", "p"])  # type: ignore[arg-type]
    assert keys == [answer_key("m", "f", "p", "the same", 0, name) for name in "ab"]
    assert former_keys(ById(), samples, ["p", "p"]) == []  # type: ignore[arg-type]


def test_version_0_1_0_knew_no_names() -> None:
    class Model:
        name, fingerprint = "m", "f"

    [sample] = [Sample("a", "unused.png", "q", "r")]
    assert former_keys(Model(), [sample], ["p"], 2) == [digest("answer/1", "f", "p", "q", "2")]  # type: ignore[arg-type]


@pytest.mark.parametrize("what", ["name", "fingerprint"])
@pytest.mark.parametrize("value", ["", " ", None, 5, b"x"])
def test_who_has_no_name_or_fingerprint_is_refused(what: str, value: object) -> None:
    class Model:
        name = fingerprint = "m"

    setattr(Model, what, value)
    with pytest.raises(ModelError) as caught:
        answer_keys(Model(), [], [])  # type: ignore[arg-type]
    shown = repr(value) if isinstance(value, str) or value is None else f"{type(value).__name__}: {str(value)!r}"
    assert str(caught.value) == (
        f"the {what} of Model is a text that is not empty, such as 'my-model-2026-05-01', not {shown}. Answers and "
        "vectors are kept under it."
    )
