"""Make the cache, the replay pack and the report that every later version is held to.

    python tests/data/v0_1_0/make.py

Run it with version 0.1.0 of pytest-emid and with no other: the point of these files is that 0.1.0 wrote them. It runs
`suite/` with an empty cache, so that both models answer and both encoders encode, and writes beside itself:

- `cache/cache.sqlite`: the cache, in one file (the write-ahead log is in it), with a fixed time in place of now;
- `answers.json`: the replay pack of that cache, written by `python -m pytest_emid pack`;
- `report.json`: what `--emid-json` wrote;
- `made_with.json`: the versions of the libraries that decide fingerprints (torch, transformers) and pixels.

Made again with the same libraries, all of them hold the same.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from importlib import metadata
from pathlib import Path

import pytest_emid

HERE = Path(__file__).resolve().parent
VERSION = "0.1.0"
THEN = 1_767_225_600.0
"""The first second of 2026: long ago, whenever the cache is read."""
FIXED = (
    f"UPDATE answers SET created = {THEN}, used = {THEN}",
    f"UPDATE vectors SET created = {THEN}, used = {THEN}",
    "UPDATE paces SET answers = 240, seconds = 2.4",
    "VACUUM",
    "PRAGMA wal_checkpoint(TRUNCATE)",
)
"""What takes the hour and the speed of the machine out of a cache. Digests cover neither."""


def main() -> None:
    if pytest_emid.__version__ != VERSION:
        sys.exit(f"this is pytest-emid {pytest_emid.__version__}; the data is what {VERSION} writes, and stays so.")
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder, "suite")
        shutil.copytree(HERE / "suite", project, ignore=shutil.ignore_patterns("__pycache__"))
        run(project, "pytest", "-p", "no:xdist", "-p", "no:cacheprovider", "--emid-json=report.json")
        cache = project / ".emid" / "cache.sqlite"
        forget_the_hour(cache)
        run(project, "pytest_emid", "pack", "answers.json")
        (HERE / "cache").mkdir(exist_ok=True)
        shutil.copyfile(cache, HERE / "cache" / cache.name)
        for name in ("answers.json", "report.json"):
            shutil.copyfile(project / name, HERE / name)
    libraries = {name: metadata.version(name) for name in ("torch", "transformers", "numpy", "scipy", "pillow")}
    made_with = json.dumps({"pytest-emid": VERSION, **libraries}, indent=1)
    (HERE / "made_with.json").write_text(f"{made_with}\n", encoding="utf-8")


def run(project: Path, *module: str) -> None:
    """Run a module of this version in the project."""
    path = os.pathsep.join([str(HERE.parents[2]), os.environ.get("PYTHONPATH", "")])
    env = {**os.environ, "PYTHONPATH": path, "HF_HUB_OFFLINE": "1"}
    subprocess.run([sys.executable, "-m", *module], cwd=project, env=env, check=True)


def forget_the_hour(cache: Path) -> None:
    """Make the file what it is on every machine and at any time."""
    connection = sqlite3.connect(cache, isolation_level=None)
    for statement in FIXED:
        connection.execute(statement).fetchall()
    connection.close()
    left = [path.name for path in cache.parent.iterdir() if path.name.startswith(f"{cache.name}-")]
    assert not left, f"{left} beside the cache: something has it open"


if __name__ == "__main__":
    main()
