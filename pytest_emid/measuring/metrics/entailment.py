"""A cross-encoder for natural language inference as a metric: does the answer entail, or contradict, the reference?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Literal

from pytest_emid.measuring.metrics.base import MetricError

__all__ = ["Nli", "nli"]

WORDS: Final = {"entails": "entail", "contradicts": "contradict"}
"""What is asked, to what the label of the checkpoint holds."""


def nli(
    path_or_id: str | Path,
    counts: Literal["entails", "contradicts"] = "entails",
    *,
    with_question: bool = True,
    revision: str | None = None,
    device: str = "auto",
) -> Nli:
    """A metric from 0 to 1 by a sequence classification model of transformers, loaded at the first answer.

    Args:
        path_or_id: a folder or a Hub id of a model with labels for entailment and contradiction.
        counts: `entails`, the probability that the answer entails the reference; or `contradicts`, 1 - the
            probability that it contradicts it. The best over the references.
        with_question: whether both texts begin with the question, which short answers mean little without.
        revision: branch, tag or commit on the Hub.
        device: `auto` (CUDA, then MPS, then CPU) or a torch device.

    Raises:
        MetricError: `counts` is neither; when it is called: the checkpoint has no such label.
    """
    if counts not in WORDS:
        raise MetricError(f"counts={counts!r} is not legal. Legal: 'entails' or 'contradicts'.")
    return Nli(path_or_id, counts, with_question, revision, device)


class Nli:
    """What `nli` makes: equal pairs of texts are judged once."""

    def __init__(
        self, path_or_id: str | Path, counts: str, with_question: bool, revision: str | None, device: str
    ) -> None:
        self._path = path_or_id
        self._counts = counts
        self._with_question = with_question
        self._revision = revision
        self._device = device
        self._loaded: tuple[Any, Any, int] | None = None
        self._known: dict[tuple[str, str], float] = {}

    def __call__(self, response: str, references: Sequence[str], sample: Any = None) -> float:
        question = getattr(sample, "question", "") if self._with_question else ""
        said = f"{question} {response}".strip()
        chances = [self._chance(said, f"{question} {known}".strip()) for known in references]
        return max(chances) if self._counts == "entails" else 1.0 - min(chances)

    def _chance(self, premise: str, hypothesis: str) -> float:
        """Probability of the label that counts."""
        key = (premise, hypothesis)
        if key not in self._known:
            import torch

            tokenizer, model, label = self._load()
            plain = [text.encode("utf-8", "replace").decode("utf-8") for text in key]
            inputs = tokenizer(*plain, truncation=True, return_tensors="pt").to(model.device)
            with torch.inference_mode():
                chances = model(**inputs).logits[0].float().softmax(-1)
            self._known[key] = float(chances[label])
        return self._known[key]

    def _load(self) -> tuple[Any, Any, int]:
        if self._loaded is None:
            from transformers import AutoModelForSequenceClassification, AutoTokenizer

            from pytest_emid.models.backend.checkpoint import Checkpoint, device_for
            from pytest_emid.models.backend.loading import load_weights, quietly

            checkpoint = Checkpoint(self._path, self._revision)
            with quietly():
                tokenizer = AutoTokenizer.from_pretrained(checkpoint.source, revision=checkpoint.commit)
            model = load_weights(
                AutoModelForSequenceClassification, checkpoint.source, revision=checkpoint.commit, dtype="float32"
            )
            labels = {int(i): str(name).casefold() for i, name in model.config.id2label.items()}
            found = [i for i, name in labels.items() if WORDS[self._counts] in name]
            if len(found) != 1:
                raise MetricError(
                    f"{self._path} has the labels {', '.join(labels.values())}: one that says "
                    f"{WORDS[self._counts]!r} is needed. Use a model for natural language inference."
                )
            self._loaded = (tokenizer, model.to(device_for(self._device)).eval(), found[0])
        return self._loaded
