"""Questions, references and responses as vectors, with known content."""

import numpy as np

D, D_T = 24, 6
SLOPE = np.random.default_rng(0).normal(size=(D_T, D))
WIDTH = 1.0 / np.sqrt(np.arange(1, D + 1))


def draw(rng, n):
    """Questions and references; a response keeps a share of what the question does not give away."""
    text = rng.normal(size=(n, D_T))
    content = rng.normal(size=(n, D)) * WIDTH
    return text, text @ SLOPE + content, content


def answer(rng, text, content, keeps):
    noise = rng.normal(size=content.shape) * WIDTH
    return text @ SLOPE + keeps * content + np.sqrt(1 - keeps**2) * noise
