"""Answers with token scores in the cache, and in replay packs."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from cache_doubles import CountingModel, make_samples, text_for

from pytest_emid.cache import Cache
from pytest_emid.data.sample import Sample
from pytest_emid.errors import DataError, ModelError
from pytest_emid.models import Outcome, RecordedModel, Response, TokenScores

SCORES = TokenScores((-0.1, -2.0 / 3.0), (0.5, 1e-300))


class ScoringModel(CountingModel):
    """Answers as `CountingModel` does, with scores or without."""

    def __init__(self, scores: bool = True, refusing: Sequence[str] = (), broken: bool = False) -> None:
        super().__init__()
        self.scores = scores
        self.refusing = set(refusing)
        self.broken = broken

    def respond(self, samples: Sequence[Sample]) -> Iterator[tuple[int, Response]]:
        for position, response in super().respond(samples):
            if samples[position].id in self.refusing:
                yield position, Response("No.", Outcome.REFUSED)
            else:
                scores = SCORES if self.scores and not self.broken else None
                yield position, Response(response.text, entropy=response.entropy, scores=scores)


def expected(samples: Sequence[Sample], scores: TokenScores | None) -> list[Response]:
    return [Response(text_for(sample), entropy=0.25, scores=scores) for sample in samples]


def test_answers_without_scores_are_asked_again_for_them_once(tmp_path: Path) -> None:
    samples = make_samples(4)
    with Cache(tmp_path / "c.db") as cache:
        assert cache.respond(ScoringModel(False), samples[:3]) == expected(samples[:3], None)
        model = ScoringModel()
        assert cache.missing(model, samples) == 4
        assert cache.respond(model, samples) == expected(samples, SCORES)
        assert cache.sizes.answers == 4  # one key an answer, with scores or without
    with Cache(tmp_path / "c.db") as cache:
        assert cache.missing(model, samples) == 0
        assert cache.respond(model, samples) == expected(samples, SCORES)
        plain = ScoringModel(False)
        assert cache.respond(plain, samples) == expected(samples, SCORES)
    assert len(model.asked) == 4
    assert plain.asked == []


def test_scores_without_entropies_do_not_serve_who_asks_for_likely_tokens() -> None:
    class Served(CountingModel):
        scores = True

        def __init__(self, top_logprobs: int) -> None:
            super().__init__()
            self.top_logprobs = top_logprobs

        def respond(self, samples: Sequence[Sample]) -> Iterator[tuple[int, Response]]:
            for position, response in super().respond(samples):
                told = TokenScores((-0.1,), (0.5,) if self.top_logprobs else None, exact=False)
                yield position, Response(response.text, scores=told)

    samples, none, five = make_samples(3), Served(0), Served(5)
    with Cache(None) as cache:
        cache.respond(none, samples)
        assert cache.missing(none, samples) == 0
        assert cache.missing(five, samples) == 3
        cache.respond(five, samples)
        assert (cache.missing(five, samples), cache.missing(none, samples)) == (0, 0)


def test_a_refusal_has_no_scores_and_is_not_asked_again() -> None:
    samples, model = make_samples(3), ScoringModel(refusing=["s1"])
    with Cache(None) as cache:
        cache.respond(model, samples)
        assert cache.respond(model, samples)[1] == Response("No.", Outcome.REFUSED)
    assert len(model.asked) == 3


def test_a_promise_that_is_not_kept_ends_the_run() -> None:
    with Cache(None) as cache, pytest.raises(ModelError) as caught:
        cache.respond(ScoringModel(broken=True), make_samples(2))
    assert str(caught.value) == (
        "counting answered sample 's1' without token scores, which its attribute scores promises. "
        "It must give them with every answer, or set scores to False."
    )


def test_reading_only_says_what_is_missing(tmp_path: Path) -> None:
    with Cache(tmp_path / "c.db") as cache:
        cache.respond(ScoringModel(False), make_samples(2))
    with Cache(tmp_path / "c.db", mode="read") as cache:
        assert cache.respond(ScoringModel(False), make_samples(2)) == expected(make_samples(2), None)
        with pytest.raises(DataError) as caught:
            cache.respond(ScoringModel(), make_samples(2))
    assert str(caught.value).startswith(
        f"the cache {tmp_path / 'c.db'} lacks 2 answers of counting with token scores, and its mode is 'read': s0, s1. "
    )


def test_a_damaged_score_is_noticed(tmp_path: Path) -> None:
    samples, model = make_samples(2), ScoringModel()
    with Cache(tmp_path / "c.db") as cache:
        cache.respond(model, samples)
    with sqlite3.connect(tmp_path / "c.db") as raw:
        raw.execute("UPDATE answers SET scores = NULL WHERE key = (SELECT min(key) FROM answers)")
    raw.close()
    with Cache(tmp_path / "c.db") as cache:
        assert cache.respond(model, samples) == expected(samples, SCORES)
        assert cache.store.damaged == 1
    assert len(model.asked) == 3


def test_a_file_of_the_first_format_is_brought_up_to_date(tmp_path: Path) -> None:
    samples, model = make_samples(3), ScoringModel(False)
    with Cache(tmp_path / "c.db") as cache:
        cache.respond(model, samples)
    with sqlite3.connect(tmp_path / "c.db") as raw:
        raw.execute("ALTER TABLE answers DROP COLUMN scores")
        raw.execute("PRAGMA user_version = 1")
    raw.close()
    with Cache(tmp_path / "c.db") as cache:
        assert cache.respond(model, samples) == expected(samples, None)
        assert len(model.asked) == 3
        assert cache.respond(ScoringModel(), samples) == expected(samples, SCORES)
        cache.store.check()


def test_a_replay_pack_holds_them(tmp_path: Path) -> None:
    samples = make_samples(3)
    with Cache(None) as cache:
        cache.respond(ScoringModel(), samples[:2])
        cache.respond(ScoringModel(False), samples)
        cache.export_pack(tmp_path / "pack.json")
    with Cache(None) as cache:
        cache.import_pack(tmp_path / "pack.json")
        model = ScoringModel()
        assert cache.missing(model, samples) == 1
        assert cache.respond(model, samples[:2]) == expected(samples[:2], SCORES)
        assert cache.respond(ScoringModel(False), samples) == expected(samples[:2], SCORES) + expected(
            samples[2:], None
        )
        assert model.asked == []


def test_a_recording_holds_them() -> None:
    samples = make_samples(2)
    records = [{"question_id": s.id, "text": "x", "scores": SCORES.to_dict()} for s in samples]
    model = RecordedModel(records)
    assert [response.scores for _, response in model.respond(samples)] == [SCORES, SCORES]
    assert model.fingerprint != RecordedModel([{**record, "scores": None} for record in records]).fingerprint
    with pytest.raises(DataError) as caught:
        RecordedModel([{**records[0], "scores": {"log_probabilities": [1.0]}}])
    assert str(caught.value) == ("record 0: token scores: log-probability 1.0 at step 0 is not finite and at most 0.")
