"""Regenerate the evidence behind the documentation: every benchmark, each writing JSON.

    python benchmarks/run.py --out benchmarks/results            # hours
    python benchmarks/run.py --quick --out quick-results      # a few minutes: a smoke test that everything runs
    python benchmarks/run.py --only validity/theory.py           # one of them

With EMID_REFERENCE naming the reference data, the checks that need it run too.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

HERE = Path(__file__).parent
# script, arguments for --quick, whether it needs the reference data
BENCHMARKS: tuple[tuple[str, tuple[str, ...], bool], ...] = (
    ("speed/startup.py", ("--pairs", "3", "--budget", "1000"), False),
    ("speed/run.py", ("--quick",), False),
    ("speed/answers.py", ("--samples", "48", "--rounds", "1"), False),
    ("speed/warm.py", ("--quick",), False),
    ("reliability/kill.py", ("--quick",), False),
    ("scale/client.py", ("--requests", "50"), False),
    ("scale/cluster.py", ("--quick",), False),
    ("scale/memory.py", ("--quick",), False),
    ("validity/theory.py", ("--quick",), False),
    ("validity/severity.py", ("--scenes", "2"), False),
    ("validity/bounds.py", ("--quick",), False),
    ("validity/known_mi.py", ("--quick",), False),
    ("validity/coverage.py", ("--quick",), False),
    ("validity/power.py", ("--quick",), False),
    ("validity/accuracy.py", ("--n", "12"), False),
    ("validity/tiny_llava.py", ("--n", "60", "--shifts", "defocus_blur:1", "frost:1", "keyboard:1"), False),
    ("validity/tiny_llava_power.py", ("--n", "90", "--reps", "5", "--sizes", "60"), False),
    ("validity/nats.py", ("--quick",), False),
    ("validity/early_stopping.py", ("--quick",), False),
    ("validity/regression.py", ("--pictures", "40", "--reps", "5"), False),
    ("validity/guards.py", ("--quick", "--encoder", "tiny", "--worlds", "left/right"), False),
    ("validity/spoiled.py", ("--quick",), False),
    ("validity/ocr.py", ("--share", "0.2", "--shifts", "brightness:3"), False),
    ("training/bias.py", ("--reps", "2"), False),
    ("training/experiment.py", ("--quick",), False),
    ("figures/run.py", ("--n", "60", "--families", "keyboard", "--suites"), False),
    ("figures/by_shift.py", ("--n", "12", "--families", "rotation"), False),
    ("validity/goldens.py", (), True),
    ("validity/real_answers.py", ("--models", "llava-v1.5-13b"), True),
)
# what the package and the extra that installs it are called, where a script needs one that is not always there
NEEDS = {
    "scale/client.py": ("openai", "openai"),
    "scale/cluster.py": ("openai", "openai"),
    "validity/ocr.py": ("rapidocr", "ocr"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="smallest sizes: does everything run?")
    parser.add_argument("--only", action="append", choices=[name for name, *_ in BENCHMARKS])
    parser.add_argument("--out", type=Path, default=HERE / "results", help="folder for the JSON files")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    failed = []
    for name, quick, needs_reference in BENCHMARKS:
        if options.only and name not in options.only:
            continue
        if needs_reference and "EMID_REFERENCE" not in os.environ:
            print(f"== {name}: skipped, EMID_REFERENCE does not name the reference data", flush=True)
            continue
        package, extra = NEEDS.get(name, ("pytest_emid", ""))
        if find_spec(package) is None:
            print(f"== {name}: skipped, it needs the {package} package: pip install 'pytest-emid[{extra}]'", flush=True)
            continue
        target = options.out / f"{name.replace('/', '_').removesuffix('.py')}.json"
        command = [sys.executable, str(HERE / name), "--out", str(target), *(quick if options.quick else ())]
        print(f"== {name}", flush=True)
        start = time.perf_counter()
        code = subprocess.run(command, check=False).returncode
        print(f"== {name}: exit {code} after {time.perf_counter() - start:.0f} s", flush=True)
        if code:
            failed.append(name)
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
