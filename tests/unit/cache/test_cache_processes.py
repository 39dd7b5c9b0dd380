"""The cache under several real processes: one asks while the others wait, and a killed one loses nothing."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from cache_doubles import CountingModel, make_samples, text_for

from pytest_emid.cache import Cache
from pytest_emid.cache.keys import answer_keys
from pytest_emid.data.sample import Sample, image_digest

SUPPORT = Path(__file__).parents[2] / "support"
pytestmark = pytest.mark.skipif(os.name != "posix", reason="kills processes")


def start(folder: Path, n: int, log: Path, seconds: float, gate: Path | str = "") -> subprocess.Popen[str]:
    code = (
        f"import sys; sys.path.insert(0, {str(SUPPORT)!r}); from cache_doubles import run_worker; "
        f"run_worker({str(folder)!r}, {n}, {str(log)!r}, {seconds}, {str(gate)!r})"
    )
    return subprocess.Popen([sys.executable, "-c", code], text=True)


def asked(log: Path) -> Counter[str]:
    return Counter(line.split()[1] for line in log.read_text().splitlines())


def results(log: Path) -> set[str]:
    return {path.read_text() for path in log.parent.glob(f"{log.name}.*.out")}


def answers(n: int) -> str:
    return "\n".join(text_for(sample) for sample in make_samples(n))


def wait_for(log: Path, lines: int) -> None:
    deadline = time.monotonic() + 30
    while not log.exists() or len(log.read_text().splitlines()) < lines:
        assert time.monotonic() < deadline, "the process did not ask"
        time.sleep(0.005)


def test_processes_that_want_the_same_ask_once(tmp_path: Path) -> None:
    log, gate, n = tmp_path / "log", tmp_path / "gate", 30
    workers = [start(tmp_path / "cache", n, log, 0.01, gate) for _ in range(3)]
    gate.touch()
    assert [worker.wait(60) for worker in workers] == [0, 0, 0]
    assert asked(log) == Counter({f"s{i}": 1 for i in range(n)})
    assert results(log) == {answers(n)}
    assert len(list(tmp_path.glob("log.*.out"))) == 3


def test_who_waits_takes_over_when_the_asker_is_killed(tmp_path: Path) -> None:
    log, n = tmp_path / "log", 40
    first = start(tmp_path / "cache", n, log, 0.05)
    wait_for(log, 5)
    second = start(tmp_path / "cache", n, log, 0.0)
    time.sleep(0.3)
    first.send_signal(signal.SIGKILL)
    first.wait()
    assert second.wait(60) == 0
    counts = asked(log)
    assert set(counts) == {f"s{i}" for i in range(n)}
    assert sum(counts.values()) <= n + 1  # the one in flight
    assert results(log) == {answers(n)}


@pytest.mark.parametrize("seed", range(3))
def test_a_killed_run_goes_on_where_it_was(tmp_path: Path, seed: int) -> None:
    log, n, rng = tmp_path / "log", 30, random.Random(seed)
    kills = 0
    for _ in range(3):
        before = sum(asked(log).values()) if log.exists() else 0
        if before >= n:
            break
        worker = start(tmp_path / "cache", n, log, 0.005)
        wait_for(log, before + 1)
        time.sleep(rng.uniform(0, 0.03))
        worker.send_signal(signal.SIGKILL)
        worker.wait()
        kills += 1
    assert start(tmp_path / "cache", n, log, 0.0).wait(60) == 0
    assert results(log) == {answers(n)}
    assert sum(asked(log).values()) <= n + kills
    with sqlite3.connect(tmp_path / "cache" / "cache.sqlite") as raw:
        assert raw.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert raw.execute("SELECT count(*) FROM claims").fetchone() == (0,)
    raw.close()


def claim(path: Path, owner: str, expires: float, samples: Sequence[Sample]) -> None:
    Cache(path).close()
    keys = answer_keys(CountingModel(), samples, [image_digest(sample.open_image()) for sample in samples])
    with sqlite3.connect(path) as raw:
        raw.executemany("INSERT INTO claims VALUES (?,?,?)", [(key, owner, expires) for key in keys])
    raw.close()


@pytest.mark.parametrize("state", ["expired", "dead"])
def test_a_claim_without_a_living_owner_is_anybody_s(tmp_path: Path, state: str) -> None:
    from pytest_emid.cache.claims import _machine

    samples, path = make_samples(3), tmp_path / "c.db"
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    owner = f"elsewhere|{os.getpid()}|x" if state == "expired" else f"{_machine()}|{child.pid}|x"
    claim(path, owner, time.time() + (0.3 if state == "expired" else 1000), samples)
    began = time.monotonic()
    model = CountingModel()
    with Cache(path) as cache:
        cache.respond(model, samples)
    assert len(model.asked) == 3
    assert time.monotonic() - began < 5


def test_another_process_s_failure_is_not_tried_again_at_once(tmp_path: Path) -> None:
    import threading

    samples, path = make_samples(2), tmp_path / "c.db"
    slow = CountingModel(failing=["s0", "s1"], seconds=0.3)
    found = {}

    def first() -> None:
        with Cache(path) as cache:
            found["first"] = cache.respond(slow, samples)

    thread = threading.Thread(target=first)
    thread.start()
    while not slow.asked:
        time.sleep(0.01)
    model = CountingModel()
    with Cache(path) as cache:
        found["second"] = cache.respond(model, samples)
    thread.join()
    assert found["first"] == found["second"]
    assert model.asked == []
