"""Responses and embeddings that are kept, and asked for once."""

from __future__ import annotations

import uuid
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from pytest_emid.cache.checked import sound
from pytest_emid.cache.claims import Ask, Waiting, log, obtain
from pytest_emid.cache.contract import held_to_contract
from pytest_emid.cache.held import Held
from pytest_emid.cache.keys import Former, answer_keys, embedding_key, text_digest
from pytest_emid.cache.packs import read_pack, write_pack
from pytest_emid.cache.pictures import Pictures
from pytest_emid.cache.place import file_of, is_pack
from pytest_emid.cache.store import Sizes, Store
from pytest_emid.data.sample import Sample
from pytest_emid.encoders.base import ImageEncoder, TextEncoder
from pytest_emid.encoders.several import encode_pictures
from pytest_emid.errors import DataError, ModelError, UnavailableError
from pytest_emid.models.base import Model, Outcome, Response, traits_of
from pytest_emid.models.keys import identity_of
from pytest_emid.models.packs import Answer, Vector, pack_key
from pytest_emid.models.reasoning import spoken

__all__ = ["Cache", "Counts", "Mode", "Progress"]

Mode = Literal["use", "off", "read", "refresh"]
"""`use` keeps and serves; `off` keeps nothing on disk; `read` serves, never asks and never writes; `refresh` asks anew
and keeps."""
Progress = Callable[[int, int], None]
"""Called with (answers so far, answers in all)."""
Rows = NDArray[np.float32]

ENCODE_AT_ONCE: Final = 64
_UNSCORED: Final = (Outcome.REFUSED, Outcome.EMPTY)
"""Answers that may have no tokens to score."""
_LARGE: Final = 32 * 2**20
"""Bytes of a replay pack that is not held in memory."""


@dataclass
class Counts:
    """What a cache did in this process: distinct queries served, of these kept before this run, asked and failed;
    pictures and texts encoded."""

    served: int = 0
    earlier: int = 0
    asked: int = 0
    failed: int = 0
    encoded: int = 0


class Cache:
    """Responses and embeddings, kept.

    Args:
        path: a folder (made when missing; the file is `cache.sqlite` in it), or a file whose name ends in `.sqlite`,
            `.sqlite3` or `.db`. None keeps everything in memory, for this object only. A file that ends in `.json` is
            a replay pack: it is only read, so `use` is `read`.
        mode: see `Mode`.
        run: for `refresh`, the id of the run whose entries count as fresh; its processes share it, so that each answer
            is refreshed once. By default one of this object's own.
        max_bytes: of content; the longest unused entries go when the cache is opened, unless it is only read.
        max_age: in seconds; entries unused for longer go when the cache is opened, unless it is only read.
        across_machines: the file is shared over a network file system (see `Store`).
        pack_key_env: environment variable with the key of replay packs: those that are written are signed with it, and
            those that are read must be. None signs none, and takes any.
        waiting: told in a sentence, after some seconds, who is making what is waited for.

    Raises:
        DataError: an unknown mode; a file that is not a cache, is damaged or cannot be written; in mode `read`, no
            file.
    """

    def __init__(
        self,
        path: str | Path | None,
        *,
        mode: Mode = "use",
        run: str | None = None,
        max_bytes: int | None = None,
        max_age: float | None = None,
        across_machines: bool = False,
        pack_key_env: str | None = None,
        waiting: Waiting = log.warning,
    ) -> None:
        if mode not in get_args(Mode):
            raise DataError(f"unknown cache mode {mode!r}; it is one of {', '.join(get_args(Mode))}.")
        pack = Path(path) if path is not None and mode != "off" and is_pack(path) else None
        self.path = None if path is None else pack or file_of(Path(path), make=mode in ("use", "refresh"))
        self.mode: Mode = "read" if pack is not None and mode == "use" else mode
        self.counts = Counts()
        self._waiting = waiting
        self._run = run or str(uuid.uuid4())
        self._fresh = self._run if mode == "refresh" else None
        self._pack_key_env = pack_key_env
        self._renamed: set[tuple[str, str]] = set()
        in_memory = mode == "off" or pack is not None
        large = pack is not None and pack.is_file() and pack.stat().st_size > _LARGE
        self.store = Store(None if in_memory else self.path, across_machines, mode == "read", on_disk=large)
        self._fleeting = Store(None)
        self._pictures = Pictures(self.store)
        self._held = Held()
        self._out_of_reach: dict[str, str] = {}
        """Encoders whose server was found to be gone, and why: 61 scenarios do not wait for it 61 times."""
        if pack is not None:
            if mode == "refresh":
                raise DataError(
                    f"the replay pack {pack} can only be read; answers that are asked anew cannot be kept in it. "
                    "Refresh a cache folder, and write the pack again: python -m pytest_emid pack."
                )
            read_pack(pack, self.store, pack_key(pack_key_env))
        if (max_bytes is not None or max_age is not None) and not (self.store.read_only or pack is not None):
            self.store.prune(max_bytes, max_age)

    def __enter__(self) -> Cache:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file. The cache opens it again when it is used."""
        self.store.close()

    def export_pack(self, path: str | Path, *, vectors: bool = True, model: str | None = None) -> Sizes:
        """Write what is kept, of all models or of one, to a replay pack (see `pytest_emid.cache.packs`)."""
        return write_pack(self.store, Path(path), vectors, pack_key(self._pack_key_env), model)

    def import_pack(self, path: str | Path) -> Sizes:
        """Keep what a replay pack holds.

        Raises:
            DataError: the file is no replay pack, an entry does not match its digest, or it is not signed as it must.
        """
        return read_pack(Path(path), self.store, pack_key(self._pack_key_env))

    @property
    def is_pack(self) -> bool:
        """Whether a replay pack is what is served."""
        return is_pack(self.path)

    @property
    def sizes(self) -> Sizes:
        """How much is kept."""
        return self.store.sizes()

    def digests(self, samples: Sequence[Sample]) -> list[str]:
        """The digest of every sample's pictures, in order: what keys are made of.

        Raises:
            DataError: a picture cannot be read.
        """
        return self._pictures.digests(samples)

    def missing(self, model: Model, samples: Sequence[Sample], *, repeat: int = 0) -> int:
        """How many distinct questions `respond` would ask now."""
        return len(self.parted(model, samples, repeat=repeat)[1])

    def parted(
        self, model: Model, samples: Sequence[Sample], *, repeat: int = 0
    ) -> tuple[frozenset[bytes], frozenset[bytes]]:
        """The keys of the distinct questions whose answers are kept, and of those that `respond` would ask now."""
        digests = self._pictures.digests(samples)
        named, former = answer_keys(model, samples, digests, repeat), Former(model, samples, digests, repeat)
        keys = frozenset(named)
        kept = frozenset(self._kept(model, former, keys))
        return kept, keys - kept

    def respond(
        self, model: Model, samples: Sequence[Sample], *, repeat: int = 0, progress: Progress | None = None
    ) -> list[Response]:
        """One response per sample, in order. Only what is missing is asked, and equal queries once.

        Args:
            model: asked for what is not kept.
            samples: a dataset, or any sequence.
            repeat: answers of each `repeat` are kept apart: for models that answer differently when asked again.
            progress: called as answers arrive, and at least once.

        Returns:
            Without the reasoning before answers; kept is what came. A failure is FAILED, never served, and asked again.

        Raises:
            DataError: a picture cannot be read; or in mode `read` some answers are not kept.
            ModelError: the model raised, or broke its contract. What it had answered is kept.
        """
        store = self.store_of(model)
        digests = self._pictures.digests(samples)
        keys, former = answer_keys(model, samples, digests, repeat), Former(model, samples, digests, repeat)
        times = Counter(keys)
        by_id = traits_of(model).by_id
        first = {key: position for position, key in reversed(list(enumerate(keys)))}
        done = 0

        def arrived(new: Sequence[bytes]) -> None:
            nonlocal done
            done += sum(times[key] for key in new)
            if progress is not None:
                progress(done, len(keys))

        def make(wanted: Sequence[bytes]) -> Iterator[tuple[bytes, Response]]:
            asked = [self._pictures.handed_out(samples[first[key]], digests[first[key]]) for key in wanted]
            for position, response in held_to_contract(model, asked):
                sample = asked[position]
                about = (sample.id, sample.question, by_id)
                store.put_answer(Answer(wanted[position], model.name, model.fingerprint, response, *about), self._run)
                self.counts.asked += 1
                self.counts.failed += response.outcome is Outcome.FAILED
                yield wanted[position], response

        found = dict(self._kept(model, former, times))
        self.counts.served += len(found)
        self.counts.earlier += len(found) - len(store.made_by(self._run, found))
        arrived(list(found))
        missing = [key for key in _distinct(keys) if key not in found]
        if missing:
            scored = " with token scores" if traits_of(model).scores else ""
            self._must_not_only_read(f"answers of {model.name}{scored}", [samples[first[key]].id for key in missing])
            self._tell_of_another_name(model)
            ask = Ask(partial(self._kept, model, former), store.failures, make)
            found.update(obtain(store, ask, missing, arrived, self._waiting))
        return [spoken(found[key]) for key in keys]

    def encode_images(self, encoder: ImageEncoder, samples: Sequence[Sample]) -> Rows:
        """Vectors of the samples' pictures, shape (n, d), unit rows. Equal pictures are encoded once. That of several
        is the mean of theirs, divided by its length; samples without a picture share that of a blank one.

        Raises:
            DataError: a picture cannot be read; or in mode `read` some vectors are not kept.
            ModelError: the encoder raised or broke its contract; the message names the sample.
        """
        digests = self._pictures.digests(samples)
        first = {digest: samples[i] for i, digest in reversed(list(enumerate(digests)))}
        make = partial(
            self._encode,
            encoder,
            "image",
            digests,
            lambda some: encode_pictures(encoder, [self._pictures.open(first[digest], digest) for digest in some]),
            lambda digest: f"the picture of sample {first[digest].id!r}",
        )
        return self._held.of("image", encoder, digests, make)

    def encode_texts(self, encoder: TextEncoder, texts: Sequence[str], *, derived: bool = False) -> Rows:
        """Vectors of texts, shape (n, d), unit rows. Equal texts are encoded once.

        Args:
            encoder: makes them.
            texts: of a dataset or a model; or, where `derived`, made of those by this package. What a cache that is
                only read lacks of the latter is computed, and not kept.

        Raises:
            DataError: in mode `read` some vectors are not kept.
            ModelError: the encoder raised or broke its contract; the message quotes the text.
            UnavailableError: the encoder's server is gone, now or when this cache last asked it.
        """

        def make() -> Rows:
            named = {text: text_digest(text) for text in dict.fromkeys(texts)}
            of = {digest: text for text, digest in named.items()}
            return self._encode(
                encoder,
                "text",
                [named[text] for text in texts],
                lambda some: encoder.encode([of[digest] for digest in some]),
                lambda digest: f"the text {of[digest][:80]!r}",
                derived,
            )

        return self._held.of("text", encoder, texts, make)

    def _encode(
        self,
        encoder: ImageEncoder | TextEncoder,
        kind: str,
        digests: Sequence[str],
        encode: Callable[[Sequence[str]], Rows],
        label: Callable[[str], str],
        derived: bool = False,
    ) -> Rows:
        store = self.store_of(encoder)
        identity_of(encoder)
        noted = self._fresh
        named = {digest: embedding_key(encoder.fingerprint, kind, digest) for digest in dict.fromkeys(digests)}
        keys = [named[digest] for digest in digests]
        of = {key: digest for digest, key in named.items()}

        def make(wanted: Sequence[bytes]) -> Iterator[tuple[bytes, Rows]]:
            for start in range(0, len(wanted), ENCODE_AT_ONCE):
                part = wanted[start : start + ENCODE_AT_ONCE]
                some = [of[key] for key in part]
                if encoder.fingerprint in self._out_of_reach:
                    raise UnavailableError(self._out_of_reach[encoder.fingerprint])
                try:
                    vectors = sound(encoder.name, partial(encode, some), [label(digest) for digest in some])
                except UnavailableError as error:
                    self._out_of_reach[encoder.fingerprint] = str(error)
                    raise
                made = [Vector(k, encoder.name, encoder.fingerprint, v) for k, v in zip(part, vectors, strict=True)]
                store.put_vectors(made, noted)
                self.counts.encoded += len(part)
                yield from zip(part, vectors, strict=True)

        found = dict(store.vectors(dict.fromkeys(keys), self._fresh))
        missing = [key for key in _distinct(keys) if key not in found]
        if missing and derived and self.mode == "read":
            store = self._fleeting
            ask = Ask(lambda some: store.vectors(some, self._fresh), lambda some, since: {}, make)
            found.update(obtain(store, ask, missing, lambda new: None, self._waiting))
        elif missing:
            without = self.is_pack and not self.store.sizes().vectors
            self._must_not_only_read(
                f"{kind} embeddings of {encoder.name}",
                [label(of[key]) for key in missing],
                # who left the vectors out wants them made
                "The pack was written without vectors: give it as --emid-model, with another cache." if without else "",
            )
            ask = Ask(lambda some: store.vectors(some, self._fresh), lambda some, since: {}, make)
            found.update(obtain(store, ask, missing, lambda new: None, self._waiting))
        widths = sorted({vector.shape[0] for vector in found.values()})
        if len(widths) > 1:
            raise ModelError(
                f"{encoder.name} gives vectors of different lengths ({', '.join(map(str, widths))}) under one "
                "fingerprint. Change its fingerprint when what it computes changes."
            )
        return np.stack([found[key] for key in keys]) if keys else np.zeros((0, 0), dtype=np.float32)

    def _kept(self, model: Model, former: Former, keys: Iterable[bytes]) -> dict[bytes, Response]:
        """What is kept and serves this model: an answer without the scores that it promises does not."""
        wanted = list(keys)
        store = self.store_of(model)
        answers = store.answers(wanted, self._fresh, model.name)
        missing = [key for key in wanted if key not in answers]
        old = {former.keys[key]: key for key in missing if key in former.keys} if missing else {}
        if old:
            named = store.answers(old, self._fresh, model.name)
            answers.update((old[key], response) for key, response in named.items())
        traits = traits_of(model)
        if not traits.scores:
            return answers
        # a server may have been asked for no likely tokens then, and so have told nothing of entropies
        entropies = traits.top_logprobs > 0
        return {k: r for k, r in answers.items() if _is_scored(r, entropies) or r.outcome in _UNSCORED}

    def _tell_of_another_name(self, model: Model) -> None:
        """Once for each model: who renames one asks everything anew, and must not wonder why."""
        who = (model.name, model.fingerprint)
        if who in self._renamed:
            return
        self._renamed.add(who)
        other = self.store_of(model).other_name(model.fingerprint, model.name)
        if other is not None:
            warnings.warn(
                f"the cache holds answers of a model named {other[:80]!r} with the fingerprint of {model.name!r}; they "
                "are not served, for a model is known by both: give it its former name if it is the same model, and "
                "else a fingerprint of its own.",
                stacklevel=3,
            )

    def store_of(self, asked: object) -> Store:
        """What answers for one object's life only (a function without a fingerprint) is not written to the file."""
        return self._fleeting if traits_of(asked).ephemeral else self.store

    def _must_not_only_read(self, what: str, missing: Sequence[str], advice: str = "") -> None:
        if self.mode != "read":
            return
        more = f" and {len(missing) - 10} more" if len(missing) > 10 else ""
        raise DataError(
            f"the cache {self.path} lacks {len(missing)} {what}, and its mode is 'read': "
            f"{', '.join(missing[:10])}{more}. "
            + (
                advice
                or "Run once where the model is, with --emid-cache=use, and bring the cache or a replay pack here."
            )
        )


def _is_scored(response: Response, entropies: bool) -> bool:
    return response.scores is not None and not (entropies and response.scores.entropies is None)


def _distinct(keys: Sequence[bytes]) -> list[bytes]:
    """Distinct keys in the order in which they first occur."""
    return list(dict.fromkeys(keys))
