"""`--emid-cache`: what is kept and served."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

CONFTEST = """
import pytest
import pytest_emid
from PIL import Image
from pytest_emid.models import Response


class Noted:
    name, fingerprint = "noted", "noted:1"

    def respond(self, samples):
        with open("asked.txt", "a") as log:
            for position, sample in enumerate(samples):
                print(sample.id, file=log)
                yield position, Response(sample.reference, entropy=0.0)


@pytest.fixture(scope="session")
def emid_model():
    return Noted()


def vectors(items):
    import hashlib
    import zlib
    import numpy as np

    with open("encoded.txt", "a") as log:
        for item in items:
            print(hashlib.sha256(item.encode() if isinstance(item, str) else item.tobytes()).hexdigest(), file=log)

    def one(item):
        seed = zlib.crc32(item.encode() if isinstance(item, str) else item.tobytes())
        return np.random.default_rng(seed).normal(size=8)

    rows = np.array([one(item) for item in items], dtype=np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


class Encoder:
    name = fingerprint = "vectors"

    def encode(self, items):
        return vectors(items)


@pytest.fixture(scope="session")
def emid_encoders():
    return pytest_emid.encoders.Encoders(Encoder(), Encoder())
"""
INI = """
[pytest]
emid_dataset = scenes
emid_limit = 60
"""


@pytest.fixture
def suite(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makeini(INI)
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(test_it="def test_it(measure_emid): measure_emid('keyboard:3')")
    return pytester


def asked(pytester: pytest.Pytester, *arguments: str, **outcomes: int) -> int:
    """How many questions a run asked."""
    log = Path(pytester.path, "asked.txt")
    log.unlink(missing_ok=True)
    pytester.runpytest("-p", "no:xdist", *arguments).assert_outcomes(**(outcomes or {"passed": 1}))
    return len(log.read_text().split()) if log.exists() else 0


def test_use_keeps_and_serves(suite: pytest.Pytester) -> None:
    first = asked(suite)
    assert 60 < first <= 120
    assert asked(suite) == 0
    assert asked(suite, "--emid-cache=use") == 0


def test_off_keeps_nothing(suite: pytest.Pytester) -> None:
    first = asked(suite, "--emid-cache=off")
    assert asked(suite, "--emid-cache=off") == first
    assert not Path(suite.path, ".emid", "cache.sqlite").exists()


def test_refresh_asks_anew_and_keeps(suite: pytest.Pytester) -> None:
    first = asked(suite)
    assert asked(suite, "--emid-cache=refresh") == first
    assert asked(suite) == 0


LATE_WORKER = """
import os, time
from pathlib import Path
import pytest

def pytest_runtest_protocol(item):
    # The second worker opens its cache when the first has refreshed everything that both need.
    if os.environ.get("PYTEST_XDIST_WORKER") == "gw1":
        while not Path("first_is_done").exists():
            time.sleep(0.02)

def pytest_runtest_logfinish(nodeid):
    if os.environ.get("PYTEST_XDIST_WORKER") == "gw0":
        time.sleep(0.1)
        Path("first_is_done").touch()
"""


def test_refresh_asks_once_a_run_not_once_a_worker(suite: pytest.Pytester) -> None:
    first = asked(suite)
    suite.makeconftest(CONFTEST + LATE_WORKER)
    suite.makepyfile(
        test_it="""
        import pytest

        @pytest.mark.parametrize("worker", [0, 1])
        def test_it(measure_emid, worker):
            measure_emid('keyboard:3')
        """
    )
    log = Path(suite.path, "asked.txt")
    log.unlink()
    suite.runpytest_subprocess("-n2", "--emid-cache=refresh").assert_outcomes(passed=2)
    assert Path(suite.path, "first_is_done").exists()
    assert len(log.read_text().split()) == first


def test_workers_ask_and_encode_everything_once(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        test_it="""
        import pytest

        @pytest.mark.parametrize("shift", ["keyboard:1", "keyboard:3", "brightness:1", "brightness:3"])
        def test_it(measure_emid, shift):
            measure_emid(shift)
        """
    )
    logs = [suite.path / name for name in ("asked.txt", "encoded.txt")]
    found = {}
    for arguments in (["-p", "no:xdist"], ["-n2"]):
        for log in logs:
            log.unlink(missing_ok=True)
        shutil.rmtree(suite.path / ".emid", ignore_errors=True)
        suite.runpytest_subprocess(*arguments).assert_outcomes(passed=4)
        found[arguments[0]] = [sorted(log.read_text().split()) for log in logs]
    assert found["-n2"] == found["-p"]
    encoded = found["-n2"][1]
    assert len(set(encoded)) == len(encoded)


def test_a_replay_pack_stands_in_for_the_cache_and_for_the_model(suite: pytest.Pytester) -> None:
    asked(suite)
    packed = suite.run(sys.executable, "-m", "pytest_emid", "pack", "answers.json")
    assert packed.ret == 0
    shutil.rmtree(suite.path / ".emid")
    assert asked(suite, "--emid-cache-dir=answers.json", "--emid-json=with.json") == 0
    assert not (suite.path / ".emid").exists()
    # Without the model, and without the means to make one.
    suite.makeconftest(CONFTEST.replace("def emid_model", "def another"))
    suite.runpytest_subprocess(
        "-p", "no:xdist", "--emid-cache-dir=answers.json", "--emid-model=answers.json", "--emid-json=without.json"
    ).assert_outcomes(passed=1)
    documents = [json.loads((suite.path / name).read_text()) for name in ("with.json", "without.json")]
    for document in documents:  # nobody was asked
        assert [(one["label"], one["asked"], one["cache"], one["pack"]) for one in document["answers"]] == [
            ("clean", 0, 0, 60),
            ("keyboard:3", 0, 0, 60),
        ]
    results = [document["results"] for document in documents]
    for result in (one for each in results for one in each):
        del result["settings"], result["key"]  # where the model comes from
    assert results[0] == results[1]
    suite.makepyfile(test_it="def test_it(measure_emid): measure_emid('keyboard:4')")
    run = suite.runpytest("-p", "no:xdist", "--emid-cache-dir=answers.json", "--emid-model=answers.json")
    run.assert_outcomes(failed=1)
    run.stdout.fnmatch_lines(["*answers.json lacks * answers of noted, and its mode is 'read': scene-000000-*"])


def test_read_never_asks_and_says_what_is_missing(suite: pytest.Pytester) -> None:
    assert asked(suite, "--emid-cache=read", failed=1) == 0
    asked(suite)
    assert asked(suite, "--emid-cache=read") == 0
    suite.makepyfile(test_it="def test_it(measure_emid): measure_emid('keyboard:4')")
    run = suite.runpytest("-p", "no:xdist", "--emid-cache=read")
    run.assert_outcomes(failed=1)
    run.stdout.fnmatch_lines(["*answers of noted, and its mode is 'read': scene-000000-conversation,*"])


def test_an_unknown_mode_lists_the_legal_ones(suite: pytest.Pytester) -> None:
    run = suite.runpytest_subprocess("--emid-cache=always")
    assert run.ret == pytest.ExitCode.USAGE_ERROR
    run.stderr.fnmatch_lines(["*--emid-cache: 'always' is not legal. Legal: use, off, read or refresh.*"])
