"""A fingerprint is a text that says something, whoever gives it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from cache_doubles import CountingEncoder, CountingModel, make_samples

from pytest_emid import Dataset, encoders, models
from pytest_emid.encoders import CallableImageEncoder, CallableTextEncoder, Encoders
from pytest_emid.errors import ModelError
from pytest_emid.measuring.measurer import Measurer
from pytest_emid.models import CallableModel

WRONG = [
    ("", "''"),
    (" \n", "' \\n'"),
    (5, "int: '5'"),
    (b"v1", "bytes: \"b'v1'\""),
    (True, "bool: 'True'"),
]


@pytest.mark.parametrize(("fingerprint", "shown"), WRONG, ids=lambda value: str(value))
@pytest.mark.parametrize("kind", [CallableModel, CallableTextEncoder, CallableImageEncoder])
def test_of_a_function(kind: Any, fingerprint: object, shown: str) -> None:
    with pytest.raises(ModelError) as caught:
        kind(len, fingerprint=fingerprint)
    assert str(caught.value) == (
        f"the fingerprint is a text that is not empty, such as 'my-model-2026-05-01', not {shown}. Leave it out where "
        "the function has none."
    )


@pytest.mark.parametrize("kind", [CallableModel, CallableTextEncoder, CallableImageEncoder])
def test_a_function_without_one_is_kept_while_it_lives(kind: Any) -> None:
    assert kind(len, fingerprint=None).ephemeral
    assert kind(len).fingerprint != kind(len).fingerprint
    assert kind(len, fingerprint="v1").fingerprint == kind(max, fingerprint="v1").fingerprint


class Mine:
    def __init__(self, name: Any, fingerprint: Any) -> None:
        self.name, self.fingerprint = name, fingerprint

    def respond(self, samples: Any) -> Any:
        yield from ()

    def encode(self, items: Any) -> Any:
        return items


@pytest.mark.parametrize(("value", "shown"), [*WRONG, (None, "None")], ids=lambda value: str(value))
@pytest.mark.parametrize("attribute", ["name", "fingerprint"])
def test_of_a_class_of_one_s_own(attribute: str, value: object, shown: str) -> None:
    mine = Mine(**{"name": "mine", "fingerprint": "1", attribute: value})
    message = (
        f"the {attribute} of Mine is a text that is not empty, such as 'my-model-2026-05-01', not {shown}. Answers and "
        "vectors are kept under it."
    )
    for load in (models.load, lambda one: encoders.load((one, CountingEncoder()))):
        with pytest.raises(ModelError) as caught:
            load(mine)
        assert str(caught.value) == message


def test_a_measurement_asks_nobody_who_does_not_say_who_he_is() -> None:
    dataset, model = Dataset("d", make_samples(60)), CountingModel()
    model.fingerprint = ""
    with pytest.raises(ModelError, match="the fingerprint of CountingModel is a text that is not empty"):
        Measurer(model, dataset, Encoders(CountingEncoder(), CountingEncoder())).measure("keyboard:1")
    assert model.asked == []


def test_one_of_a_pair_that_is_no_text_is_refused() -> None:
    broken = SimpleNamespace(name="b", fingerprint=7, encode=len)
    with pytest.raises(ModelError, match="the fingerprint of SimpleNamespace is a text that is not empty"):
        encoders.load((CountingEncoder(), broken))
