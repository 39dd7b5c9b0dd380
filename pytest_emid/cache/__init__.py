"""The cache: every (model, picture, question) is asked once, and every picture and text is encoded once, ever.

`cache.py` is what the package uses; below it: who asks (`asking.py`), under which key (`keys.py`, `pictures.py`), where
it is kept (`store.py`, `database.py`, `mounts.py`), and what moves between machines (`replay.py`, `union.py`).
"""

from pytest_emid.cache.cache import Cache, Counts, Mode, Progress

__all__ = ["Cache", "Counts", "Mode", "Progress"]
