"""Every page of the built site in headless Chromium: errors in the console, and what a narrow screen cuts off.

python docs/site/browse.py build/site
"""

from __future__ import annotations

import functools
import http.server
import shutil
import sys
import threading
from pathlib import Path

from playwright.sync_api import Request, sync_playwright

WIDTHS = (400, 1280)
INDICES = {"genindex.html", "search.html", "py-modindex.html"}
WIDE = INDICES | {"report.html"}
"""Lists of names, and the report itself, whose table of scenarios is wider than a telephone."""


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves the folder and says nothing."""

    def log_message(self, *_: object) -> None:
        """Nothing."""


def _failed(request: Request) -> list[str]:
    """What was not loaded; what the next page interrupted is no failure."""
    return [] if request.failure == "net::ERR_ABORTED" else [f"not loaded: {request.url}"]


def main(site: Path) -> int:
    """Print what is wrong, and how much was looked at; 1 where anything is."""
    handler = functools.partial(Quiet, directory=str(site))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    pages = sorted(str(path.relative_to(site)) for path in site.rglob("*.html") if "_modules" not in path.parts)
    found: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for width in WIDTHS:
            tab = browser.new_page(viewport={"width": width, "height": 900})
            tab.on("console", lambda message: found.append(message.text) if message.type == "error" else None)
            tab.on("pageerror", lambda error: found.append(str(error)))
            tab.on("requestfailed", lambda request: found.extend(_failed(request)))
            for page in pages:
                before = len(found)
                tab.goto(f"http://127.0.0.1:{server.server_port}/{page}", wait_until="load")
                wide = tab.evaluate("document.documentElement.scrollWidth")
                if wide > width and page not in WIDE:
                    found.append(f"{wide} pixels wide")
                found[before:] = [f"{page} at {width}: {what}" for what in found[before:]]
        tab.goto(f"http://127.0.0.1:{server.server_port}/search.html?q=witness", wait_until="load")
        tab.wait_for_selector("#search-results li a", timeout=20_000)
        browser.close()
    server.shutdown()
    sys.stdout.write("".join(f"{line}\n" for line in found))
    sys.stdout.write(f"{len(pages)} pages at {len(WIDTHS)} widths, search answered: {len(found)} problems\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
