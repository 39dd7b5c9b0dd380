"""What made a result: flat settings without secrets, fingerprints, versions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest

from pytest_emid import __version__, encoders, models, shifts
from pytest_emid.data.sample import Sample
from pytest_emid.measuring.provenance import HIDDEN, provenance
from pytest_emid.models.base import Response


class Served:
    name, fingerprint = "served", "f1"

    def __init__(self, **identity: Any) -> None:
        self.identity: Mapping[str, Any] = identity

    def respond(self, samples: Sequence[Sample]) -> Iterator[tuple[int, Response]]:
        raise AssertionError


def settings_of(**identity: Any) -> Mapping[str, str]:
    return provenance(Served(**identity), encoders.load("tiny"), "c", {}).settings


def test_settings_are_flat_and_in_order() -> None:
    said = settings_of(generation={"num_beams": 2, "stop": ["a", "b"]}, dtype=None)
    assert list(said.items()) == [
        ("dtype", "None"),
        ("generation.num_beams", "2"),
        ("generation.stop", "['a', 'b']"),
    ]


@pytest.mark.parametrize(
    ("identity", "name"),
    [
        ({"token": "hf_secret"}, "token"),
        ({"load_kwargs": {"use_auth_token": "hf_secret"}}, "load_kwargs.use_auth_token"),
        ({"load_kwargs": {"api-key": "hf_secret"}}, "load_kwargs.api-key"),
        ({"generation": {"extra_headers": {"X": "hf_secret"}}}, "generation.extra_headers"),
        ({"generation": {"tools": [{"password": "hf_secret"}]}}, "generation.tools.0.password"),
    ],
)
def test_secrets_are_hidden(identity: dict[str, Any], name: str) -> None:
    assert settings_of(**identity) == {name: HIDDEN}


def test_words_that_only_sound_like_secrets_are_told() -> None:
    said = settings_of(max_new_tokens=5, generation={"eos_token_id": 1, "image_token": "<image>", "token": 7})
    assert said == {
        "generation.eos_token_id": "1",
        "generation.image_token": "<image>",
        "generation.token": "7",
        "max_new_tokens": "5",
    }


def test_a_model_of_the_package_says_how_its_pictures_become_numbers() -> None:
    shift = shifts.parse("frost:1+keyboard:2")
    made = provenance(models.load("tiny-llava"), encoders.load("tiny"), "c", shift.versions)
    assert made.model == models.load("tiny-llava").fingerprint
    assert made.settings["processor_config.image_processor.size.height"] == "64"
    assert made.settings["generation_config.max_new_tokens"] == "72"
    assert dict(made.shift) == {"frost:1": "3", "keyboard:2": "4"}
    assert made.versions["pytest-emid"] == __version__
    assert {"python", "torch", "transformers", "numpy", "pillow"} <= set(made.versions)


def test_a_function_without_a_fingerprint_is_nobody_in_particular() -> None:
    made = provenance(models.load(lambda images, questions: questions), encoders.load("tiny"), "c", {})
    assert (made.model, dict(made.settings)) == ("", {})
