"""A model and encoders that are simple enough to know the right answers, on drawn scenes."""

from __future__ import annotations

import hashlib
import re

import numpy as np

from pytest_emid.data import scenes_dataset
from pytest_emid.encoders import Encoders
from pytest_emid.measuring.judging import Judge
from pytest_emid.measuring.measurer import Measurer
from pytest_emid.models import CallableModel
from pytest_emid.models.base import Outcome, Response


class Oracle:
    """Knows the reference of every sample, and forgets the share `wrong` of the shifted ones."""

    name = "oracle"

    def __init__(self, *datasets, wrong=0.0, fail=(), entropy=0.0):
        self.references = {s.id: s.reference for d in datasets for s in d}
        self.questions = {(s.id, s.question) for d in datasets for s in d}
        self.wrong, self.fail, self.entropy, self.asked = wrong, fail, entropy, []
        self.fingerprint = f"oracle:{wrong}:{sorted(fail)}:{entropy}"

    def respond(self, samples):
        for position, sample in enumerate(samples):
            self.asked.append((sample.id, sample.question))
            if sample.id in self.fail:
                yield position, Response("", Outcome.FAILED, "out of order")
                continue
            clean = (sample.id, sample.question) in self.questions
            lucky = np.random.default_rng([7, *sample.id.encode()]).random() >= self.wrong
            text = self.references[sample.id] if clean or lucky else "I cannot say."
            yield position, Response(text, entropy=self.entropy)


class Words:
    """Texts to sums of hashed words; pictures to their mean colour among hashed directions."""

    def __init__(self, dimension=24):
        self.name, self.dimension = f"words-{dimension}", dimension
        self.fingerprint = self.name

    def _direction(self, word):
        seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:8], "big")
        return np.random.default_rng(seed).normal(size=self.dimension)

    def _unit(self, rows):
        matrix = np.array(rows, dtype=np.float32)
        return matrix / np.linalg.norm(matrix, axis=1, keepdims=True)


class WordEncoder(Words):
    def encode(self, texts):
        return self._unit([sum(self._direction(w) for w in ("^", *text.lower().strip(".?").split())) for text in texts])


class PatchEncoder(Words):
    def encode(self, images):
        grids = [np.asarray(image.resize((4, 2)), dtype=np.float64).ravel() - 128.0 for image in images]
        return self._unit([grid[: self.dimension] for grid in grids])


ENCODERS = Encoders(PatchEncoder(), WordEncoder())


class Shout:
    """A textual shift that changes every question and nothing else."""

    id, modality, paired = "shout", "textual", True

    def apply(self, dataset, seed):
        return dataset.map("shouted", lambda s: s.with_(question=s.question.upper() + "!"), f"shout:{seed}")


def measurer(dataset, model, **options):
    options.setdefault("calibration", scenes_dataset(240, stream="calibration"))
    return Measurer(model, dataset, ENCODERS, **options)


def judge_of_length():
    """Of two answers, the longer one is the better one."""

    def scores(images, prompts):
        pairs = [re.search(r"answer A\n(.*)\n===== answer B\n(.*)\n=====", p, re.DOTALL).groups() for p in prompts]
        return [f"{1 + len(a) % 10} {1 + len(b) % 10}\n." for a, b in pairs]

    return Judge(CallableModel(scores, name="length"))
