"""Faults, injected: nothing may be silently different, no error may be a raw traceback, no answer may be lost.

    python benchmarks/reliability/faults.py --out faults.json    # the full form: minutes
    python benchmarks/reliability/faults.py --quick              # a small part, as the tests run it

Seeded, so that every run injects the same faults:

- damages of cache files (bits, bytes, cut ends, zeroed and swapped pages), each measured again in mode `use` or `read`;
- malformed replay packs, tables, shift ids and options;
- clocks that are set back or ahead between runs, and claims of owners that are gone, malformed or of another clock;
- models and shifts that draw into what they are given, and shifts whose hidden parts change between runs;
- runs that are killed (`kill.py`).
"""

from __future__ import annotations

import argparse
import copy
import json
import logging
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest
from PIL import Image

from pytest_emid import data, shifts
from pytest_emid.cache import Cache, claims
from pytest_emid.cache.keys import answer_keys
from pytest_emid.data.dataset import Dataset
from pytest_emid.data.sample import Sample, image_digest
from pytest_emid.encoders.base import Encoders
from pytest_emid.errors import EmidError
from pytest_emid.measuring.measurer import Measurer
from pytest_emid.models import CallableModel
from pytest_emid.models.packs import _digested
from pytest_emid.plugin.config import EmidConfig
from pytest_emid.plugin.options import OPTIONS

DIFFERENT, RAW, LOST = "SILENTLY DIFFERENT", "RAW", "LOST"
SCENARIOS = ("brightness:3", "keyboard:1")
SAMPLES = 40


class Vectors:
    """Unit vectors of a picture's or a text's bytes."""

    name = fingerprint = "8 numbers"

    def encode(self, items: Sequence[Any]) -> np.ndarray:
        contents = [
            item.encode("utf-8", "surrogatepass") if isinstance(item, str) else item.tobytes() for item in items
        ]
        rows = np.array([np.random.default_rng(zlib.crc32(content)).normal(size=8) for content in contents])
        return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def answer(image: Image.Image, question: str) -> str:
    """Follows from the picture and the question."""
    return f"It is {zlib.crc32(image.tobytes()) % 7}, {question.split()[-1]}"


class Model:
    """Answers, and counts what it is asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.model = CallableModel(self._answer, name="m", per_sample=True, fingerprint="m", greedy=True)

    def _answer(self, image: Image.Image, question: str) -> str:
        self.asked += 1
        return answer(image, question)


def measured(path: Path, mode: str = "use") -> tuple[list[str], int]:
    """What two scenarios measure through a cache, and how many questions that asked."""
    model = Model()
    with Cache(path, mode=mode) as cache:  # type: ignore[arg-type]
        dataset = data.load("scenes", n=SAMPLES)
        measurer = Measurer(model.model, dataset, Encoders(Vectors(), Vectors()), cache=cache, permutations=0)
        results = [json.dumps(measurer.measure(name).to_dict(), sort_keys=True, default=str) for name in SCENARIOS]
    return results, model.asked


def outcome(work: Callable[[], str]) -> str:
    """What `work` says, or which kind of error it raises."""
    try:
        return work()
    except (EmidError, pytest.UsageError) as error:
        return "clear error" if len(str(error)) < 3000 else f"{RAW}: a message of {len(str(error))} characters"
    except Exception as error:
        return f"{RAW}: {type(error).__name__}: {str(error)[:120]}"


def damages(folder: Path, count: int, seed: int) -> Counter[str]:
    """Damage the file of a cache, and measure again."""
    truth, _ = measured(folder / "sound")
    with sqlite3.connect(folder / "sound" / "cache.sqlite") as raw:
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    raw.close()
    sound, rng, seen = (folder / "sound" / "cache.sqlite").read_bytes(), random.Random(seed), Counter[str]()
    for _ in range(count):
        broken = folder / "broken"
        shutil.rmtree(broken, ignore_errors=True)
        broken.mkdir()
        (broken / "cache.sqlite").write_bytes(_damaged(sound, rng))
        mode = rng.choice(["use", "read"])

        def work(broken: Path = broken, mode: str = mode) -> str:
            results, asked = measured(broken, mode)
            return DIFFERENT if results != truth else "same" if not asked else "same, asked anew"

        seen[outcome(work)] += 1
    return seen


def _damaged(sound: bytes, rng: random.Random) -> bytes:
    raw, place = bytearray(sound), rng.randrange(len(sound))
    kind = rng.choice(["bit", "bit", "byte", "cut", "zeros", "garbage", "swap"])
    if kind == "bit":
        raw[place] ^= 1 << rng.randrange(8)
    elif kind == "byte":
        raw[place] = rng.randrange(256)
    elif kind == "cut":
        del raw[place:]
    elif kind == "zeros":
        raw[place : place + 512] = bytes(len(raw[place : place + 512]))
    elif kind == "garbage":
        raw[place : place + 64] = rng.randbytes(len(raw[place : place + 64]))
    else:
        one, other = place // 4096 * 4096, rng.randrange(len(raw) // 4096) * 4096
        raw[one : one + 4096], raw[other : other + 4096] = raw[other : other + 4096], raw[one : one + 4096]
    return bytes(raw)


ODD: tuple[Any, ...] = (
    None, True, -1, 0, 10**30, 1e308, float("nan"), "", " ", "\ud800", "x" * 5000, b"x", [], [1], {}, {"a": 1}, "../x",
    "0x", "1e9",
)  # fmt: skip


def malformed(folder: Path, count: int, seed: int) -> Counter[str]:
    """Packs, tables, ids and options that are none, a quarter of each."""
    rng, seen = random.Random(seed), Counter[str]()
    for make in (_packs, _tables, _ids, _options):
        kind = make.__name__.removeprefix("_")
        for work in make(folder, rng, count // 4):
            seen[f"{kind}: {outcome(work)}"] += 1
    return seen


def _packs(folder: Path, rng: random.Random, count: int) -> Iterator[Callable[[], str]]:
    sound, path = folder / "sound.json", folder / "pack.json"
    samples = [Sample(f"s{i}", Image.new("RGB", (4, 4), (i, i, i)), f"question {i}", "x") for i in range(20)]
    with Cache(None) as cache:
        truth = cache.respond(Model().model, samples)
        cache.encode_texts(Vectors(), ["a", "b"])
        cache.export_pack(sound)
    text = sound.read_bytes()

    def served() -> str:
        model = Model()
        with Cache(path) as cache:
            return "loaded" if cache.respond(model.model, samples) == truth else DIFFERENT

    for _ in range(count):
        if rng.random() < 0.5:
            path.write_bytes(_damaged(text * 2 if rng.random() < 0.05 else text, rng))
            yield served
            continue
        pack = json.loads(text)
        entry = rng.choice(pack[rng.choice(["answers", "vectors"])])
        entry[rng.choice([*entry])] = rng.choice([value for value in ODD if not isinstance(value, bytes)])
        for name in ("answers", "vectors"):
            # right digests: as of somebody who knows the format, so that answers may differ
            pack[name] = [_digested({k: v for k, v in each.items() if k != "digest"}) for each in pack[name]]
        path.write_text(json.dumps(pack))
        yield lambda: "loaded" if served() else ""


def _tables(folder: Path, rng: random.Random, count: int) -> Iterator[Callable[[], str]]:
    row = {"id": "a", "image": Image.new("RGB", (4, 4)), "question": "What is it?", "reference": "A cat."}
    lines = json.dumps({**row, "image": "a.png"}) + "\n" + json.dumps({**row, "id": "b", "image": "a.png"}) + "\n"
    row["image"].save(folder / "a.png")  # type: ignore[attr-defined]
    table = folder / "table.jsonl"
    for _ in range(count):
        if rng.random() < 0.5:
            raw = bytearray(lines.encode())
            for _ in range(rng.choice([1, 3])):
                raw[rng.randrange(len(raw))] = rng.randrange(256)
            table.write_bytes(raw)
            yield lambda: "loaded" if data.load(str(table)) else ""
            continue
        rows = [copy.copy(row), {**row, "id": "b"}]
        rows[rng.randrange(2)][rng.choice([*row])] = rng.choice(ODD)
        yield lambda rows=rows: "loaded" if data.load_records(rows)[0].open_image() else ""  # type: ignore[misc]


def _ids(folder: Path, rng: random.Random, count: int) -> Iterator[Callable[[], str]]:
    known = ["defocus_blur:3", "keyboard:1+frost:2", "synonym(source=builtin):2", "identity", "jpeg_compression:5"]
    for _ in range(count):
        letters = list(rng.choice(known))
        for _ in range(rng.choice([1, 2, 8])):
            letters[rng.randrange(len(letters))] = rng.choice("():+&=,.\x00 \ud8000aZé")
        text: Any = "".join(letters) if rng.random() < 0.9 else rng.choice(ODD)
        yield lambda text=text: "parsed" if shifts.parse(text).id else ""  # type: ignore[misc]


def _options(folder: Path, rng: random.Random, count: int) -> Iterator[Callable[[], str]]:
    for _ in range(count):
        given = {rng.choice(OPTIONS).key: rng.choice(ODD)}
        yield lambda given=given: "taken" if EmidConfig().overridden(given, lambda option: option.flag) else ""  # type: ignore[misc]


def clocks(folder: Path) -> Counter[str]:
    """The clock goes back or ahead between two runs that share a cache: refreshed is refreshed, and kept is kept."""
    seen, day = Counter[str](), 86_400.0
    truth, everything = measured(folder / "clock")
    for number, (mode, ahead) in enumerate(
        [("refresh", -day), ("refresh", day), ("use", -365 * day), ("use", 365 * day), ("refresh", 0.0)]
    ):
        shutil.copytree(folder / "clock", folder / f"clock{number}")
        now = time.time
        with mock.patch("time.time", lambda now=now, ahead=ahead: now() + ahead):
            results, asked = measured(folder / f"clock{number}", mode)
        right = results == truth and asked == (everything if mode == "refresh" else 0)
        seen["right" if right else DIFFERENT] += 1
    return seen


def claimed(folder: Path, lease: float = 1.0) -> Counter[str]:
    """Claims of owners that will never answer: taken over at once where they are known to be gone, else in a lease."""
    seen = Counter[str]()
    samples = [Sample(f"s{i}", Image.new("RGB", (4, 4), (i, i, i)), f"question {i}", "x") for i in range(4)]
    ended = subprocess.Popen([sys.executable, "-c", ""])
    time.sleep(0.5)
    machine, far = claims._machine(), time.time() + 86_400
    owners = {
        "another machine's, a day ahead": ("elsewhere|77|x", lease + 3),
        "malformed": ("garbage", lease + 3),
        "malformed, with a number too long": (f"{machine}|{'9' * 40}|x", lease + 3),
        "a crashed worker's (zombie)": (f"{machine}|{ended.pid}|x", lease),
        "another process has its number": (f"{machine}|{os.getpid()}:1|x", lease),
    }
    for number, (owner, patience) in enumerate(owners.values()):
        path, model = folder / f"claim{number}", Model()
        with Cache(path) as cache:
            keys = answer_keys(model.model, samples, [image_digest(sample.open_image()) for sample in samples])
            rows = [(key, owner, far) for key in keys]
            cache.store.transact(lambda c, rows=rows: c.executemany("INSERT INTO claims VALUES (?,?,?)", rows))  # type: ignore[misc]
            began = time.monotonic()
            with mock.patch.object(claims, "LEASE", lease):
                texts = [response.text for response in cache.respond(model.model, samples)]
        right = texts == [answer(sample.open_image(), sample.question) for sample in samples]
        seen["right" if right and time.monotonic() - began < patience else LOST] += 1
    ended.wait()
    return seen


def in_place(folder: Path) -> Counter[str]:
    """Models that draw into the pictures that they get."""
    seen = Counter[str]()
    for number, spoil in enumerate(
        [
            lambda im: im.thumbnail((2, 2)),
            lambda im: im.paste((0, 0, 0), (0, 0, 4, 4)),
            lambda im: im.putpixel((0, 0), 0),
        ]
    ):
        pictures = [Image.new("RGB", (8, 8), (i, 2 * i, 9)) for i in range(30)]
        samples = [Sample(f"s{i}", picture, f"question {i}", "x") for i, picture in enumerate(pictures)]
        dataset, before = Dataset("d", samples), [picture.tobytes() for picture in pictures]

        def draw(image: Image.Image, question: str, spoil: Callable[[Any], Any] = spoil) -> str:
            said = answer(image, question)
            spoil(image)
            return said

        with Cache(folder / f"place{number}") as cache:
            model = CallableModel(draw, name="m", per_sample=True, fingerprint="m", greedy=True)
            texts = [r.text for r in cache.respond(model, dataset)]
            cache.encode_images(Vectors(), dataset)
        right = texts == [answer(sample.open_image(), sample.question) for sample in samples]
        seen["right" if right and before == [picture.tobytes() for picture in pictures] else DIFFERENT] += 1
    return seen


@contextmanager
def _registered(function: Callable[..., Any]) -> Iterator[None]:
    shifts.register_visual("injected", (1,), replace=True)(function)
    try:
        yield
    finally:
        shifts.unregister("injected")


SHARE = 0.05


def _by_constant(image: Image.Image, severity: int, rng: np.random.Generator) -> Image.Image:
    return Image.new("RGB", image.size) if rng.random() < SHARE else image


def _by_closure(share: float) -> Callable[..., Any]:
    return lambda image, severity, rng: Image.new("RGB", image.size) if rng.random() < share else image


class _ByAttribute:
    def __init__(self, share: float) -> None:
        self.share = share

    def __call__(self, image: Image.Image, severity: int, rng: np.random.Generator) -> Image.Image:
        return Image.new("RGB", image.size) if rng.random() < self.share else image


def changed_shifts(folder: Path, seeds: int) -> Counter[str]:
    """A user's shift covers 5 %, then 30 %, of the pictures, by what its text does not show."""
    global SHARE
    seen = Counter[str]()
    makers: tuple[Callable[[], Callable[..., Any]], ...] = (
        lambda: _by_constant,
        lambda: _by_closure(SHARE),
        lambda: _ByAttribute(SHARE),
    )
    dataset = data.load("scenes", n=SAMPLES)
    for number, make in enumerate(makers):
        with Cache(folder / f"shift{number}") as cache:
            for seed in range(seeds):
                for share in (0.05, 0.3):
                    SHARE = share
                    with _registered(make()):
                        shifted = shifts.parse("injected:1").apply(dataset, seed)
                        noted = cache.digests(shifted)
                        true = [image_digest(sample.open_image()) for sample in shifted]
                    seen["right" if noted == true else DIFFERENT] += 1
    return seen


def suite(folder: Path, damage: int, malform: int, seeds: int, seed: int = 0) -> dict[str, Counter[str]]:
    """Everything but killed runs."""
    return {
        "damaged cache files": damages(folder, damage, seed),
        "malformed": malformed(folder, malform, seed),
        "clocks": clocks(folder),
        "claims": claimed(folder),
        "in-place models": in_place(folder),
        "changed shifts": changed_shifts(folder, seeds),
    }


def problems(found: dict[str, Counter[str]]) -> dict[str, int]:
    """How often something was silently different, raw or lost, by what it was."""
    return {
        f"{kind}: {what}": count
        for kind, counts in found.items()
        for what, count in counts.items()
        if any(word in what for word in (DIFFERENT, RAW, LOST))
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, help="file to write the figures to, as JSON")
    parser.add_argument("--damages", type=int, default=1000)
    parser.add_argument("--malformed", type=int, default=2000)
    parser.add_argument(
        "--kills", type=int, default=20, help="of serial runs, and as many of runs under -n 2; 0 for none"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--quick", action="store_true", help="40 damages, 200 malformed inputs, no kills")
    given = parser.parse_args()
    if given.quick:
        given.damages, given.malformed, given.kills = 40, 200, 0
    logging.getLogger("pytest_emid").setLevel(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as temporary:
        found = suite(Path(temporary), given.damages, given.malformed, 2 if given.quick else 40, given.seed)
    for kind, counts in found.items():
        for what, count in sorted(counts.items()):
            sys.stdout.write(f"{kind:>20}: {count:5d} {what}\n")
    wrong = problems(found)
    if given.kills:
        command = [sys.executable, str(Path(__file__).with_name("kill.py")), "--kills", str(given.kills)]
        if subprocess.run(command, check=False).returncode:
            wrong["killed runs: see above"] = 1
    sys.stdout.write(f"{sum(wrong.values())} silently different, raw or lost {wrong or ''}\n")
    if given.out:
        given.out.write_text(json.dumps({kind: dict(counts) for kind, counts in found.items()}, indent=1) + "\n")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
