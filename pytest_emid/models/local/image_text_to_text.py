"""Any `AutoModelForImageTextToText` with its processor and chat template, in this process."""

from __future__ import annotations

import copy
import logging
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pytest_emid.data.sample import LazyImage, Sample
from pytest_emid.errors import DataError, ModelError
from pytest_emid.models.backend.checkpoint import Checkpoint, device_for, digest_of, major_minor, plain
from pytest_emid.models.base import Outcome, Response, TokenScores
from pytest_emid.models.local.sampling import Sampling

if TYPE_CHECKING:
    from pytest_emid.models.local.engine import Engine
    from pytest_emid.models.local.queries import Batch

__all__ = ["TransformersModel"]

log: Final = logging.getLogger(__name__)

DEFAULT_MAX_NEW_TOKENS: Final = 256
"""The limit where neither the caller nor the model's generation config sets one."""
_OWN: Final = {
    "do_sample": "sampling=Sampling(...)",
    "temperature": "sampling=Sampling(temperature=...)",
    "top_k": "sampling=Sampling(top_k=...)",
    "top_p": "sampling=Sampling(top_p=...)",
    "max_new_tokens": "max_new_tokens=",
    "num_beams": "no beams: answers are greedy or sampled",
    "num_return_sequences": "one answer per question: repeat with another seed",
}
_LOADING: Final = {
    "dtype": "dtype",
    "torch_dtype": "dtype",
    "revision": "revision",
    "trust_remote_code": "trust_remote_code",
}
"""Arguments of `from_pretrained` that are arguments here, because more depends on them."""
_SCHEME: Final = 2
"""How batches are put together; another one rounds otherwise."""
_QUANTISED: Final = ("quantization_config", "load_in_8bit", "load_in_4bit")


class TransformersModel:
    """A multimodal LLM of transformers, loaded at the first question that is not in the cache.

    Args:
        path_or_id: a folder in the Hugging Face format, or a Hub id.
        revision: branch, tag or commit on the Hub. Answers are kept by commit, whichever is given.
        device: `auto` (CUDA, then MPS, then CPU), or a torch device such as `cpu` or `cuda:1`.
        dtype: `auto` (as saved), or a torch dtype's name such as `float32` or `bfloat16`.
        batch_size: samples per batch; halved when memory runs out.
        max_new_tokens: an answer that reaches it is TRUNCATED. None takes the model's own limit, else 256.
        sampling: None answers greedily; a `Sampling` (or its fields as a dict) draws.
        seed: of the drawing. A query's answer depends on (seed, picture, question), not on its neighbours.
        draws: answers drawn to each query. The first is what is measured; two or more let the bounds on EMID allow for
            how random answers are. Needs `sampling`.
        generation: further `GenerationConfig` fields, such as `{"repetition_penalty": 1.1}`. The model's own
            generation config holds for the rest, apart from sampling and beams.
        scores: whether answers carry log-probabilities and entropies of their tokens (`Response.scores`). Answers and
            fingerprint are the same without; kept answers that lack them are asked again. Rounding in the sixth digit
            depends on what shared the batch.
        independent: outside float32, whether an answer must be the same at every place of a batch. Where a device's
            rounding depends on the place, samples are then asked one by one, which the log says. False asks in batches
            all the same: faster there, and the last digits of scores depend on the order of the samples.
        system: a system message before the question.
        prompt: instead of the chat template, a prompt with `{question}` in it, for models that have no template.
        trust_remote_code: run the code that comes with the checkpoint. Off unless asked for.
        load_kwargs: passed to `from_pretrained`: `device_map`, `quantization_config`, `attn_implementation`, ...
        name: what reports call it; by default the folder's name or the Hub id.

    A greedy float32 answer does not depend on what shared its batch, nor on the batch's size: choices too close for
    rounding not to matter are asked again alone. In other precisions, and when sampling, every batch has the same
    shapes instead, and the batch size is part of the fingerprint. (Models that pack pictures of different sizes
    together, such as Qwen-VL, keep a trace of the neighbours' sizes there.)

    Raises:
        ModelError: no such model, impossible settings, or (while answering) a model that cannot be loaded.

    Example:
        >>> from pytest_emid import models
        >>> models.TransformersModel("llava-hf/llava-1.5-7b-hf", dtype="bfloat16", sampling={"temperature": 0.7})
        TransformersModel('llava-hf/llava-1.5-7b-hf')
    """

    likelihoods = True

    def __init__(
        self,
        path_or_id: str | Path,
        *,
        revision: str | None = None,
        device: str = "auto",
        dtype: str = "auto",
        batch_size: int = 16,
        max_new_tokens: int | None = None,
        sampling: Sampling | Mapping[str, Any] | None = None,
        seed: int = 0,
        draws: int = 1,
        generation: Mapping[str, Any] | None = None,
        scores: bool = False,
        independent: bool = True,
        system: str = "",
        prompt: str | None = None,
        trust_remote_code: bool = False,
        load_kwargs: Mapping[str, Any] | None = None,
        name: str | None = None,
    ) -> None:
        if batch_size < 1:
            raise ModelError(f"batch_size is {batch_size}; it must be at least 1.")
        if max_new_tokens is not None and max_new_tokens < 1:
            raise ModelError(f"max_new_tokens is {max_new_tokens}; it must be at least 1.")
        if draws < 1:
            raise ModelError(f"draws is {draws}; it must be at least 1.")
        if draws > 1 and sampling is None:
            raise ModelError(f"draws is {draws}, but greedy answers to a query are all alike. Give sampling=, or 1.")
        if prompt is not None and "{question}" not in prompt:
            raise ModelError(f"the prompt {prompt!r} has no place for the question; put {{question}} in it.")
        for key in generation or {}:
            if key in _OWN:
                raise ModelError(f"generation cannot hold {key!r} here. Use {_OWN[key]}.")
        for key in load_kwargs or {}:
            if key in _LOADING:
                raise ModelError(f"load_kwargs cannot hold {key!r} here. Use {_LOADING[key]}=.")
        self.checkpoint = Checkpoint(path_or_id, revision)
        self.name = name or self.checkpoint.name
        self.device = device
        self.dtype = dtype
        self.batch_size = batch_size
        self.max_new_tokens = max_new_tokens
        self.sampling = sampling if sampling is None or isinstance(sampling, Sampling) else Sampling(**sampling)
        self.seed = seed
        self.draws = draws
        self._draw = 0
        self._first: TransformersModel | None = None
        self.generation = dict(generation or {})
        self.scores = scores
        self.independent = independent
        self.system = system
        self.prompt = prompt
        self.trust_remote_code = trust_remote_code
        self.load_kwargs = dict(load_kwargs or {})

    def __repr__(self) -> str:
        return f"TransformersModel({self.name!r})"

    def redrawn(self, number: int) -> TransformersModel:
        """The same model giving draw `number` to each query; 0 is its own. The weights in memory are shared."""
        other = copy.copy(self)
        for name in ("identity", "fingerprint", "_engine"):
            other.__dict__.pop(name, None)
        other._draw, other._first = number, self
        return other

    @property
    def _stream(self) -> str:
        """What the drawing is seeded with."""
        return f"{self.seed}/{self._draw}" if self._draw else str(self.seed)

    @property
    def exact(self) -> bool:
        """Whether answers are independent of the batch, its size too: greedy, in unquantised float32."""
        precision = self.checkpoint.dtype if self.dtype == "auto" else self.dtype.removeprefix("torch.")
        quantised = any(key in self.load_kwargs or key in self.checkpoint.config for key in _QUANTISED)
        return self.sampling is None and precision == "float32" and not quantised

    @cached_property
    def identity(self) -> Mapping[str, Any]:
        """Everything that decides an answer besides the query, in plain types. The fingerprint is its digest."""
        sampling = self.sampling
        return {
            "kind": "transformers",
            "checkpoint": self.checkpoint.fingerprint,
            "transformers": major_minor("transformers"),
            "torch": major_minor("torch"),
            "device": device_for(self.device).partition(":")[0],
            "dtype": self.dtype.removeprefix("torch."),
            "max_new_tokens": self.max_new_tokens,
            "default_max_new_tokens": DEFAULT_MAX_NEW_TOKENS,
            "sampling": None if sampling is None else [sampling.temperature, sampling.top_k, sampling.top_p],
            "seed": None if sampling is None else self._stream if self._draw else self.seed,
            "generation": plain(self.generation, "generation"),
            "system": self.system,
            "prompt": self.prompt,
            "trust_remote_code": self.trust_remote_code,
            "load_kwargs": plain(self.load_kwargs, "load_kwargs"),
            "batch": None if self.exact else [_SCHEME, self.batch_size, self.independent],
        }

    @property
    def processing(self) -> Mapping[str, Any]:
        """Settings of the processor and of generation that come with the checkpoint, for reports."""
        return self.checkpoint.processing

    @cached_property
    def fingerprint(self) -> str:
        """sha256 over `identity`. Weights are hashed (a folder) or named by their commit (the Hub), never loaded."""
        return digest_of(self.identity)

    @cached_property
    def _engine(self) -> Engine:
        from pytest_emid.models.local.engine import Engine, Settings

        if self._first is not None:
            return self._first._engine.seeded(self._stream)
        if self.trust_remote_code:
            log.warning("%s: code that comes with the checkpoint is run (trust_remote_code).", self.name)
        return Engine(
            source=self.checkpoint.source,
            revision=self.checkpoint.commit,
            device=device_for(self.device),
            dtype=self.dtype,
            trust_remote_code=self.trust_remote_code,
            load_kwargs=self.load_kwargs,
            settings=Settings(
                max_new_tokens=self.max_new_tokens,
                default_max_new_tokens=DEFAULT_MAX_NEW_TOKENS,
                sampling=self.sampling,
                seed=self._stream,
                generation=self.generation,
                system=self.system,
                prompt=self.prompt,
                exact=self.exact,
                scores=self.scores,
                independent=self.independent,
            ),
        )

    @property
    def loaded(self) -> bool:
        """Whether the weights are in memory. They are not when every answer came from the cache."""
        return "_engine" in self.__dict__

    def respond(self, samples: Sequence[Sample]) -> Iterator[tuple[int, Response]]:
        """Answer in batches of like length, the longest first (so that memory runs out early, if it does).

        Yields:
            `(position, response)`. A sample that fails alone is a FAILED response.

        Raises:
            ModelError: the model cannot be loaded, or nothing in the first batch could be answered.
            DataError: a picture cannot be read.
        """
        if not samples:
            return
        from pytest_emid.models.local.queries import Rows

        engine, rows = self._engine, Rows(self.batch_size)
        order = sorted(range(len(samples)), key=lambda i: (*_size(samples[i]), i))
        answered = 0
        failed: list[int] = []
        with closing(engine.batches(samples, order, rows)) as arriving:
            waiting: deque[Batch] = deque()
            while (batch := waiting.popleft() if waiting else next(arriving, None)) is not None:
                queries = batch.queries
                if batch.rows > rows.count:  # made before memory ran out
                    parts = range(0, len(batch), rows.count)
                    waiting.extendleft(
                        engine.part(queries[start : start + rows.count], rows.count) for start in reversed(parts)
                    )
                    continue
                try:
                    responses = engine.answer(batch, rows.count)
                except (DataError, ModelError):
                    raise
                except Exception as error:
                    if engine.is_out_of_memory(error) and rows.count > 1:
                        rows.count = self._halved(rows.count)
                        waiting.appendleft(batch)
                    elif len(batch) > 1:
                        waiting.extendleft(engine.part([query], rows.count) for query in reversed(queries))
                    else:
                        failed.append(queries[0].place)
                        if not answered and len(failed) >= min(self.batch_size, len(samples)):
                            raise ModelError(
                                f"{self.name}: none of the first {len(failed)} samples could be answered; sample "
                                f"{queries[0].sample.id!r}: {_said(error)}. Nothing was cached for them."
                            ) from error
                        yield queries[0].place, Response("", Outcome.FAILED, error=_said(error))
                    continue
                answered += len(batch)
                for query, response in zip(queries, responses, strict=True):
                    yield query.place, response

    def score(self, samples: Sequence[Sample], texts: Sequence[str]) -> Iterator[tuple[int, TokenScores]]:
        """Yield (position, scores of the tokens) of each text as the answer, end token included; in batches as above.

        Raises:
            ModelError: another number of texts than samples, or the model cannot score a given text.
            DataError: a picture cannot be read.
        """
        from pytest_emid.models.local.likelihood import given_texts

        if len(samples) != len(texts):
            raise ModelError(f"there are {len(texts)} texts for {len(samples)} samples; give one for each.")
        order = sorted(range(len(samples)), key=lambda i: (*_size(samples[i]), -len(texts[i]), i))
        rows, start = self.batch_size, 0
        while start < len(order):
            chunk = order[start : start + rows]
            shown = bool(samples[chunk[0]].pictures)  # no processor takes prompts with and without pictures at once
            chunk = [i for i in chunk if bool(samples[i].pictures) is shown]
            try:
                found = given_texts(self._engine, [samples[i] for i in chunk], [texts[i] for i in chunk])
            except (DataError, ModelError):
                raise
            except Exception as error:
                if not self._engine.is_out_of_memory(error) or rows == 1:
                    raise
                rows = self._halved(rows)
                continue
            yield from zip(chunk, found, strict=True)
            start += len(chunk)

    def _halved(self, rows: int) -> int:
        half = rows // 2
        advice = "" if self.exact else f" In this precision answers may depend on it: set batch_size={half} to fix it."
        log.warning("%s: out of memory with %d samples in a batch; going on with %d.%s", self.name, rows, half, advice)
        return half


def _size(sample: Sample) -> tuple[int, int, int]:
    """Sorts by expected prompt length, longest first; a picture that is not open yet is not opened for it."""
    areas = [0 if isinstance(picture, LazyImage) else picture.width * picture.height for picture in sample.pictures]
    return -len(areas), -sum(areas), -len(sample.question)


def _said(error: Exception) -> str:
    text = str(error).strip() or "no message"
    return f"{type(error).__name__}: {text.splitlines()[0][:300]}"
