"""What the installed plugin costs a test suite that does not use it: CPU time of one pytest run, with and without.

    python benchmarks/speed/startup.py [--pairs 20] [--out PATH]

Runs are interleaved, so that a busy machine slows both alike, and compared in pairs. CPU time (user and system, of
the process and its children) is what a wall clock on a shared machine cannot tell.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

BUDGET_MS = 15.0
SUITE = "def test_one(): pass\n"
PLUGIN = ("-p", "pytest_emid.plugin.hooks")


def cpu_ms(folder: Path, plugins: tuple[str, ...]) -> float:
    """CPU time of one run of pytest in `folder`, in milliseconds."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *plugins]
    environment = {
        **{name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTEST_ADDOPTS": "",
        # Installed packages have their byte code; a checkout gets its own here, and stays clean.
        "PYTHONPYCACHEPREFIX": str(folder / "byte_code"),
    }
    process = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"{' '.join(command)} failed")
    return 1000.0 * (usage.ru_utime + usage.ru_stime)


def measure(pairs: int) -> dict[str, float]:
    """Medians over `pairs` of runs, in milliseconds of CPU time."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "test_one.py").write_text(SUITE)
        for plugins in ((), PLUGIN):
            cpu_ms(folder, plugins)  # fills the caches of byte code and files
        without, with_plugin = [], []
        order = random.Random(0)
        for _ in range(pairs):
            runs = [(without, ()), (with_plugin, PLUGIN)]
            order.shuffle(runs)
            for times, plugins in runs:
                times.append(cpu_ms(folder, plugins))
    added = [b - a for a, b in zip(without, with_plugin, strict=True)]
    spread = statistics.stdev(added) / len(added) ** 0.5 if pairs > 1 else float("nan")
    return {
        "pairs": pairs,
        "without_ms": statistics.median(without),
        "with_ms": statistics.median(with_plugin),
        "added_ms_median": statistics.median(added),
        "added_ms_of_minima": min(with_plugin) - min(without),
        "added_ms_standard_error": spread,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=20)
    parser.add_argument("--budget", type=float, default=BUDGET_MS, help="milliseconds that the plugin may add")
    parser.add_argument("--out", type=Path, help="write the figures to this file")
    arguments = parser.parse_args()
    figures = {**measure(arguments.pairs), "budget_ms": arguments.budget}
    for name, value in figures.items():
        print(f"{name:<24} {value:8.1f}")
    if arguments.out is not None:
        arguments.out.write_text(json.dumps(figures, indent=1, sort_keys=True) + "\n")
    within = figures["added_ms_median"] <= arguments.budget
    print(f"{'within' if within else 'ABOVE'} the budget of {arguments.budget:.0f} ms")
    return 0 if within else 1


if __name__ == "__main__":
    raise SystemExit(main())
