"""Translation as a textual shift: from a parallel column, or by a translator whose output is kept."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pytest_emid.errors import ShiftError
from pytest_emid.shifts.component import component
from pytest_emid.shifts.registry import Definition, register
from pytest_emid.shifts.synthetic import SyntheticShift

if TYPE_CHECKING:
    import numpy as np

__all__ = ["ChatTranslator", "translate"]

_LANGUAGE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


def translate(
    translation: Mapping[str, str] | Callable[[str], str],
    language: str,
    *,
    cache: str | Path | None = None,
    replace: bool = False,
) -> SyntheticShift:
    """Register the textual shift `translate_<language>`, and return it; it composes and parses like any other.

    For translations, which other shifts may follow (`translate_de+keyboard(layout=de):1`). Questions that somebody
    else shifted, under a name of their own, are `parallel_text`; a dataset that also has other pictures is `natural`.

    Args:
        translation: from a sample's id, or from a question, to its translation; or a function from a question to its
            translation, such as a `ChatTranslator`.
        language: a name or code made of letters, digits and underscores, such as `de`.
        cache: a JSON-lines file in which a function's translations are kept, and looked up first. One file serves
            several languages and translators (told apart by `str(translation.name)` where there is one).
        replace: whether to put this one in the place of an earlier translation into the same language.

    Raises:
        ShiftError: the language cannot be part of an id, it is registered already and `replace` is False, what is given
            is neither a mapping nor a function, or `cache` is given for a mapping. When applied: a question has no
            translation, an empty one, or one that lost an image placeholder, or the cache is damaged.

    Example:
        >>> from pytest_emid import shifts
        >>> german = shifts.translate({"What is it?": "Was ist das?"}, "de")
        >>> german.apply_text("What is it?")
        'Was ist das?'
        >>> shifts.unregister("translate_de")
    """
    if not isinstance(language, str) or not _LANGUAGE.fullmatch(language):
        raise ShiftError(f"language {language!r} cannot be part of an id: use letters, digits and underscores.")
    name = f"translate_{language}"
    if isinstance(translation, Mapping):
        if cache is not None:
            raise ShiftError(f"{name}: a cache is for a function; a mapping needs none.")
        look_up = _from_mapping(dict(translation), name)
    elif not callable(translation):
        raise ShiftError(
            f"{name}: translations are a mapping from sample id or question, or a function, not "
            f"{type(translation).__name__}."
        )
    else:
        look_up = _from_function(translation, name, None if cache is None else _Cache(Path(cache), language))

    def function(text: str, severity: int, rng: np.random.Generator, *, sample_id: str) -> str:
        translated = look_up(text, sample_id)
        _check(text, translated, sample_id, name)
        return translated

    register(
        Definition(
            name=name,
            modality="textual",
            function=function,
            severities=(),
            kind="language",
            summary=f"Questions translated ({language}).",
            by_sample=True,
        ),
        replace=replace,
    )
    return SyntheticShift((component(name, None),))


def _from_mapping(mapping: dict[str, str], name: str) -> Callable[[str, str], str]:
    def look_up(text: str, sample_id: str) -> str:
        for key in (sample_id, text):
            if key in mapping:
                return mapping[key]
        raise ShiftError(
            f"{name}: the mapping has neither the id of sample {sample_id!r} nor its question {text!r}. "
            "Add one of them, or leave the sample out."
        )

    return look_up


def _from_function(function: Callable[[str], str], name: str, cache: _Cache | None) -> Callable[[str, str], str]:
    translator = str(getattr(function, "name", ""))
    known: dict[str, str] = {}

    def look_up(text: str, sample_id: str) -> str:
        found = known.get(text) or (cache.get(translator, text) if cache is not None else None)
        if found is None:
            try:
                found = function(text)
            except ShiftError:
                raise
            except Exception as error:
                raise ShiftError(
                    f"{name}: the translator failed on sample {sample_id!r}: {type(error).__name__}: {error}."
                ) from error
            _check(text, found, sample_id, name)
            if cache is not None:
                cache.put(translator, text, found)
        known[text] = found
        return found

    return look_up


def _check(text: str, translated: object, sample_id: str, name: str) -> None:
    from pytest_emid.shifts.perturbations.tokens import tokenize

    if not isinstance(translated, str) or not translated.strip():
        raise ShiftError(f"{name}: sample {sample_id!r} has an empty translation, {translated!r}, of {text!r}.")
    for token in tokenize(text, "placeholders"):
        if token.kind == "kept" and token.text not in translated:
            raise ShiftError(
                f"{name}: the translation of sample {sample_id!r} lost the placeholder {token.text!r}: {translated!r}."
            )


class _Cache:
    """Translations in a JSON-lines file, one line each; lines are only ever added."""

    def __init__(self, path: Path, language: str) -> None:
        self.path = path
        self.language = language
        self._known: dict[str, str] | None = None

    def get(self, translator: str, text: str) -> str | None:
        return self._read().get(self._key(translator, text))

    def put(self, translator: str, text: str, translation: str) -> None:
        self._read()[self._key(translator, text)] = translation
        line = {"language": self.language, "translator": translator, "text": text, "translation": translation}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, ensure_ascii=True) + "\n")

    def _key(self, translator: str, text: str) -> str:
        return json.dumps([self.language, translator, text])

    def _read(self) -> dict[str, str]:
        if self._known is None:
            self._known = {}
            # Only a line feed ends a line of JSON lines: U+2028 and its like may stand in a text.
            lines = self.path.read_bytes().split(b"\n") if self.path.exists() else []
            for number, line in enumerate(lines, start=1):
                if not line.strip():
                    continue
                try:
                    row = json.loads(line)
                    key = json.dumps([row["language"], row["translator"], row["text"]])
                    self._known[key] = row["translation"]
                except (ValueError, TypeError, KeyError) as error:
                    raise ShiftError(
                        f"{self.path}, line {number}: not a kept translation ({type(error).__name__}: {error}). "
                        "Repair or remove the line."
                    ) from error
        return self._known


@dataclass(frozen=True)
class ChatTranslator:
    """A translator behind an OpenAI-compatible chat interface.

    Attributes:
        client: an `openai.OpenAI` object, or anything with its `chat.completions.create`.
        model: the model's name at that server.
        language: what the model is told to translate into, in words, such as `German`.
        instruction: the system message; `{language}` is filled in.
        settings: further arguments of `create`; the default asks for the most likely translation.

    Example:
        >>> from types import SimpleNamespace as Made
        >>> from pytest_emid import shifts
        >>> said = Made(finish_reason="stop", message=Made(content="Was ist das?"))
        >>> completions = Made(create=lambda **request: Made(choices=[said]))
        >>> client = Made(chat=Made(completions=completions))  # stands in for openai.OpenAI()
        >>> shifts.ChatTranslator(client, "some-model", "German")("What is it?")
        'Was ist das?'
    """

    client: Any
    model: str
    language: str
    instruction: str = (
        "Translate the user's question about a picture into {language}. Keep placeholders such as <image> and options "
        "such as (A) as they are. Answer with the translation only."
    )
    settings: Mapping[str, Any] = field(default_factory=lambda: {"temperature": 0.0})

    @property
    def name(self) -> str:
        """Tells translations apart in a cache: model, instruction and settings."""
        recipe = json.dumps([self.language, self.instruction, dict(self.settings)], sort_keys=True, default=str)
        return f"{self.model}:{hashlib.sha256(recipe.encode()).hexdigest()[:12]}"

    def __call__(self, text: str) -> str:
        """The translation.

        Raises:
            ShiftError: the server gave no complete answer.
        """
        completion = self.client.chat.completions.create(
            model=self.model,
            messages=[
                {"role": "system", "content": self.instruction.replace("{language}", self.language)},
                {"role": "user", "content": text},
            ],
            **self.settings,
        )
        choice = completion.choices[0]
        if choice.finish_reason != "stop" or not choice.message.content:
            raise ShiftError(
                f"{self.model} gave no complete translation of {text!r}: it ended with {choice.finish_reason!r}."
            )
        return str(choice.message.content).strip()
