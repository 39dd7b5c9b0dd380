"""Reference information I(Y_ref; Yhat | X_t): what answers say about references beyond what the question gives away.

Two estimates, both one score per sample whose mean is the estimate:

- `direct`: the cosine of the whitened response to the whitened reference, minus that of mismatched pairs. Works from
  n = 60 on. Sensitive to style in embeddings that see words rather than meaning.
- `decoded`: how well a cross-fitted linear decoder reads the whitened reference out of the response. Blind to any
  linear change of the response space, hence to style and format. Needs some hundreds of samples.

Neither is in nats: both are cosines, 0 where answers say nothing about references and at most 1.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pytest_emid.errors import EstimationError
from pytest_emid.information.arrays import as_clusters
from pytest_emid.information.clusters import Clusters
from pytest_emid.information.whitening import Whitening

__all__ = ["Centre", "Whitening", "decoded", "decoded_obstacle", "direct", "matched_scores"]

Float = NDArray[np.float64]
Centre = Literal["median", "mean", "none"]

FEWEST_TO_DECODE = 150
FOLDS = 10


def direct(
    whitening: Whitening,
    response: ArrayLike,
    reference: ArrayLike,
    text: ArrayLike,
    *,
    clusters: Clusters = None,
    centre: Centre = "median",
) -> Float:
    """Direct reference information of one set, as n scores.

    Args:
        whitening: frozen, fitted on other references.
        response: (n, d) embeddings of the model's answers.
        reference: (n, d) embeddings of the reference answers.
        text: (n, d_t) embeddings of the questions; for a paired shifted set those of the *clean* questions, so that
            a corrupted question is no excuse.
        clusters: (n,) labels; pairs within a cluster do not count as mismatched.
        centre: what is subtracted from the whitened residuals of the set before cosines are taken, which removes a
            style that all answers share: their `median` (geometric; a few broken answers do not move it), their
            `mean`, or `none`.

    Returns:
        (n,) influence values; their mean is the mean cosine of matched pairs minus that of mismatched pairs.

    Raises:
        EstimationError: bad arrays, fewer than two clusters, or an unknown centre.
    """
    told = whitening.transform(response, text, "response")
    true = whitening.transform(reference, text, "reference")
    codes = as_clusters(clusters, len(told))
    return matched_scores(_unit(_centred(told, centre)), _unit(_centred(true, centre)), codes)


def matched_scores(a: Float, b: Float, codes: NDArray[np.intp]) -> Float:
    """Influence values of mean_i a_i.b_i minus the mean of a_i.b_j over pairs of different clusters, in O(n d).

    A mean over mismatched pairs moves with both of their halves, so each sample answers for its a and its b:
    psi_i = a_i.b_i - a_i.mean(b elsewhere) - mean(a elsewhere).b_i + mean over mismatched pairs.
    """
    n = len(a)
    sizes = np.bincount(codes)
    if len(sizes) < 2:
        raise EstimationError(
            "clusters: all samples share one cluster, so no mismatched pair tells what chance agreement looks like. "
            "Use samples of at least two pictures."
        )
    elsewhere = (n - sizes)[codes]
    b_elsewhere = _elsewhere(b, codes, len(sizes))
    a_elsewhere = _elsewhere(a, codes, len(sizes))
    rows = np.einsum("ij,ij->i", a, b_elsewhere) / elsewhere
    columns = np.einsum("ij,ij->i", a_elsewhere, b) / elsewhere
    mismatched = (rows.mean() + columns.mean()) / 2
    scores: Float = np.einsum("ij,ij->i", a, b) - rows - columns + mismatched
    return scores


def decoded_obstacle(n: int, clusters: int) -> str | None:
    """Why the decoded form cannot be computed from this many samples and clusters; None where it can."""
    if n < FEWEST_TO_DECODE:
        return (
            f"the decoded form needs at least {FEWEST_TO_DECODE} samples to fit its decoder, and there are {n}: "
            "its level would be biased and its power low"
        )
    if clusters < FOLDS:
        return f"the decoded form is cross-fitted over {FOLDS} groups of clusters, and there are {clusters} clusters"
    return None


def decoded(
    whitening: Whitening,
    response: ArrayLike,
    reference: ArrayLike,
    text: ArrayLike,
    *,
    clusters: Clusters = None,
    folds: int = FOLDS,
    components: int = 60,
    penalty: float = 0.3,
    seed: int = 0,
) -> Float:
    """Decoded reference information of one set, as n scores.

    A ridge regression predicts the whitened reference from the principal components of (response, question), fitted
    on other folds; the score is the cosine of that prediction to the whitened reference.

    Args:
        whitening, response, reference, text, clusters: as for `direct`.
        folds: clusters are dealt to this many folds, whole.
        components: principal components kept, found inside each fold; at most a third of the samples.
        penalty: ridge penalty on standardised components.
        seed: of the folds; use one seed for sets that are compared.

    Raises:
        EstimationError: bad arrays, or too few samples or clusters (`decoded_obstacle` says so beforehand).
    """
    told = whitening.transform(response, text, "response")
    true = whitening.transform(reference, text, "reference")
    codes = as_clusters(clusters, len(told))
    groups = int(codes.max()) + 1
    obstacle = decoded_obstacle(len(told), groups)
    if obstacle is not None:
        raise EstimationError(f"{obstacle[0].upper()}{obstacle[1:]}. Use the direct form, or measure more samples.")
    features = np.concatenate([np.asarray(response, dtype=np.float64), np.asarray(text, dtype=np.float64)], axis=1)
    fold = (np.random.default_rng(seed).permutation(groups) % folds)[codes]
    prediction = np.empty_like(true)
    for k in range(folds):
        inside = fold != k
        prediction[~inside] = _decode(features[inside], true[inside], features[~inside], components, penalty)
    scores: Float = np.einsum("ij,ij->i", _unit(prediction), _unit(true))
    return scores


def _decode(x: Float, y: Float, x_new: Float, components: int, penalty: float) -> Float:
    mean = x.mean(axis=0)
    _, singular, right = np.linalg.svd(x - mean, full_matrices=False)
    kept = min(components, len(x) // 3, int((singular > 1e-8 * singular[0]).sum()))
    to_scores = right[:kept].T / singular[:kept] * np.sqrt(len(x))
    z = (x - mean) @ to_scores
    slope = np.linalg.solve(z.T @ z / len(x) + penalty * np.eye(kept), z.T @ (y - y.mean(axis=0)) / len(x))
    predicted: Float = (x_new - mean) @ to_scores @ slope + y.mean(axis=0)
    return predicted


def _elsewhere(rows: Float, codes: NDArray[np.intp], groups: int) -> Float:
    """For each sample, the sum of the rows of all other clusters."""
    sums: Float = np.zeros((groups, rows.shape[1]))
    np.add.at(sums, codes, rows)
    rest: Float = rows.sum(axis=0) - sums[codes]
    return rest


def _centred(rows: Float, centre: Centre) -> Float:
    if centre == "median":
        return rows - geometric_median(rows)
    if centre == "mean":
        middle: Float = rows.mean(axis=0)
        return rows - middle
    if centre == "none":
        return rows
    raise EstimationError(f"centre: {centre!r} is unknown. Use 'median', 'mean' or 'none'.")


def geometric_median(rows: Float, steps: int = 100, tolerance: float = 1e-7) -> Float:
    """The point with the least mean distance to the rows (Weiszfeld's iteration); few rows cannot move it far."""
    point: Float = np.median(rows, axis=0)
    spread = float(np.linalg.norm(rows - point, axis=1).mean())
    for _ in range(steps):
        # The floor keeps a row that the point sits on from taking all the weight.
        weight = 1.0 / np.maximum(np.linalg.norm(rows - point, axis=1), 1e-6 * spread + 1e-300)
        step: Float = weight @ rows / weight.sum()
        moved = float(np.linalg.norm(step - point))
        point = step
        if moved <= tolerance * spread:
            break
    return point


def _unit(rows: Float) -> Float:
    """Rows of length one; a zero row, which points nowhere, stays zero."""
    norm = np.linalg.norm(rows, axis=1, keepdims=True)
    scaled: Float = rows / np.where(norm > 0.0, norm, 1.0)
    return scaled
