"""Killed runs: nothing is lost, nothing is asked again, nothing is damaged.

    python benchmarks/reliability/kill.py --out kill.json                # 20 kills serially and 20 under -n 2: minutes
    python benchmarks/reliability/kill.py --quick --out kill.json        # 2 kills each

A pytest suite of four measurements with a function as the model, which notes each question in a file as it is asked.
Runs, serial or under `pytest -n 2`, are ended by SIGKILL (all their processes at once) at random moments, until so many
were killed; then one more runs to its end. A new cache is begun when one is complete. Checked:

- the JSON report of the last run equals that of an undisturbed run with a cache of its own, bit for bit
  (`answers`, which says who was asked, is left out);
- an answer is asked again only if it was in flight when its run was killed: at most one for each process;
- `PRAGMA integrity_check` says ok after each kill, and no claim is left at the end.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

CONFTEST = """
import hashlib, os, time, zlib

import numpy as np
import pytest

import pytest_emid
from pytest_emid.models import CallableModel

LOG = os.open(os.environ["KILL_LOG"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)


def answer(image, question):
    os.write(LOG, f"{hashlib.sha256(image.tobytes()).hexdigest()[:12]} {question}\\n".encode())
    time.sleep(0.004)
    return f"It is {zlib.crc32(image.tobytes()) % 7}, {question.split()[-1]}"


class Vectors:
    name = fingerprint = "8 numbers"

    def encode(self, items):
        def one(item):
            content = item.encode() if isinstance(item, str) else item.tobytes()
            return np.random.default_rng(zlib.crc32(content)).normal(size=8)

        rows = np.array([one(item) for item in items], dtype=np.float32)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.fixture(scope="session")
def emid_model():
    return CallableModel(answer, per_sample=True, fingerprint="1", greedy=True)


@pytest.fixture(scope="session")
def emid_dataset():
    return pytest_emid.data.load("scenes", n=60)


@pytest.fixture(scope="session")
def emid_encoders():
    return pytest_emid.encoders.Encoders(Vectors(), Vectors())


@pytest.fixture(scope="session")
def emid_calibration():
    return None
"""

TEST = """
import pytest


@pytest.mark.parametrize("shift", ["brightness:1", "brightness:3", "keyboard:1", "keyboard:3"])
def test_it(measure_emid, shift):
    assert measure_emid(shift).emid.n == 60
"""


def said(report: Path) -> dict[str, Any]:
    """A JSON report without what says who was asked."""
    return {name: value for name, value in json.loads(report.read_text()).items() if name != "answers"}


class Suite:
    """The suite in a folder, with one cache and one file of what was asked."""

    def __init__(self, folder: Path, workers: int) -> None:
        folder.mkdir(parents=True)
        (folder / "conftest.py").write_text(CONFTEST)
        (folder / "test_it.py").write_text(TEST)
        (folder / "pytest.ini").write_text("[pytest]\n")
        self.folder = folder
        self.workers = workers
        self.log = folder / "asked.txt"
        self.report = folder / "report.json"

    def start(self) -> subprocess.Popen[bytes]:
        """A run in a process group of its own."""
        parallel = [f"-n{self.workers}"] if self.workers else ["-p", "no:xdist"]
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--emid-json=report.json", *parallel]
        environment = {**os.environ, "KILL_LOG": str(self.log), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        with (self.folder / "output.txt").open("wb") as output:
            return subprocess.Popen(
                command,
                cwd=self.folder,
                env=environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def finish(self) -> None:
        if self.start().wait():
            sys.exit(f"a run failed:\n{(self.folder / 'output.txt').read_text()}")

    def asked(self) -> Counter[str]:
        return Counter(self.log.read_text().splitlines() if self.log.exists() else ())

    def integrity(self) -> str:
        path = self.folder / ".emid" / "cache.sqlite"
        if not path.exists():
            return "ok"
        with closing(sqlite3.connect(path)) as raw:
            return str(raw.execute("PRAGMA integrity_check").fetchone()[0])

    def claims(self) -> int:
        with closing(sqlite3.connect(self.folder / ".emid" / "cache.sqlite")) as raw:
            return int(raw.execute("SELECT count(*) FROM claims").fetchone()[0])


def kill(run: subprocess.Popen[bytes]) -> bool:
    """End all processes of a run; whether it had not ended by itself."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(run.pid, signal.SIGKILL)
    if (status := run.wait()) > 0:
        sys.exit(f"a run failed before it was killed, with status {status}")
    return status == -signal.SIGKILL


def kill_while_asking(suite: Suite, rng: random.Random, distinct: int) -> bool:
    """Start, kill some answers later, and say whether the run was still under way."""
    before = sum(suite.asked().values())
    wanted = before + rng.randint(1, max(1, (distinct - before) // 2))
    run = suite.start()
    while run.poll() is None and sum(suite.asked().values()) < wanted:
        time.sleep(0.002)
    time.sleep(rng.uniform(0, 0.01))
    return kill(run)


def kill_any_time(suite: Suite, rng: random.Random, seconds: float) -> bool:
    """Start, kill at any moment of a whole run's length, from before the cache is there to after the last answer."""
    run = suite.start()
    time.sleep(rng.uniform(0, seconds))
    return kill(run)


def series(
    folder: Path, workers: int, kills: int, rng: random.Random, expected: Path, seconds: float
) -> dict[str, Any]:
    """Kill so many runs, every other one at any time at all. Each cache is completed by a whole run at the end."""
    distinct = len((expected.parent / "asked.txt").read_text().splitlines())
    killed = complete = asked = again = most_again = 0
    problems: list[str] = []
    while killed < kills:
        suite = Suite(folder / f"n{workers}-{complete}", workers)
        here = 0
        while killed < kills and len(suite.asked()) < distinct:
            ended = kill_any_time(suite, rng, seconds) if here % 2 else kill_while_asking(suite, rng, distinct)
            here += ended
            killed += ended
            if (verdict := suite.integrity()) != "ok":
                problems.append(f"after kill {killed}: {verdict}")
        suite.finish()
        complete += 1
        counts = suite.asked()
        repeated = sum(counts.values()) - len(counts)
        asked, again, most_again = asked + sum(counts.values()), again + repeated, max(most_again, *counts.values())
        if repeated > here * max(1, workers):
            problems.append(f"{repeated} answers were asked again after {here} kills of {max(1, workers)} processes")
        if len(counts) != distinct:
            problems.append(f"{len(counts)} questions were asked, not {distinct}")
        if said(suite.report) != said(expected):
            problems.append(f"{suite.report} differs from {expected}")
        if suite.claims():
            problems.append(f"{suite.claims()} claims are left")
        if (verdict := suite.integrity()) != "ok":
            problems.append(f"at the end: {verdict}")
    return {
        "workers": workers,
        "killed": killed,
        "caches": complete,
        "distinct": distinct,
        "asked": asked,
        "asked_again": again,
        "most_often_asked": most_again,
        "problems": problems,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, help="file to write the figures to, as JSON")
    parser.add_argument("--kills", type=int, default=20, help="of each kind of run")
    parser.add_argument("--workers", type=int, nargs="+", default=[0, 2], help="0 is serial")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    parser.add_argument("--quick", action="store_true", help="2 kills each")
    arguments = parser.parse_args()
    if os.name != "posix":
        sys.exit("this needs POSIX: it kills process groups")
    kills = 2 if arguments.quick else arguments.kills
    with tempfile.TemporaryDirectory() as temporary:
        undisturbed = Suite(Path(temporary) / "undisturbed", 0)
        began = time.monotonic()
        undisturbed.finish()
        seconds = time.monotonic() - began
        if max(undisturbed.asked().values()) > 1:
            sys.exit("the undisturbed run asked something twice")
        rows = []
        for workers in arguments.workers:
            rng = random.Random(f"{arguments.seed}:{workers}")
            row = series(Path(temporary), workers, kills, rng, undisturbed.report, seconds)
            rows.append(row)
            print(
                f"{f'-n {workers}' if workers else 'serial':>6}: {row['killed']} runs killed, {row['caches']} caches, "
                f"{row['asked']} asked of {row['caches']} x {row['distinct']}, {row['asked_again']} of them again; "
                f"{'; '.join(row['problems']) or 'no problem'}",
                flush=True,
            )
    if arguments.out:
        report = {"machine": {"platform": platform.platform(), "cores": os.cpu_count()}, "runs": rows}
        arguments.out.write_text(json.dumps(report, indent=1) + "\n")
    if any(row["problems"] for row in rows):
        sys.exit(1)


if __name__ == "__main__":
    main()
