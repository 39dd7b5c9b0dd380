"""How large a page of a full suite is and how long it takes; with --axe, what axe-core finds wrong for its readers.

    python benchmarks/page.py [--scenarios 61] [--samples 100] [--axe axe.min.js] [--screenshots DIR --run RUN.json]

Accessibility and screenshots need Playwright's Python package and a Chromium; axe-core comes from npm.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

import page_world

from pytest_emid.plugin.reports import page
from pytest_emid.plugin.runs import read_run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenarios", type=int, default=61)
    parser.add_argument("--samples", type=int, default=100)
    parser.add_argument("--axe", type=Path, help="axe.min.js of axe-core")
    parser.add_argument("--screenshots", type=Path, help="folder for screenshots of the page of --run")
    parser.add_argument("--run", type=Path, help="a run that --emid-json saved beside --emid-html")
    given = parser.parse_args()
    with TemporaryDirectory() as folder:
        full = Path(folder) / "full.html"
        print(json.dumps(sized(given.scenarios, given.samples, full)))
        shown = Path(folder) / "run.html"
        if given.run is not None:
            saved = read_run(given.run)
            page.write(shown, saved.rows, saved.problems, saved.document.get("pictures", {}))
        if given.axe is not None:
            small = Path(folder) / "small.html"
            page.write(small, page_world.rows(4, n=60), ["A problem."], page_world.pictures(8))
            print(json.dumps(checked(small, given.axe, full)))
        if given.screenshots is not None:
            drawn(shown, given.screenshots)


def sized(scenarios: int, samples: int, path: Path) -> dict[str, float]:
    """Bytes and CPU seconds of a page with noise, the hardest to compress, for pictures and answers of a paragraph."""
    texts = ("The car is red. " * 20, "The car is blue and stands left. " * 12)
    rows, pictures = page_world.rows(scenarios, n=samples, texts=texts), page_world.pictures(scenarios, n=samples + 2)
    began = time.process_time()
    page.write(path, rows, [], pictures)
    return {
        "scenarios": scenarios,
        "samples": samples,
        "cpu_s": time.process_time() - began,
        "bytes": path.stat().st_size,
    }


def browser(driver: Any) -> Any:
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    return driver.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])


def checked(path: Path, axe: Path, full: Path) -> dict[str, Any]:
    """What axe-core finds, by impact, in light and in dark; and how long a full page takes to open."""
    from playwright.sync_api import sync_playwright

    found: dict[str, Any] = {}
    with sync_playwright() as driver:
        chromium = browser(driver)
        for scheme in ("light", "dark"):
            opened = chromium.new_page(color_scheme=scheme, bypass_csp=True)
            opened.goto(path.as_uri())
            opened.add_script_tag(path=str(axe))
            violations = opened.evaluate("axe.run().then(result => result.violations)")
            found[scheme] = [(v["impact"], v["id"], len(v["nodes"]), v["nodes"][0]["html"][:120]) for v in violations]
        opened = chromium.new_page()
        said: list[str] = []
        opened.on("console", lambda message: said.append(message.text))
        opened.on("pageerror", lambda error: said.append(str(error)))
        began = time.perf_counter()
        opened.goto(full.as_uri())
        opened.fill("#search", "s13 ")
        opened.locator("#shown", has_text="samples").wait_for()
        found["full"] = {"opened_and_searched_s": time.perf_counter() - began, "console": said}
    return found


def drawn(path: Path, folder: Path) -> None:
    """The page from above, and a sample, as small PNGs."""
    from PIL import Image
    from playwright.sync_api import sync_playwright

    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as driver:
        opened = browser(driver).new_page(viewport={"width": 1180, "height": 980})
        opened.goto(path.as_uri())
        opened.screenshot(path=folder / "page.png")
        opened.locator("article.sample:visible").nth(1).screenshot(path=folder / "page_sample.png")
    for name in ("page.png", "page_sample.png"):
        with Image.open(folder / name) as picture:
            picture.convert("RGB").quantize(128).save(folder / name, optimize=True)


if __name__ == "__main__":
    main()
