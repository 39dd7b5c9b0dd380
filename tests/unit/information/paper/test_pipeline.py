import json
import os
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from pytest_emid.errors import EstimationError
from pytest_emid.information.critics import RidgeCritic
from pytest_emid.information.divergence.rjsd import EmbeddingSet
from pytest_emid.information.paper import pipeline as paper
from pytest_emid.information.paper.pipeline import PaperMeasurement, PreparedSet

PARTS = ("image", "text", "response", "reference")

GOLDEN_NAMES = {
    "mi_response_clean": "p_mi_model",
    "mi_reference_clean": "p_mi_ref",
    "mi_response_shifted": "q_mi_model",
    "mi_reference_shifted": "q_mi_ref",
    "emi_clean": "p_emi",
    "emi_shifted": "q_emi",
    "emid": "emid",
    "jsd_image": "jsd_v",
    "jsd_text": "jsd_t",
    "jsd_output_clean": "jsd_py",
    "jsd_output_shifted": "jsd_qy",
}


def unit_rows(n, d, seed):
    rows = np.random.default_rng([9, seed]).normal(size=(n, d)) + 0.5
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def embeddings(n, d, seed):
    return SimpleNamespace(**{part: unit_rows(n, d, 4 * seed + k) for k, part in enumerate(PARTS)})


def write_checkpoint(path, d=24, hidden=10, seed=0):
    generator = torch.Generator().manual_seed(seed)
    shapes = {"0.weight": (hidden, d), "0.bias": (hidden,), "2.weight": (d, hidden), "2.bias": (d,)}
    state = {
        f"{network}.{name}": torch.randn(shape, generator=generator) / 3
        for network in ("p_mu", "p_logvar")
        for name, shape in shapes.items()
    }
    torch.save(state, path)
    return {name: tensor.double().numpy() for name, tensor in state.items()}


def dense(state, clean, shifted):
    """The whole pipeline as the formulas read: all pairs, d x d spectra, float64, nothing shared."""

    def network(name, x):
        hidden = np.tanh(x @ state[f"{name}.0.weight"].T + state[f"{name}.0.bias"])
        return hidden @ state[f"{name}.2.weight"].T + state[f"{name}.2.bias"]

    def information(x, y):
        mean, variance = network("p_mu", x), np.exp(np.tanh(network("p_logvar", x)))
        positive = -((y - mean) ** 2) / 2 / variance
        negative = -((y[None] - mean[:, None]) ** 2).mean(axis=1) / 2 / variance
        return (positive - negative).sum(axis=1).mean()

    def entropy(matrix):
        values = np.linalg.eigvalsh(matrix)
        values = values[values > 0] / values.sum()
        return -(values * np.log(values)).sum()

    def divergence(p, q):
        p, q = p.T @ p, q.T @ q
        return entropy((p + q) / 2) - (entropy(p) + entropy(q)) / 2

    p, q = ({part: getattr(s, part).astype(float) for part in PARTS} for s in (clean, shifted))
    found = {}
    for name, s in (("clean", p), ("shifted", q)):
        x = (s["image"] + s["text"]) / 2
        found[f"mi_response_{name}"] = information(x, s["response"])
        found[f"mi_reference_{name}"] = information(x, s["reference"])
        found[f"emi_{name}"] = found[f"mi_response_{name}"] - found[f"mi_reference_{name}"]
        found[f"jsd_output_{name}"] = divergence(s["response"], s["reference"])
    found["emid"] = found["emi_clean"] - found["emi_shifted"]
    found["jsd_image"], found["jsd_text"] = (divergence(p[part], q[part]) for part in ("image", "text"))
    return found


def tolerance(field):
    """Divergences are float64 throughout; the critic's networks run in float32."""
    return 1e-9 if field.startswith("jsd") else 1e-6


def score(found, entropy_scale=None):
    inputs = found["jsd_image"] ** 0.5 + found["jsd_text"] ** 0.5
    outputs = found["jsd_output_clean"] ** 0.25 + found["jsd_output_shifted"] ** 0.25
    return inputs + outputs if entropy_scale is None else entropy_scale * inputs + 4 * outputs


@pytest.mark.parametrize("sizes", [(40, 40), (40, 25), (10, 70)])
def test_it_equals_the_dense_pipeline(sizes, tmp_path):
    state = write_checkpoint(tmp_path / "critic.pt")
    clean, shifted = embeddings(sizes[0], 24, 0), embeddings(sizes[1], 24, 1)
    critic = paper.load_critic(tmp_path / "critic.pt")
    found = paper.measure(clean, shifted, critic)
    expected = dense(state, clean, shifted)
    for name, value in expected.items():
        assert getattr(found, name) == pytest.approx(value, abs=tolerance(name)), name
    assert found.score == pytest.approx(score(expected), abs=1e-8)
    assert paper.measure(clean, shifted, critic, 3.0).score == pytest.approx(score(expected, 3.0), abs=1e-8)
    assert all(type(value) is float for value in asdict(found).values())


def test_prepared_sets_give_the_same_numbers_and_ask_the_critic_once(tmp_path):
    write_checkpoint(tmp_path / "critic.pt")
    critic = paper.load_critic(tmp_path / "critic.pt")
    asked = []

    class Counting(type(critic)):
        def natural(self, x):
            asked.append(len(x))
            return super().natural(x)

    counting = Counting(critic._arrays)
    clean, others = embeddings(40, 24, 0), [embeddings(30, 24, seed) for seed in (1, 2, 3)]
    prepared = PreparedSet(clean, "clean")
    assert [paper.measure(prepared, other, counting) for other in others] == [
        paper.measure(clean, other, critic) for other in others
    ]
    assert asked == [40, 30, 30, 30]


def test_sets_may_share_their_spectra():
    clean = embeddings(30, 24, 0)
    references = EmbeddingSet(clean.reference, "references")
    prepared = PreparedSet(SimpleNamespace(**{**vars(clean), "reference": references}))
    assert prepared.reference is references


def test_nothing_shifted_means_no_input_divergence_and_no_emid(tmp_path):
    write_checkpoint(tmp_path / "critic.pt")
    clean = embeddings(30, 24, 0)
    found = paper.measure(clean, embeddings(30, 24, 0), paper.load_critic(tmp_path / "critic.pt"))
    assert found.emid == 0.0
    assert (found.jsd_image, found.jsd_text) == (0.0, 0.0)


def test_critics_of_this_package_load_too(tmp_path):
    data = embeddings(40, 24, 0)
    critic = RidgeCritic.fit(PreparedSet(data).query, data.reference)
    critic.save(tmp_path / "ridge.safetensors")
    loaded = paper.load_critic(tmp_path / "ridge.safetensors")
    assert isinstance(loaded, RidgeCritic)
    assert isinstance(paper.measure(data, embeddings(40, 24, 1), loaded), PaperMeasurement)


GOOD = embeddings(30, 24, 0)


def altered(**parts):
    return SimpleNamespace(**{**vars(GOOD), **parts})


@pytest.mark.parametrize(
    ("clean", "shifted", "message"),
    [
        (
            GOOD,
            altered(response=np.where(np.arange(30)[:, None] == 7, np.nan, GOOD.response)),
            "shifted.response: row 7 holds nan in column 0 (1 of 30 rows are not finite). "
            "Remove the sample or fix the encoder that made it.",
        ),
        (
            altered(text=GOOD.text[1:]),
            GOOD,
            "clean.text: expected 30 rows, got 29. "
            "Arrays that are measured together hold the same samples in the same order.",
        ),
        (
            altered(text=GOOD.text[:, 1:]),
            GOOD,
            "clean: the paper's query embedding is the mean of image and question, but the first has 24 dimensions "
            "and the second 23. Use encoders of one dimension.",
        ),
        (embeddings(1, 24, 0), GOOD, "clean.image: at least 2 rows are needed, got 1."),
        (
            embeddings(30, 20, 0),
            GOOD,
            "x: has 20 columns, but the club critic {critic} was fitted on 24. "
            "Use the encoders that it was fitted with, or fit a critic on these embeddings.",
        ),
        (
            altered(response=np.repeat(GOOD.response[:1], 30, axis=0)),
            GOOD,
            "responses[0]: all 30 rows are identical, so there is nothing to measure. "
            "Check whether the model answers every query alike or the encoder ignores its input.",
        ),
    ],
    ids=["nan", "rows", "dimensions", "one row", "another encoder", "constant"],
)
def test_bad_input_names_the_set_and_the_attribute(tmp_path, clean, shifted, message):
    write_checkpoint(tmp_path / "critic.pt")
    critic = paper.load_critic(tmp_path / "critic.pt")
    with pytest.raises(EstimationError) as caught:
        paper.measure(clean, shifted, critic)
    assert str(caught.value) == message.format(critic=critic.fingerprint[:12])


@pytest.fixture(scope="module")
def reference():
    if "EMID_REFERENCE" not in os.environ:
        pytest.skip("EMID_REFERENCE is not set: the authors' checkpoint and goldens are not part of this repository")
    return Path(os.environ["EMID_REFERENCE"])


@pytest.mark.parametrize("name", ["paired_90", "unpaired_90_60"])
def test_the_goldens_of_the_authors_code_are_met(name, reference):
    golden = json.loads((reference / "goldens" / f"{name}.json").read_text())
    arrays = np.load(reference / "goldens" / f"{name}.npz")
    columns = {"image": "xv", "text": "xt", "response": "yh", "reference": "y"}
    clean, shifted = (
        SimpleNamespace(**{part: arrays[f"{side}_{column}"] for part, column in columns.items()}) for side in "pq"
    )
    critic = paper.load_critic(reference / "club_global.pt")
    found = paper.measure(clean, shifted, critic)
    for ours, theirs in GOLDEN_NAMES.items():
        allowed = 1e-4 if ours.startswith("jsd") else 1e-5
        assert getattr(found, ours) == pytest.approx(golden[theirs], abs=allowed), ours
    # Roots of the divergences, which the authors compute in float32.
    assert found.score == pytest.approx(golden["ub"], abs=1e-4)
    assert paper.measure(clean, shifted, critic, 3.0).score == pytest.approx(golden["ub_entropy_3.0"], abs=5e-4)

    state = {
        key: tensor.double().numpy()
        for key, tensor in torch.load(reference / "club_global.pt", weights_only=True, map_location="cpu").items()
    }
    for field, value in dense(state, clean, shifted).items():
        assert getattr(found, field) == pytest.approx(value, abs=tolerance(field)), field
