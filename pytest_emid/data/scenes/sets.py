"""The built-in scenes as datasets, by language and domain, and by name."""

from __future__ import annotations

import hashlib
from functools import partial
from typing import Final

from pytest_emid.data.dataset import Dataset
from pytest_emid.data.sample import LazyImage, Sample
from pytest_emid.data.scenes import scene as scenes
from pytest_emid.data.scenes.domains import DOMAINS, TRAINING
from pytest_emid.data.scenes.languages import LANGUAGES
from pytest_emid.errors import DataError

__all__ = ["SCENES", "load_scenes", "scenes_dataset", "scenes_options", "scenes_spec"]

SCENES: Final = "scenes"
"""What the name of every built-in dataset begins with."""

SAMPLES: Final = 300
"""How many samples there are where nobody says."""

SCENES_VERSION: Final = 1
"""Raised whenever a picture, a question or an answer of a given seed changes."""

DOMAIN_VERSION: Final = 1
"""Raised whenever a picture of another than the training domain changes."""


def scenes_dataset(
    n: int = 300,
    seed: int = 0,
    stream: str = "evaluation",
    *,
    language: str = "en",
    domain: str = "training",
) -> Dataset:
    """`n` samples of the built-in set: three questions (conversation, detail, complex) per picture.

    Sets that differ in the language alone are paired: same ids, pictures and references, and the same questions.
    Sets of different domains share no id and no picture.

    Args:
        n: samples, at least 1; pictures are `ceil(n / 3)`.
        seed: another seed gives other pictures.
        stream: sets of different streams share no picture, whatever their seeds; `calibration` is what critics and
            whitenings are fitted on.
        language: of the questions, a code from `languages.LANGUAGES`; references are English in any case.
        domain: of the pictures, a name from `domains.DOMAINS`.

    Raises:
        DataError: `n` is below 1, or there is no such language or domain; the message lists those that there are.

    Example:
        >>> from pytest_emid import data
        >>> data.scenes_dataset(2, seed=1, language="de").ids
        ('scene-000000-conversation', 'scene-000000-detail')
    """
    if n < 1:
        raise DataError(f"scenes: cannot make {n} samples; ask for at least 1.")
    if language not in LANGUAGES:
        raise DataError(f"scenes: there is no language {language!r}. Languages: {_languages()}.")
    if domain not in DOMAINS:
        raise DataError(f"scenes: there is no domain {domain!r}. Domains: {', '.join(DOMAINS)}.")
    trained = domain == TRAINING.name
    prefix, source, names = ("scene", "scenes", ()) if trained else (domain, f"scenes:{domain}", (domain,))
    samples: list[Sample] = []
    for picture in range(-(-n // len(scenes.CATEGORIES))):
        rng = scenes.generator(seed, stream, *names, picture)
        of = scenes.scene(rng, domain=DOMAINS[domain])
        cluster = f"{prefix}-{picture:06d}"
        image = LazyImage(load=partial(scenes.draw, of), source=f"{source}:{stream}:{seed}:{picture}")
        for category in scenes.CATEGORIES:
            question = scenes.ask(of, category, rng, LANGUAGES[language])
            samples.append(
                Sample(
                    id=f"{cluster}-{category}",
                    image=image,
                    question=question.text,
                    reference=question.answer,
                    category=category,
                    cluster=cluster,
                )
            )
    del samples[n:]
    recipe = f"scenes:{SCENES_VERSION}:{stream}:{seed}:{n}"
    if not trained:
        recipe += f":{domain}:{DOMAIN_VERSION}"
    if language != "en":
        recipe += f":{_questions_digest(samples)}"
    return Dataset(scenes_spec(language, domain), samples, hashlib.sha256(recipe.encode()).hexdigest())


def scenes_spec(language: str = "en", domain: str = "training") -> str:
    """How `load_scenes` is told to make these scenes: `scenes`, `scenes:de`, `scenes:hard` or `scenes:hard:ko`."""
    parts = [SCENES] + ([domain] if domain != TRAINING.name else []) + ([language] if language != "en" else [])
    return ":".join(parts)


def _questions_digest(samples: list[Sample]) -> str:
    """Part of the fingerprint for other languages than English, so that a better wording never meets old answers."""
    digest = hashlib.sha256()
    for sample in samples:
        digest.update(f"{len(sample.question)}:{sample.question}".encode())
    return digest.hexdigest()


def _languages() -> str:
    return ", ".join(f"{code} ({language.name})" for code, language in LANGUAGES.items())


def load_scenes(spec: str, n: int | None = None, seed: int = 0) -> Dataset:
    """Scenes by name: `scenes`, `scenes:<language>`, `scenes:<domain>` or `scenes:<domain>:<language>`.

    Args:
        spec: the name.
        n: samples; 300 by default.
        seed: another seed gives other pictures.

    Raises:
        DataError: the name is none of these, or a part of it is unknown; the message lists what there is.
    """
    return scenes_dataset(SAMPLES if n is None else n, seed, **_options(spec))


def scenes_options(dataset: Dataset) -> dict[str, str] | None:
    """The `language` and `domain` with which `scenes_dataset` makes more samples of the same kind.

    None where these are not clean scenes: a user's dataset may have the name, but not such pictures.
    """
    image = dataset[0].image
    if not (isinstance(image, LazyImage) and image.source.startswith(f"{SCENES}:")):
        return None
    try:
        options = _options(dataset.name)
    except DataError:
        return None
    return {"language": "en", "domain": TRAINING.name, **options}


def _options(spec: str) -> dict[str, str]:
    """Domain and language where a spec names them."""
    name, *parts = spec.split(":")
    if name != SCENES:
        raise DataError(f"dataset {spec!r} is not built in. {_forms()}")
    chosen: dict[str, str] = {}
    for part in parts:
        what = "domain" if part in DOMAINS else "language" if part in LANGUAGES else None
        if what is None or what in chosen:
            problem = f"names two {what}s" if what else f"names {part!r}, which is neither a domain nor a language"
            raise DataError(f"dataset {spec!r} {problem}. {_forms()}")
        chosen[what] = part
    return chosen


def _forms() -> str:
    return (
        "Write scenes, scenes:LANGUAGE, scenes:DOMAIN or scenes:DOMAIN:LANGUAGE. "
        f"Domains: {', '.join(DOMAINS)}. Languages: {_languages()}."
    )
