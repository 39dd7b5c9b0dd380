"""Token scores: what they hold, and that those of the engine are those of a teacher-forced forward pass."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from plain_generate import inputs_for, load

import pytest_emid
from pytest_emid.data.sample import Sample
from pytest_emid.data.scenes.sets import scenes_dataset
from pytest_emid.errors import DataError, ModelError
from pytest_emid.models import Outcome, Response, Sampling, TokenScores, TransformersModel
from pytest_emid.models.local import decoding as decoding_module
from pytest_emid.models.local.decoding import Choice, distribution

BUILT_IN = Path(pytest_emid.__file__).parent / "assets" / "tiny-llava"


def answers(model: TransformersModel, samples: Sequence[Sample]) -> dict[str, Response]:
    return {samples[position].id: response for position, response in model.respond(samples)}


def without_scores(found: dict[str, Response]) -> dict[str, tuple[Any, ...]]:
    return {key: (r.text, r.outcome, r.error, r.entropy) for key, r in found.items()}


class TestValues:
    @pytest.mark.parametrize("scores", [TokenScores((-0.1, -1e-300, 0.0)), TokenScores((-2.5,), (0.3,)),
                                        TokenScores((-2.5, -1.0), (0.3, 0.1), exact=False),
                                        TokenScores((-2.5,), exact=False)])  # fmt: skip
    def test_come_back_as_they_were(self, scores: TokenScores) -> None:
        assert TokenScores.from_bytes(scores.to_bytes()) == scores
        assert TokenScores.from_dict(scores.to_dict()) == scores

    def test_sums(self) -> None:
        scores = TokenScores((-0.5, -0.25), (1.0, 0.5))
        assert (scores.log_probability, scores.path_entropy) == (-0.75, 1.5)
        assert TokenScores((-0.5,)).path_entropy is None

    @pytest.mark.parametrize(
        ("log_probabilities", "entropies", "message"),
        [
            ((), None, "token scores: there are no log-probabilities; an answer has at least one token."),
            ((-1.0,), (), "token scores: 0 entropies for 1 log-probabilities; give one for each token, or None."),
            ((-1.0, 0.5), None, "token scores: log-probability 0.5 at step 1 is not finite and at most 0."),
            ((-math.inf,), None, "token scores: log-probability -inf at step 0 is not finite and at most 0."),
            ((-1.0,), (-0.5,), "token scores: entropy -0.5 at step 0 is not finite and at least 0."),
            ((-1.0,), (math.nan,), "token scores: entropy nan at step 0 is not finite and at least 0."),
        ],
    )
    def test_out_of_range(self, log_probabilities, entropies, message: str) -> None:
        with pytest.raises(DataError) as caught:
            TokenScores(log_probabilities, entropies)
        assert str(caught.value) == message

    def test_another_form(self) -> None:
        with pytest.raises(DataError) as caught:
            TokenScores.from_dict({"logprobs": [1]})
        assert str(caught.value) == (
            "token scores: expected an object with log_probabilities and, if known, entropies and exact, got "
            "{'logprobs': [1]}."
        )


def teacher_forced(folder: Path, sample: Sample) -> tuple[str, list[float], list[float]]:
    """The greedy answer of `generate`, and one forward pass over prompt and answer together."""
    model, processor = load(folder)
    inputs = inputs_for(processor, sample)
    with torch.no_grad():
        whole = model.generate(**inputs, do_sample=False)
        start = inputs["input_ids"].shape[1]
        new = whole[0, start:]
        every = {**inputs, "input_ids": whole, "attention_mask": torch.ones_like(whole)}
        logits = model(**every).logits[0, start - 1 : -1].double()
    logp = torch.log_softmax(logits, dim=-1)
    chosen = logp.gather(-1, new[:, None])[:, 0]
    entropies = torch.special.entr(logp.exp()).sum(-1)
    return processor.tokenizer.decode(new, skip_special_tokens=True).strip(), chosen.tolist(), entropies.tolist()


class TestGreedy:
    def test_are_those_of_a_forward_pass_over_the_answer(self, llava: Path, samples: list[Sample]) -> None:
        found = answers(TransformersModel(llava, scores=True), samples)
        for sample in samples:
            text, chosen, entropies = teacher_forced(llava, sample)
            scores = found[sample.id].scores
            assert scores is not None
            assert found[sample.id].text == text
            assert scores.log_probabilities == pytest.approx(chosen, abs=2e-4)
            assert scores.entropies == pytest.approx(entropies, abs=2e-4)
            assert scores.exact
            assert scores.log_probability == pytest.approx(math.fsum(chosen), abs=1e-3)
        assert len({len(response.scores.log_probabilities) for response in found.values()}) > 1

    def test_so_are_those_of_tiny_llava(self) -> None:
        dataset = scenes_dataset(4)
        found = answers(TransformersModel(BUILT_IN, scores=True, device="cpu"), dataset)
        for sample in dataset:
            text, chosen, entropies = teacher_forced(BUILT_IN, sample)
            scores = found[sample.id].scores
            assert found[sample.id].text == text
            assert scores.log_probabilities == pytest.approx(chosen, abs=2e-4)
            assert scores.entropies == pytest.approx(entropies, abs=2e-4)

    def test_change_no_answer_and_no_fingerprint(self, llava: Path, samples: list[Sample]) -> None:
        plain, scored = TransformersModel(llava, batch_size=4), TransformersModel(llava, batch_size=4, scores=True)
        assert scored.fingerprint == plain.fingerprint
        found = answers(scored, samples)
        assert without_scores(found) == without_scores(answers(plain, samples))
        assert {response.entropy for response in found.values()} == {0.0}
        assert all(response.scores is None for response in answers(plain, samples).values())

    def test_the_batch_moves_them_by_rounding_only(self, llava: Path, samples: list[Sample]) -> None:
        together, alone = (answers(TransformersModel(llava, scores=True, batch_size=n), samples) for n in (16, 1))
        for sample in samples:
            one, other = together[sample.id].scores, alone[sample.id].scores
            assert one.log_probabilities == pytest.approx(other.log_probabilities, abs=1e-4)
            assert one.entropies == pytest.approx(other.entropies, abs=1e-4)

    def test_end_with_the_answer(self, llava: Path, samples: list[Sample]) -> None:
        found = answers(TransformersModel(llava, scores=True, max_new_tokens=3), samples)
        lengths = {len(response.scores.log_probabilities) for response in found.values()}
        assert max(lengths) == 3
        assert all(
            len(response.scores.log_probabilities) == 3
            for response in found.values()
            if response.outcome is Outcome.TRUNCATED
        )

    def test_no_more_than_one_step_of_the_vocabulary_is_kept(self) -> None:
        choice = Choice(measure=True)
        for _ in range(5):
            choice(torch.zeros(3, 1, dtype=torch.long), torch.randn(3, 1000))
        kept = [*choice.gaps, *choice.chosen, *choice.entropies, *choice.scores]
        assert len(kept) == 15
        assert {tuple(tensor.shape) for tensor in kept} == {(3,)}

    def test_scores_that_are_no_numbers_are_a_failure(self, llava: Path, samples: list[Sample], monkeypatch) -> None:
        measure = Choice._measure

        def spoilt(self: Any, logp: torch.Tensor, scores: torch.Tensor) -> None:
            measure(self, logp, scores)
            self.chosen[-1] = self.chosen[-1].clone()
            self.chosen[-1][-1] = math.nan  # the last row of every batch

        monkeypatch.setattr(decoding_module.Choice, "_measure", spoilt)
        model = TransformersModel(llava, scores=True, batch_size=4)
        engine = model._engine
        with pytest.raises(ArithmeticError, match=r"^the model's scores of its answer are not finite$"):
            engine.answer(engine.part(list(engine.queries.open(samples[:1])), 1), 1)


class TestSampled:
    def test_the_entropy_is_that_of_the_path(self, llava: Path, samples: list[Sample]) -> None:
        how = Sampling(temperature=1.5, top_k=20)
        scored = answers(TransformersModel(llava, sampling=how, scores=True), samples)
        plain = answers(TransformersModel(llava, sampling=how), samples)
        assert without_scores(scored) == without_scores(plain)
        for response in scored.values():
            assert response.entropy == pytest.approx(response.scores.path_entropy, abs=1e-9)
            assert response.scores.log_probability < 0

    def test_they_are_of_the_distribution_that_was_drawn_from(self) -> None:
        torch.manual_seed(0)
        logits, how = torch.randn(2, 50), Sampling(temperature=0.7, top_p=0.8)
        choice = Choice(sampling=how, generators=[np.random.default_rng(i) for i in range(2)], measure=True)
        drawn = choice(torch.zeros(2, 1, dtype=torch.long), logits).argmax(-1)
        logp = distribution(logits, how)
        assert choice.chosen[0].tolist() == logp.gather(-1, drawn[:, None])[:, 0].tolist()
        assert choice.entropies[0] == pytest.approx(torch.distributions.Categorical(logits=logp).entropy(), abs=1e-5)
        assert (logp == -math.inf).any()

    def test_do_not_depend_on_the_neighbours(self, llava: Path, samples: list[Sample]) -> None:
        model = TransformersModel(llava, sampling=Sampling(), scores=True, batch_size=4)
        whole = answers(model, samples)
        assert answers(model, samples[::-2]) == {sample.id: whole[sample.id] for sample in samples[::-2]}

    def test_the_sum_over_the_path_is_unbiased(self) -> None:
        """Two binary steps, the second's distribution depending on the first: H by enumeration and by drawing."""
        first, second = torch.tensor([0.8, 0.2]).log(), torch.tensor([[0.5, 0.5], [0.99, 0.01]]).log()
        joint = (first[:, None] + second).exp()
        exact = float(torch.special.entr(joint).sum())
        n = 4000
        choice = Choice(sampling=Sampling(), generators=[np.random.default_rng(i) for i in range(n)], measure=True)
        start = torch.zeros(n, 1, dtype=torch.long)
        drawn = choice(start, first.expand(n, 2)).argmax(-1)
        choice(start, second[drawn])
        paths = torch.stack(choice.entropies).sum(0)
        error = float(paths.std()) / math.sqrt(n)
        assert abs(float(paths.mean()) - exact) < 4 * error
        assert error < 0.01


def test_entropies_stop_at_a_stop_string(llava: Path, samples: list[Sample]) -> None:
    """Rows that a string has stopped are filled up while others go on; what fills them is no part of the answer."""
    text = answers(TransformersModel(llava), samples)[samples[0].id].text
    letter = next(c for c in text if c.isascii() and c.isprintable() and not c.isspace())
    options: dict[str, Any] = {"generation": {"stop_strings": [letter]}, "sampling": {"top_k": 1}, "scores": True}
    together = answers(TransformersModel(llava, **options), samples)
    lengths = set()
    for sample in samples:
        alone = answers(TransformersModel(llava, **options, batch_size=1), [sample])[sample.id]
        assert together[sample.id].text == alone.text
        assert len(together[sample.id].scores.log_probabilities) == len(alone.scores.log_probabilities)
        lengths.add(len(alone.scores.log_probabilities))
    assert len(lengths) > 1


class TestDraws:
    def test_are_of_one_model_and_differ(self, llava: Path, samples: list[Sample]) -> None:
        model = TransformersModel(llava, sampling=Sampling(temperature=2.0), seed=3, draws=3)
        drawn = [answers(model.redrawn(number), samples) for number in range(3)]
        assert drawn[0] == answers(model, samples)
        assert len({tuple(r.text for r in found.values()) for found in drawn}) == 3
        assert len({model.redrawn(number).fingerprint for number in range(3)}) == 3
        assert model.redrawn(0).fingerprint == model.fingerprint
        assert model.redrawn(2)._engine.model is model._engine.model
        other = TransformersModel(llava, sampling=Sampling(temperature=2.0), seed=3, batch_size=16)
        assert other.fingerprint == model.fingerprint
        assert answers(other.redrawn(2), samples[::-2]) == {s.id: drawn[2][s.id] for s in samples[::-2]}
        assert TransformersModel(llava, sampling=Sampling(temperature=2.0), seed=5).fingerprint not in {
            model.redrawn(number).fingerprint for number in range(3)
        }

    @pytest.mark.parametrize(
        ("settings", "message"),
        [
            ({"draws": 0}, "draws is 0; it must be at least 1."),
            ({"draws": 2}, "draws is 2, but greedy answers to a query are all alike. Give sampling=, or 1."),
        ],
    )
    def test_out_of_range(self, llava: Path, settings: dict[str, Any], message: str) -> None:
        with pytest.raises(ModelError) as caught:
            TransformersModel(llava, **settings)
        assert str(caught.value) == message
