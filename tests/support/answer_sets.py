"""Answers of every quality, with references, questions and clusters, for properties that hold under any data."""

import numpy as np
from hypothesis import strategies as st

D, D_T = 7, 3


def pairs_to_fit():
    """(60, D) references and (60, D_T) questions."""
    rng = np.random.default_rng(0)
    text = rng.normal(size=(60, D_T))
    return text @ rng.normal(size=(D_T, D)) + rng.normal(size=(60, D)), text


@st.composite
def answer_sets(draw, least, most, distinct):
    """n answers between none and perfect, some of them exact; the first `distinct` samples share no cluster."""
    n = draw(st.integers(least, most))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    text = rng.normal(size=(n, D_T))
    reference = text @ np.ones((D_T, D)) + rng.normal(size=(n, D))
    keeps = draw(st.sampled_from([0.0, 0.5, 0.9, 1.0]))
    response = np.where(rng.random((n, 1)) < keeps, reference, rng.normal(size=(n, D)))
    response = response + draw(st.sampled_from([0.0, 0.3])) * rng.normal(size=(n, D))
    clusters = rng.integers(0, draw(st.integers(1, n)), size=n)
    clusters[:distinct] = np.arange(1000, 1000 + distinct)
    return response, reference, text, clusters


@st.composite
def some_alike(draw, sets):
    """Such sets, or the same with one answer to everything."""
    response, *rest = draw(sets)
    return (np.tile(response[:1], (len(response), 1)) if draw(st.booleans()) else response, *rest)
