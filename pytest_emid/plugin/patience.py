"""pytest-xdist's controller, until a worker measures: a run in which none does pays for a look now and then.

PYTEST_DONT_REWRITE: this module asserts nothing.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Final

import pytest

__all__ = ["Watch"]

LOOK: Final = 0.5
"""Seconds between two looks."""


class Watch:
    """Says what workers are doing when nothing was said for a while.

    Args:
        config: of the controller.
        folder: what the processes of the run share; it is there once a worker has measured.
    """

    def __init__(self, config: pytest.Config, folder: str) -> None:
        self._config = config
        self._folder = folder
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="emid-watch", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Nothing is said afterwards."""
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(LOOK):
            if os.path.isdir(self._folder):  # noqa: PTH112
                from pytest_emid.plugin.reports.progress import watch

                heartbeat = watch(self._config, Path(self._folder))
                self._ended.wait()
                if heartbeat is not None:
                    heartbeat.stop()
