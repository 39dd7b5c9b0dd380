"""Early stopping and the search for the breaking severity: what they save, and whether they err more often.

    python benchmarks/validity/early_stopping.py --out early.json            # a minute of one core
    python benchmarks/validity/early_stopping.py --quick --out early.json    # some seconds

Answers are right or wrong (exact match, .9 right on clean data) or scored (free text); the gate asks that .9 is
retained. The looks of the package on its own intervals are held against one interval on all samples. A shift takes
right answers away one by one, by whole pictures, or by pictures each with a chance of its own (Beta); wrong answers
become right in .02. All draws are decided at once, in arrays; the first of each cell are decided by the package's own
functions, too, and must agree.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pytest_emid.information.intervals.clusters import t_quantile
from pytest_emid.information.intervals.estimate import Estimate
from pytest_emid.information.intervals.looks import SHARES, looks, unchanged_confidence
from pytest_emid.information.intervals.means import retained_contrast
from pytest_emid.measuring.severity import BreakingSeverity, search
from pytest_emid.measuring.staging import decided
from pytest_emid.measuring.verdicts import Decision, Direction, Verdict, decide

Scores = NDArray[np.float64]
"""(draws, pictures, questions a picture)."""
Verdicts = NDArray[np.int64]
"""1 for PASS, -1 for FAIL, 0 for UNDECIDED."""
WORDS = {1: Verdict.PASS, 0: Verdict.UNDECIDED, -1: Verdict.FAIL}
AT_LEAST = 0.9
RIGHT = 0.9
GAINED = 0.02
CHECKED = 10
"""Draws of a cell that are decided by the package's own functions, too."""
TRUTHS = (1.0, 0.95, 0.9, 0.85, 0.8, 0.5)


@dataclass(frozen=True)
class World:
    """`size` questions a picture; `spread` None: one by one, 0: whole pictures, else Beta with this concentration."""

    name: str
    size: int
    spread: float | None = None
    is_free: bool = False

    def clean(self, rng: np.random.Generator, draws: int, pictures: int) -> Scores:
        shape = (draws, pictures, self.size)
        if self.is_free:
            return 1.0 + 0.05 * rng.normal(size=shape)
        return (rng.random(shape) < RIGHT).astype(float)

    def shifted(self, rng: np.random.Generator, clean: Scores, truth: Scores | float) -> Scores:
        """`truth`: the share that is retained, of all draws or of each."""
        truth = np.broadcast_to(truth, len(clean))[:, None, None]
        if self.is_free:
            return truth * clean + 0.2 * rng.standard_t(6, clean.shape) / np.sqrt(1.5)
        kept = np.clip(truth - (1 - RIGHT) / RIGHT * GAINED, 0.0, 1.0)
        of_pictures = (*clean.shape[:2], 1)
        if self.spread == 0:
            survives = np.broadcast_to(rng.random(of_pictures) < kept, clean.shape)
        elif self.spread is None:
            survives = rng.random(clean.shape) < kept
        else:
            chance = rng.beta(kept * self.spread, (1 - kept) * self.spread + 1e-9, of_pictures)
            survives = rng.random(clean.shape) < chance
        return np.where(clean > 0, survives, rng.random(clean.shape) < GAINED).astype(float)


WORLDS = (
    World("one question a picture", 1),
    World("three a picture, lost one by one", 3),
    World("three a picture, Beta 1", 3, 1.0),
    World("three a picture, lost by picture", 3, 0.0),
    World("free text, one a picture", 1, is_free=True),
    World("free text, three a picture", 3, is_free=True),
)


def by_package(clean: Scores, shifted: Scores, counts: list[int]) -> tuple[Verdict, int]:
    """`assert_information_retained` on one draw, without its guards: the verdict, and after how many pictures."""
    pictures, size = clean.shape
    for look, count in zip(looks([c / pictures for c in counts], 0.95), counts, strict=True):
        clusters = None if size == 1 else np.repeat(np.arange(count), size)
        a, b = clean[:count].ravel(), shifted[:count].ravel()

        def gate(confidence: float, a=a, b=b, clusters=clusters) -> Decision:
            contrast = retained_contrast(a, b, AT_LEAST, clusters, confidence)
            verdict, reason, _ = decide(contrast, 0.0, Direction.ABOVE)
            return Decision("retained", verdict, "s", contrast, 0.0, Direction.ABOVE, 0, reason)

        decision = decided(look, clean.size, gate, unchanged=bool((a == b).all()))
        if decision.verdict is not Verdict.UNDECIDED or look.number == look.of:
            return decision.verdict, count
    raise AssertionError("there is a last look")


def decide_all(clean: Scores, shifted: Scores, shares: tuple[float, ...]) -> tuple[Verdicts, Scores, Scores]:
    """Of all draws at once the verdict, the share of the samples that it took, and the estimate that it rests on."""
    draws, pictures, size = clean.shape
    counts = [int(np.ceil(share * pictures - 1e-9)) for share in shares]
    contrast = (shifted - AT_LEAST * clean).mean(2)
    same = (clean == shifted).all(2)
    verdicts, used, value = np.zeros(draws, np.int64), np.ones(draws), np.zeros(draws)
    is_open = np.ones(draws, bool)
    for look, count in zip(looks([c / pictures for c in counts], 0.95), counts, strict=True):
        seen = contrast[:, :count]
        mean, se = seen.mean(1), seen.std(1, ddof=1) / np.sqrt(count)
        unchanged, n = same[:, :count].all(1), count * size

        def missed(confidence: float, n: int = n) -> float:
            return 1.0 - ((1.0 - confidence) / 2) ** (1.0 / n)

        confidence = min(look.passes_at, unchanged_confidence(n, count)) if look.of > 1 else look.passes_at
        low = np.where(
            unchanged, 1 - AT_LEAST - missed(confidence), mean - t_quantile(0.5 + look.passes_at / 2, count - 1) * se
        )
        high = np.where(unchanged, 1.0, mean + t_quantile(0.5 + look.fails_at / 2, count - 1) * se)
        now = np.where(high < 0, -1, np.where(low > 0, 1, 0))
        settled = is_open & ((now != 0) | (look.number == look.of))
        verdicts[settled], used[settled], value[settled] = now[settled], count / pictures, mean[settled]
        is_open &= ~settled
    for draw in range(min(CHECKED, draws)):
        found = by_package(clean[draw], shifted[draw], counts)
        assert found == (WORDS[int(verdicts[draw])], round(used[draw] * pictures)), (found, verdicts[draw], used[draw])
    return verdicts, used, value


def stopping(draws: int, n: int, seed: int) -> list[dict[str, object]]:
    rows = []
    for world in WORLDS:
        for truth in TRUTHS:
            rng = np.random.default_rng([seed, WORLDS.index(world), round(100 * truth)])
            clean = world.clean(rng, draws, n // world.size)
            shifted = world.shifted(rng, clean, truth)
            plain, looked = (decide_all(clean, shifted, shares) for shares in ((1.0,), SHARES))
            row = {
                "world": world.name,
                "truth": truth,
                "pass_fixed": float(np.mean(plain[0] == 1)),
                "pass": float(np.mean(looked[0] == 1)),
                "fail_fixed": float(np.mean(plain[0] == -1)),
                "fail": float(np.mean(looked[0] == -1)),
                "used": float(looked[1].mean()),
            }
            rows.append(row)
            print(
                f"{world.name:34s} {truth:.2f}  PASS {row['pass_fixed']:.3f} -> {row['pass']:.3f}  "
                f"FAIL {row['fail_fixed']:.3f} -> {row['fail']:.3f}  at {row['used']:.2f} N",
                flush=True,
            )
    return rows


def severities(draws: int, n: int, seed: int, step: float) -> list[dict[str, object]]:
    """Five severities, each `step` of accuracy worse; the threshold lies midway between two of them, or beyond all."""
    rows = []
    levels = (1, 2, 3, 4, 5)
    for world in WORLDS[:4]:
        rng = np.random.default_rng([seed, 77, WORLDS.index(world)])
        truths = np.arange(draws) % 6  # holds up to so many
        clean = world.clean(rng, draws, n // world.size)
        at = {}
        for level in levels:
            kept = np.minimum(AT_LEAST + step / RIGHT * (truths + 0.5 - level), 1.0)
            at[level] = decide_all(clean, world.shifted(rng, clean, kept), SHARES)
        found = []
        for draw, truth in enumerate(truths):

            def gate(level: int, draw: int = draw, at: dict[int, tuple] = at) -> Decision:
                verdict, _, value = (column[draw] for column in at[level])
                estimate = Estimate(float(value), -1.0, 1.0, 0.1, n, n)
                return Decision("retained", WORDS[int(verdict)], "s", estimate, 0.0, Direction.ABOVE, 0, "")

            made = BreakingSeverity("s", levels, "retained", AT_LEAST, search(levels, gate))
            asked = [at[level][1][draw] for level in made.decisions]
            # the clean answers are asked as far as any severity asked for them
            answers = (sum(asked) + max(asked)) / (len(levels) + 1)
            found.append((made.likely == truth, made.holds_up_to == truth, made.holds_up_to > truth, answers))
        likely, holds, wrong, used = (float(np.mean(column)) for column in zip(*found, strict=True))
        rows.append(
            {"world": world.name, "n": n, "step": step, "likely": likely, "holds": holds, "wrong": wrong, "used": used}
        )
        print(
            f"{world.name:34s} n {n}: true step {likely:.3f}, claimed {holds:.3f}, claimed too much {wrong:.3f}, "
            f"{used:.2f} of the answers",
            flush=True,
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=2000)
    parser.add_argument("--n", type=int, default=501)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--step", type=float, default=0.1, help="of accuracy, between neighbouring severities")
    parser.add_argument("--only", choices=("stopping", "severities"))
    parser.add_argument("--quick", action="store_true", help="20 draws: a smoke test")
    parser.add_argument("--out", type=Path, help="write all rows as JSON")
    options = parser.parse_args()
    draws = 20 if options.quick else options.draws
    found: dict[str, object] = {"command": "benchmarks/validity/early_stopping.py", "draws": draws, "n": options.n}
    if options.only != "severities":
        found["stopping"] = stopping(draws, options.n, options.seed)
    if options.only != "stopping":
        found["severities"] = severities(draws, options.n, options.seed, options.step)
    if options.out:
        options.out.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
