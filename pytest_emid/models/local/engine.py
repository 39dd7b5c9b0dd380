"""A loaded transformers model that answers one batch. Imports torch; `image_text_to_text` loads it when needed."""

from __future__ import annotations

import copy
import logging
import math
from bisect import bisect_left
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import cycle, islice
from typing import Any, Final

import numpy as np
import torch
from PIL import Image
from transformers import AutoModelForImageTextToText, LogitsProcessorList

from pytest_emid.data.sample import Sample
from pytest_emid.errors import ModelError
from pytest_emid.models.backend.loading import load_processor, load_weights, quietly
from pytest_emid.models.base import Outcome, Response, TokenScores
from pytest_emid.models.local.decoding import Choice
from pytest_emid.models.local.growing import grow_in_place
from pytest_emid.models.local.prompts import ADVICE
from pytest_emid.models.local.queries import LENGTH_CLASS, Batch, Queries, Query, Rows
from pytest_emid.models.local.sampling import Sampling, generator_for
from pytest_emid.models.placeholders import without_places

__all__ = ["Engine", "Settings"]

log: Final = logging.getLogger(__name__)

CLEAR: Final = 1e-4
"""A choice whose relative gap is above this is the same in every batch: float32 rounding is about 1e-6."""
PADDING_TOLERANCE: Final = {True: 1e-2, False: 0.25}
"""Largest relative change of a score that padding may cause, by whether the precision is float32."""
NOISE: Final = 4
"""Different pictures in a batch of noise."""
NOISE_SIZE: Final = (48, 48)
"""Of them, where a query has no picture to take it from."""
OUT_OF_MEMORY: Final = ("out of memory", "can't allocate memory", "CUBLAS_STATUS_ALLOC_FAILED")
"""What other errors say of the same: those of Metal, of the CPU's allocator, of cuBLAS."""
_SAMPLING_FIELDS: Final = (
    "temperature top_k top_p min_p top_h typical_p epsilon_cutoff eta_cutoff".split()  # noqa: SIM905
)


@dataclass(frozen=True, slots=True)
class Settings:
    """What decides an answer besides the weights and the query."""

    max_new_tokens: int | None
    default_max_new_tokens: int
    sampling: Sampling | None
    seed: str
    generation: Mapping[str, Any]
    system: str
    prompt: str | None
    exact: bool
    scores: bool = False
    independent: bool = True


@dataclass(frozen=True, slots=True)
class _Row:
    response: Response
    gap: float


class Engine:
    """A model and its processor on a device."""

    def __init__(
        self,
        source: str,
        revision: str | None,
        device: str,
        dtype: str,
        trust_remote_code: bool,
        load_kwargs: Mapping[str, Any],
        settings: Settings,
    ) -> None:
        self.settings = settings
        try:
            with quietly():
                self.processor = load_processor(source, revision, trust_remote_code)
            self.model = load_weights(
                AutoModelForImageTextToText,
                source,
                revision=revision,
                dtype=dtype,
                trust_remote_code=trust_remote_code,
                **load_kwargs,
            )
            if "device_map" not in load_kwargs:
                self.model = self.model.to(device)
        except ModelError:
            raise
        except Exception as error:
            raise ModelError(f"cannot load {source}: {type(error).__name__}: {error}") from error
        self.model.eval()
        if self.model.device.type == "cpu":
            grow_in_place(self.model)
        self.tokenizer: Any = getattr(self.processor, "tokenizer", self.processor)
        self.tokenizer.padding_side = "left"  # new tokens follow the prompt
        if self.tokenizer.pad_token is None:
            self.tokenizer.pad_token = self.tokenizer.eos_token
        if settings.prompt is None and getattr(self.processor, "chat_template", None) is None:
            raise ModelError(f"{source} has no chat template, so how to put a question to it is not known. {ADVICE}")
        self.queries = Queries(
            self.processor,
            self.tokenizer,
            system=settings.system,
            prompt=settings.prompt,
            digests=settings.sampling is not None,
            threads=not trust_remote_code,
            gpu=self.model.device.type == "cuda",
            dtype=self.model.dtype,
        )
        self.generation = self._generation_config()
        self.clear = CLEAR
        self._alone: bool | None = None
        self._places: dict[int, bool] = {}

    def seeded(self, seed: str) -> Engine:
        """The same engine, drawing with another seed."""
        other = copy.copy(self)
        other.settings = replace(self.settings, seed=seed)
        return other

    def batches(self, samples: Sequence[Sample], order: Sequence[int], rows: Rows) -> Generator[Batch]:
        """All samples in batches that `answer` takes, made ahead of it in threads."""
        return self.queries.batches(samples, order, rows, fixed=not self.settings.exact)

    def part(self, queries: Sequence[Query], rows: int) -> Batch:
        """A batch of some queries of another one."""
        if self.settings.exact:
            return self.queries.batch(queries)
        return self.queries.batch(queries, rows, LENGTH_CLASS)

    def answer(self, batch: Batch, rows: int) -> list[Response]:
        """One response per query, the same whatever else is in the batch.

        Args:
            batch: at most `rows` queries; in settings that are not exact, filled up to `rows`.
            rows: the batch size.

        In exact settings, an answer in which some choice was too close for rounding not to matter is asked again alone.
        A model whose answers change when a prompt is padded is asked one by one.
        """
        if batch.error is not None:
            raise batch.error
        self._check_context(batch)
        if rows > 1 and self._alone is None:
            self._alone = self._padding_matters(batch.queries[-1])
        checked = self._alone or self.settings.exact or not self.settings.independent or rows in self._places
        if rows > 1 and not checked:
            self._places[rows] = self._place_matters(batch.queries[-1], rows)
        if self._alone:
            return [self._run(self.queries.batch([query]))[0].response for query in batch.queries]
        if self._places.get(rows):
            return [self._run(self.part([query], 1))[0].response for query in batch.queries]
        answered = self._run(batch)
        if not self.settings.exact:
            return [row.response for row in answered]
        return [
            row.response
            if len(batch) == 1 or row.gap > self.clear
            else self._run(self.queries.batch([query]))[0].response
            for query, row in zip(batch.queries, answered, strict=True)
        ]

    def _check_context(self, batch: Batch) -> None:
        """Refuse what the model would not read to its end, or would answer with noise.

        Raises:
            ValueError: a prompt leaves no room for an answer.
        """
        context = getattr(self.model.config.get_text_config(), "max_position_embeddings", None)
        mask = batch.inputs.get("attention_mask") if "input_ids" in batch.inputs else None
        if not isinstance(context, int) or mask is None:
            return
        longest = int(mask.sum(1).max())
        if longest >= context:
            raise ValueError(
                f"the prompt has {longest:,} tokens, and the model reads at most {context:,} with its answer. Shorten "
                "the question, or make the picture smaller"
            )

    @staticmethod
    def is_out_of_memory(error: Exception) -> bool:
        """Whether a smaller batch could have worked; frees what the failed one held."""
        said = str(error) if isinstance(error, RuntimeError) else ""
        if not isinstance(error, torch.OutOfMemoryError | MemoryError) and not any(
            word in said for word in OUT_OF_MEMORY
        ):
            return False
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        return True

    def _padding_matters(self, query: Query) -> bool:
        """Ask for one token with and without padding. Sets `clear` well above the rounding that this shows."""
        plain = self.queries.together([query])
        prompt = _prompts(plain)
        if prompt is None:  # the question is in the picture, and pictures are not padded
            return False
        padded = self.queries.together([query], prompt.shape[1] + 8)
        change = _change(*(self._scores(inputs, 1)[0] for inputs in (plain, padded)))
        self.clear = max(CLEAR, 50 * change)
        if change <= PADDING_TOLERANCE[self.model.dtype == torch.float32]:
            return False
        log.warning(
            "%s: its scores change by %.2g of their size when a prompt is padded, so its samples are asked one by one.",
            type(self.model).__name__,
            change,
        )
        return True

    def _place_matters(self, query: Query, rows: int) -> bool:
        """Whether a sample's scores depend on its place in the batch, as some processors' matrix products make them.

        Noise pictures are asked about in two orders, a few tokens long.
        """
        width, height = query.pictures[0].size if query.pictures else NOISE_SIZE
        pixels = np.random.default_rng(0).integers(0, 256, (min(rows, NOISE), height, width, 3), dtype=np.uint8)
        question = without_places(query.sample.question)
        noise = [query.sample.with_(question=question, images=(Image.fromarray(picture),)) for picture in pixels]
        queries = list(islice(cycle(self.queries.open(noise)), rows))
        inputs = [self.queries.together(asked, LENGTH_CLASS) for asked in (queries, [*queries[1:], queries[0]])]
        first, rolled = (self._scores(asked, 4) for asked in inputs)
        if all(torch.equal(a.roll(-1, 0), b) for a, b in zip(first, rolled, strict=False)):
            return False
        log.warning(
            "%s: in %s its scores depend on a sample's place in a batch of %d on this device, so its samples are asked "
            "one by one. Another batch_size may not; independent=False asks in batches all the same.",
            type(self.model).__name__,
            str(self.model.dtype).removeprefix("torch."),
            rows,
        )
        return True

    def _scores(self, inputs: Any, steps: int) -> list[torch.Tensor]:
        choice = Choice(keep=steps)
        self._generate(inputs, choice, steps)
        return choice.scores

    def _run(self, batch: Batch) -> list[_Row]:
        if batch.error is not None:
            raise batch.error
        choice = Choice(measure=self.settings.scores)
        if self.settings.sampling is not None:
            choice.sampling = self.settings.sampling
            choice.generators = [
                generator_for(self.settings.seed, str(query.digest), query.sample.question)
                for query in batch.queries + batch.queries[-1:] * (batch.rows - len(batch))
            ]
        tokens = self._generate(batch.inputs, choice, self.generation.max_new_tokens)
        gaps = torch.stack(choice.gaps).cpu()
        entropies, chosen = (torch.stack(steps).cpu() if steps else None for steps in (choice.entropies, choice.chosen))
        return [
            self._row(
                new,
                gaps[:, i],
                None if entropies is None else entropies[:, i],
                None if chosen is None else chosen[:, i],
            )
            for i, new in enumerate(tokens[: len(batch)])
        ]

    def _row(
        self, tokens: torch.Tensor, gaps: torch.Tensor, entropies: torch.Tensor | None, chosen: torch.Tensor | None
    ) -> _Row:
        """Cut a row at its end token, and say how it ended.

        Args:
            tokens: new tokens of one row, (steps,).
            gaps: how clear each choice was.
            entropies: of each step, where they were measured.
            chosen: log-probability of each token, where they were measured.
        """
        ends = self.generation.eos_token_id
        ends = torch.tensor([] if ends is None else ends, dtype=tokens.dtype).reshape(-1)
        found = torch.isin(tokens, ends).nonzero()
        length = int(found[0]) + 1 if len(found) else len(tokens)
        stop = self._first_stop(tokens[:length])
        finished = bool(len(found)) or stop is not None
        length = stop or length  # what follows fills the batch up
        text = self.tokenizer.decode(tokens[:length], skip_special_tokens=True)
        entropy = 0.0 if self.settings.sampling is None else _total(entropies, length)
        scores = None if chosen is None or entropies is None else _scores(chosen[:length], entropies[:length])
        outcome = Outcome.OK if finished else Outcome.TRUNCATED
        return _Row(Response(text.strip(), outcome, entropy=entropy, scores=scores), float(gaps[:length].min()))

    def _first_stop(self, tokens: torch.Tensor) -> int | None:
        """How many tokens there are until a stop string is complete; None where there is none."""
        stops = self.settings.generation.get("stop_strings") or ()
        stops = [stops] if isinstance(stops, str) else stops

        def stopped(count: int) -> bool:
            text = self.tokenizer.decode(tokens[:count], skip_special_tokens=True)
            return any(stop in text for stop in stops)

        if not stops or not stopped(len(tokens)):
            return None
        return bisect_left(range(len(tokens) + 1), True, key=stopped)

    def _generate(self, inputs: Any, choice: Choice, limit: int) -> torch.Tensor:
        """The new tokens of every row, shape (rows, steps), on the CPU."""
        placed = inputs.to(self.model.device, dtype=self.model.dtype, non_blocking=True)
        stops = {"tokenizer": self.tokenizer} if self.settings.generation.get("stop_strings") else {}
        config = copy.copy(self.generation)
        config.max_new_tokens = limit
        if config.min_new_tokens:
            config.min_new_tokens = min(config.min_new_tokens, limit)
        prompts = _prompts(placed)
        width = 0 if prompts is None else prompts.shape[1]
        with torch.inference_mode():
            tokens: torch.Tensor = self.model.generate(
                **placed,
                generation_config=config,
                logits_processor=LogitsProcessorList([choice]),
                **stops,
            )
        # an encoder-decoder begins with a start token
        if prompts is None or not torch.equal(tokens[:, :width], prompts):
            width = tokens.shape[1] - len(choice.gaps)
        return tokens[:, width:].cpu()

    def _generation_config(self) -> Any:
        config = copy.deepcopy(self.model.generation_config)
        config.max_new_tokens = (
            self.settings.max_new_tokens or config.max_new_tokens or self.settings.default_max_new_tokens
        )
        config.max_length = None
        config.do_sample = False  # drawing is done by `Choice`
        config.num_beams = 1
        for name in _SAMPLING_FIELDS:
            if hasattr(config, name):
                setattr(config, name, None)
        if config.pad_token_id is None:
            config.pad_token_id = self.tokenizer.pad_token_id
        unknown = config.update(**self.settings.generation)
        if unknown:
            raise ModelError(
                f"generation settings that transformers does not know: {', '.join(sorted(unknown))}. "
                "Leave them out, or see transformers' GenerationConfig for what there is."
            )
        return config


def _prompts(inputs: Any) -> torch.Tensor | None:
    """The tokens before the answer; None where a model reads the question in its picture."""
    prompts: torch.Tensor | None = inputs.get("input_ids", inputs.get("decoder_input_ids"))
    return prompts


def _change(first: torch.Tensor, second: torch.Tensor) -> float:
    """The largest change between two sets of scores, relative to their size; minus infinity is a forbidden token."""
    allowed = torch.isfinite(first)
    if not torch.equal(allowed, torch.isfinite(second)):
        return math.inf
    if not allowed.any():
        return 0.0
    return float((first - second)[allowed].abs().max() / first[allowed].abs().max().clamp(min=1.0))


def _scores(chosen: torch.Tensor, entropies: torch.Tensor) -> TokenScores:
    if not (torch.isfinite(chosen).all() and torch.isfinite(entropies).all()):
        raise ArithmeticError("the model's scores of its answer are not finite")
    return TokenScores(
        tuple(chosen.double().clamp(max=0.0).tolist()), tuple(entropies.double().clamp(min=0.0).tolist())
    )


def _total(entropies: torch.Tensor | None, length: int) -> float | None:
    return None if entropies is None else float(entropies[:length].double().sum())
