"""Requests that differ in anything that can change an answer never share a key."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from pytest_emid.cache.keys import answer_key, answer_keys, embedding_key
from pytest_emid.data.sample import Sample, image_digest
from pytest_emid.models import OpenAIServerModel
from pytest_emid.models.backend.checkpoint import digest_of

text = st.text(max_size=8) | st.sampled_from(["", "a", "b", "ab", "\ud800"])
request = st.tuples(text, text, text, text, st.integers(0, 3), st.none() | text)


@given(request, request)
def test_answers(
    first: tuple[str, str, str, str, int, str | None], second: tuple[str, str, str, str, int, str | None]
) -> None:
    assert (answer_key(*first) == answer_key(*second)) == (first == second)


@given(st.tuples(text, text, text), st.tuples(text, text, text))
def test_vectors(first: tuple[str, str, str], second: tuple[str, str, str]) -> None:
    assert (embedding_key(*first) == embedding_key(*second)) == (first == second)


settings = st.dictionaries(
    st.sampled_from(["seed", "revision", "system", "penalty"]),
    st.none() | st.booleans() | st.integers(-2, 2) | st.floats(-1, 1) | text.filter(lambda t: "\ud800" not in t),
)


def typed(values: dict[str, object]) -> dict[str, tuple[type, object]]:
    """1, 1.0 and True are equal in Python and different settings; so are 0.0 and -0.0."""
    return {key: (type(value), repr(value)) for key, value in values.items()}


@given(settings, settings)
def test_settings(first: dict[str, object], second: dict[str, object]) -> None:
    assert (digest_of(first) == digest_of(second)) == (typed(first) == typed(second))


pictures = st.tuples(st.integers(1, 2), st.integers(1, 2), st.integers(0, 3)).map(
    lambda made: Image.new("RGB", made[:2], (made[2], 0, 0))
)
requests = st.fixed_dictionaries(
    {"picture": pictures, "question": text, "repeat": st.integers(0, 1)},
    optional={
        "seed": st.none() | st.integers(0, 2),
        "revision": st.none() | st.sampled_from(["a", "b"]),
        "system": st.sampled_from(["", "a", "b"]),
        "max_tokens": st.integers(1, 3),
        "temperature": st.sampled_from([0.0, 0.5]),
        "detail": st.none() | st.sampled_from(["low", "high"]),
        "generation": st.dictionaries(
            st.sampled_from(["presence_penalty", "frequency_penalty", "top_p"]), st.sampled_from([0.0, 0.5, 1.0])
        ),
    },
)
DEFAULTS = {
    "seed": None, "revision": None, "system": "", "max_tokens": 512, "temperature": 0.0, "detail": None,
    "generation": {},
}  # fmt: skip


def key_of(sent: dict[str, object]) -> bytes:
    """The key under which a cache keeps the answer of a model behind a server."""
    rest = {name: value for name, value in sent.items() if name not in ("picture", "question", "repeat")}
    model = OpenAIServerModel("m", base_url="http://host/v1", **rest)  # type: ignore[arg-type]
    picture: Image.Image = sent["picture"]  # type: ignore[assignment]
    sample = Sample("s", picture, str(sent["question"]), "x")
    [key] = answer_keys(model, [sample], [image_digest(picture)], int(str(sent["repeat"])))
    return key


def whole(sent: dict[str, object]) -> dict[str, object]:
    """What is sent, with what is not said; pictures by size and pixels."""
    picture: Image.Image = sent["picture"]  # type: ignore[assignment]
    return {**DEFAULTS, **sent, "picture": (picture.size, picture.tobytes())}


@given(requests, requests)
def test_requests_to_a_server(first: dict[str, object], second: dict[str, object]) -> None:
    assert (key_of(first) == key_of(second)) == (whole(first) == whole(second))


@given(requests, st.data())
def test_requests_that_differ_in_one_thing(sent: dict[str, object], data: st.DataObject) -> None:
    other = data.draw(requests)
    name = data.draw(st.sampled_from(sorted(whole(sent))))
    changed = {**sent, **({name: other[name]} if name in other else {})}
    assert (key_of(sent) == key_of(changed)) == (whole(sent) == whole(changed))
