"""What one scenario takes as samples grow: time and memory of the estimator, bytes of cache and report.

    python benchmarks/scale/memory.py --out memory.json              # up to 64,000 samples: minutes
    python benchmarks/scale/memory.py --quick --out memory.json

One process a size: a model and encoders that take no time (answers of ten words; vectors of 768 numbers, as wide as the
paper's), a fixed calibration set, one paired shift of the questions. Measured are the wall time of the measurement
after everything was answered and encoded (it is read from the cache), the highest resident memory of that process
above what it held before, the cache file, and the JSON report.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from pytest_emid import Dataset, Measurer, Response, Sample, shifts
from pytest_emid.cache import Cache
from pytest_emid.encoders import CallableImageEncoder, CallableTextEncoder, Encoders

WIDTH = 768
WORDS = [f"word{i}" for i in range(500)]


class Model:
    name = "words"
    fingerprint = "words-1"

    def respond(self, samples: Any) -> Any:
        for position, sample in enumerate(samples):
            yield position, Response(words(f"{sample.question} answered"), entropy=0.0)


def words(text: str) -> str:
    rng = np.random.default_rng(number(text))
    return " ".join(WORDS[i] for i in rng.integers(0, len(WORDS), 10))


def number(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")


def text_vectors(texts: list[str]) -> np.ndarray:
    return np.stack([np.random.default_rng(number(text)).normal(size=WIDTH) for text in texts])


def image_vectors(images: list[Image.Image]) -> np.ndarray:
    return np.stack([np.random.default_rng(image.getpixel((0, 0))).normal(size=WIDTH) for image in images])


def dataset(n: int, name: str) -> Dataset:
    pictures = [Image.new("RGB", (4, 4), (i % 256, i // 256 % 256, i // 65536)) for i in range(-(-n // 3))]
    return Dataset(
        name,
        (
            Sample(f"{name}-{i}", pictures[i // 3], f"What is number {i} of {name}?", words(f"{name} {i}"))
            for i in range(n)
        ),
        fingerprint=f"{name}:{n}",
    )


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


def measure(n: int, folder: Path) -> dict[str, Any]:
    """In a process of its own, twice: the first fills the cache, the second is measured."""
    data, calibration = dataset(n, "tested"), dataset(600, "calibration")
    encoders = Encoders(
        CallableImageEncoder(image_vectors, fingerprint="1"), CallableTextEncoder(text_vectors, fingerprint="1")
    )
    before = resident()
    began = time.perf_counter()
    with Cache(folder) as cache:
        measurer = Measurer(Model(), data, encoders, calibration=calibration, cache=cache, permutations=0)
        result = measurer.measure(shifts.parse("keyboard:1"))
        sizes = cache.sizes
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {
        "n": n,
        "seconds": round(seconds, 2),
        "peak_bytes": peak - before,
        "report_bytes": len(json.dumps(result.to_dict(), indent=1)),
        "answers": sizes.answers,
        "vectors": sizes.vectors,
        "content_bytes": sizes.bytes,
        "file_bytes": sum(path.stat().st_size for path in folder.glob("cache.sqlite*")),
    }


def answers_only(n: int, folder: Path) -> float:
    """Bytes of cache file per answer of ten words, vectors aside."""
    with Cache(folder) as cache:
        cache.respond(Model(), dataset(n, "tested"))
    return sum(path.stat().st_size for path in folder.glob("cache.sqlite")) / n


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        options.out.write_text(json.dumps(measure(options.one, options.folder)))
        return
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        for n in (200, 400) if options.quick else (1000, 4000, 16000, 64000):
            folder, out = Path(scratch) / f"cache-{n}", Path(scratch) / "row.json"
            for _ in ("fill", "measure"):
                command = [sys.executable, __file__, f"--one={n}", f"--folder={folder}", f"--out={out}"]
                subprocess.run(command, check=True)
            rows.append(json.loads(out.read_text()))
            print(rows[-1], flush=True)
        per_answer = answers_only(2000 if options.quick else 20000, Path(scratch) / "answers")
    record = {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "width": WIDTH,
        "file_bytes_per_answer": round(per_answer, 1),
        "rows": rows,
    }
    options.out.write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
