"""The critic of each name: that it is the one that is named, fitted on these pairs, and asked the right question."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from spelled_world import Side, answered, pairs, spoiled

from pytest_emid.data import Dataset
from pytest_emid.errors import EstimationError
from pytest_emid.information.critics.club import ClubCritic
from pytest_emid.information.critics.mutual_information import contributions
from pytest_emid.information.critics.query import QueryContrast
from pytest_emid.information.critics.ridge import RidgeCritic
from pytest_emid.information.critics.witness import Witness
from pytest_emid.information.reference.whitening import Whitening
from pytest_emid.measuring.critic import CRITICS, ClubEmi, EmiCritic, QueryEmi, WitnessEmi, critic_named
from pytest_emid.measuring.embedding import Answered, Embedded
from pytest_emid.measuring.results import CriticReport
from pytest_emid.models.base import Response

SEED, LN64 = 3, float(np.log(64))


def embedded(side: Side) -> dict[str, Any]:
    a = side.arrays()
    return {"dataset": side.dataset, "image": a.image, "text": a.text, "reference": a.reference}


def as_answered(side: Side) -> Answered:
    responses = tuple(Response(text) for text in side.answers[0])
    return Answered(**embedded(side), responses=responses, response=side.arrays().response)


CALIBRATION = Dataset("calibration", pairs(240, 99, "c")[0])
FIT = Side(CALIBRATION, [[sample.reference for sample in CALIBRATION]])
PAIRS = Embedded(**embedded(FIT))
CLEAN = as_answered(answered())
SHIFTED = as_answered(spoiled(answered()))
SILENT = as_answered(Side(CLEAN.dataset, [["1 2 3 4 5 6 7 8"] * 180]))


@pytest.fixture(scope="module")
def whitening() -> Whitening:
    return Whitening.fit(PAIRS.reference, PAIRS.text, clusters=CALIBRATION.clusters, seed=SEED)


def checkpoint(folder: Path) -> Path:
    """The authors' format, with weights that nobody trained."""
    d, hidden, rng = 8, 3, np.random.default_rng(2)
    shapes = {"0.weight": (hidden, d), "0.bias": (hidden,), "2.weight": (d, hidden), "2.bias": (d,)}
    state = {
        f"{network}.{name}": torch.tensor(rng.normal(size=shape), dtype=torch.float32)
        for network in ("p_mu", "p_logvar")
        for name, shape in shapes.items()
    }
    torch.save(state, folder / "club.pt")
    return folder / "club.pt"


def test_the_names() -> None:
    assert CRITICS == ("witness", "query", "club-ridge", "club", "paper:PATH")


def test_witness(whitening: Whitening) -> None:
    critic = critic_named("witness", PAIRS, whitening, SEED)
    same = Witness.of(whitening, PAIRS.reference, PAIRS.text)
    assert isinstance(critic, WitnessEmi)
    assert critic.report("240 pairs", 240) == CriticReport(
        "witness", same.fingerprint, "240 pairs", 240, None, "nats", LN64, 64
    )
    # The question that counts is the one that is given, not the side's own.
    clusters, asked = SHIFTED.dataset.clusters, CLEAN.text
    wanted = same.information(SHIFTED.response, SHIFTED.reference, asked, clusters=clusters)
    true = same.information(SHIFTED.reference, SHIFTED.reference, asked, clusters=clusters)
    amounts = critic.amounts(SHIFTED, asked)
    assert amounts.response.tolist() == wanted.scores.tolist()
    assert amounts.reference.tolist() == true.scores.tolist()
    assert amounts.candidates == 64
    assert amounts.response.tolist() != critic.amounts(SHIFTED, SHIFTED.text).response.tolist()
    assert critic.anchored(CLEAN, SHIFTED, amounts).tolist() == wanted.scores.tolist()


def test_query(whitening: Whitening) -> None:
    critic = critic_named("query", PAIRS, whitening, SEED)
    same = QueryContrast.fit(PAIRS.query, PAIRS.reference, clusters=CALIBRATION.clusters, seed=SEED)
    assert isinstance(critic, QueryEmi)
    assert critic.report("240 pairs", 240) == CriticReport(
        "query", same.fingerprint, "240 pairs", 240, None, "nats", LN64, 64
    )
    clusters = SHIFTED.dataset.clusters
    amounts = critic.amounts(SHIFTED, CLEAN.text)
    # As published: the query is the shifted one, whatever question references are conditional on.
    wanted = same.information(SHIFTED.response, SHIFTED.query, clusters=clusters)
    true = same.information(SHIFTED.reference, SHIFTED.query, clusters=clusters)
    assert (amounts.response.tolist(), amounts.reference.tolist()) == (wanted.scores.tolist(), true.scores.tolist())
    anchored = same.information(SHIFTED.response, CLEAN.query, clusters=clusters, candidates=20)
    fewer = critic.amounts(SHIFTED, CLEAN.text, 20)
    assert critic.anchored(CLEAN, SHIFTED, fewer).tolist() == anchored.scores.tolist()


@pytest.mark.parametrize("name", ["witness", "query"])
def test_how_many_candidates(whitening: Whitening, name: str) -> None:
    critic = critic_named(name, PAIRS, whitening, SEED)
    small = as_answered(answered(30))
    assert critic.amounts(CLEAN, CLEAN.text).candidates == 64
    assert critic.amounts(CLEAN, CLEAN.text, 20).candidates == 20
    assert critic.amounts(small, small.text).candidates == 28  # 30 samples, three a picture
    assert critic.amounts(small, small.text, 40).candidates == 28
    assert critic.unit == "nats"


def of_the_club_family(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, Any]:
    """What to ask for, and the critic that must come."""
    fit = {"clusters": CALIBRATION.clusters, "seed": SEED}
    if name == "club-ridge":
        return name, RidgeCritic.fit(PAIRS.query, PAIRS.reference, **fit)
    if name == "object":
        ridge = RidgeCritic.fit(PAIRS.query, PAIRS.reference)
        return ridge, ridge
    path = checkpoint(folder)
    loaded = ClubCritic.load_checkpoint(path)
    if name == "paper":
        return f"paper:{path}", loaded

    def trained(x: Any, y: Any, **options: Any) -> ClubCritic:  # training it takes longer than all the rest
        assert (x.tolist(), y.tolist(), options) == (PAIRS.query.tolist(), PAIRS.reference.tolist(), fit)
        return loaded

    monkeypatch.setattr(ClubCritic, "fit", trained)
    return name, loaded


@pytest.mark.parametrize("name", ["club-ridge", "club", "paper", "object"])
def test_the_club_family(whitening: Whitening, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    named, same = of_the_club_family(name, tmp_path, monkeypatch)
    critic = critic_named(named, PAIRS, whitening, SEED)
    assert isinstance(critic, ClubEmi)
    report = critic.report("240 pairs", 240)
    assert (report.kind, report.fingerprint, report.unit) == (same.kind, same.fingerprint, "critic scale")
    assert (report.fitted_on, report.m, report.ceiling, report.candidates) == ("240 pairs", 240, None, 0)
    assert report.r2 is same.held_out_r2 or report.r2 == same.held_out_r2
    amounts = critic.amounts(SHIFTED, CLEAN.text, 20)
    assert amounts.response == pytest.approx(contributions(same, SHIFTED.query, SHIFTED.response), abs=1e-9)
    assert amounts.reference == pytest.approx(contributions(same, SHIFTED.query, SHIFTED.reference), abs=1e-9)
    assert amounts.candidates == 0
    anchored = critic.anchored(CLEAN, SHIFTED, amounts)
    assert anchored == pytest.approx(contributions(same, CLEAN.query, SHIFTED.response), abs=1e-9)


@pytest.mark.parametrize("name", ["witness", "query", "club-ridge"])
def test_one_answer_to_all_tells_exactly_nothing(whitening: Whitening, name: str) -> None:
    critic: EmiCritic = critic_named(name, PAIRS, whitening, SEED)
    amounts = critic.amounts(SILENT, CLEAN.text)
    assert not amounts.response.any()
    assert amounts.reference.any()
    assert not critic.anchored(CLEAN, SILENT, amounts).any()


def named(what: Any) -> Any:
    return lambda whitening: critic_named(what, PAIRS, whitening)


LEGAL = "Name one of witness, query, club-ridge, club, paper:PATH, or give a fitted critic."
FEW = Side(Dataset("few", list(CALIBRATION)[:150]), [["0 1 2 3 4 5 6 7"] * 150])
ERRORS = [
    (named("kernel"), f"'kernel' is no critic. {LEGAL}"),
    (named("Witness"), f"'Witness' is no critic. {LEGAL}"),
    (named(None), f"None is no critic. {LEGAL}"),
    (named(3), f"3 is no critic. {LEGAL}"),
    (named("paper:"), ".: no such file. Pass the path of a CLUB checkpoint."),
    (named("paper:nowhere.pt"), "nowhere.pt: no such file. Pass the path of a CLUB checkpoint."),
    (
        lambda whitening: critic_named("query", Embedded(**embedded(FEW)), whitening),
        "y: at least 200 rows are needed, got 150.",
    ),
]


@pytest.mark.parametrize(("call", "message"), ERRORS)
def test_errors(whitening: Whitening, call: Any, message: str) -> None:
    with pytest.raises(EstimationError) as caught:
        call(whitening)
    assert str(caught.value) == message
