"""The NLI metric, on a tiny checkpoint that is made here."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from tiny_models import byte_tokenizer
from transformers import BertConfig, BertForSequenceClassification

from pytest_emid import metrics
from pytest_emid.measuring.metrics.base import MetricError
from pytest_emid.measuring.metrics.scoring import Case, scored

ASKED = SimpleNamespace(id="q", question="Which?")


def made(folder, labels=("CONTRADICTION", "neutral", "Entailment")):
    torch.manual_seed(0)
    tokenizer = byte_tokenizer()
    config = BertConfig(
        vocab_size=len(tokenizer), hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
        id2label=dict(enumerate(labels)), initializer_range=1.0, pad_token_id=tokenizer.pad_token_id,
    )  # fmt: skip
    model = BertForSequenceClassification(config).eval()
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return tokenizer, model


def test_it_is_the_probability_of_the_label(tmp_path):
    tokenizer, model = made(tmp_path)
    inputs = tokenizer("Which? red", "Which? blue", return_tensors="pt")
    with torch.inference_mode():
        chances = model(**inputs).logits[0].softmax(-1).tolist()
    cpu = {"device": "cpu"}
    assert metrics.nli(tmp_path, **cpu)("red", ["blue"], ASKED) == pytest.approx(chances[2], abs=1e-6)
    kept = metrics.nli(tmp_path, "contradicts", **cpu)("red", ["blue"], ASKED)
    assert kept == pytest.approx(1 - chances[0], abs=1e-6)


def test_the_best_of_several_references_counts_and_it_is_a_metric(tmp_path):
    made(tmp_path)
    metric = metrics.nli(tmp_path, with_question=False, device="cpu")
    each = [metric("red", [known], ASKED) for known in ("blue", "green", "crimson")]
    assert len(set(each)) == 3
    assert scored("nli", metric, [Case("red", ["blue", "green", "crimson"], ASKED)]) == (max(each),)


def test_refused(tmp_path):
    with pytest.raises(MetricError) as caught:
        metrics.nli(tmp_path, "agrees")  # type: ignore[arg-type]
    assert str(caught.value) == "counts='agrees' is not legal. Legal: 'entails' or 'contradicts'."
    made(tmp_path, ("good", "bad", "ugly"))
    with pytest.raises(MetricError) as caught:
        metrics.nli(tmp_path, device="cpu")("red", ["blue"], ASKED)
    assert str(caught.value) == (
        f"{tmp_path} has the labels good, bad, ugly: one that says 'entail' is needed. Use a model for natural "
        "language inference."
    )
