"""Who answers for what a gate or a measurement raised: the test that fails by it, `pytest.raises`, or a search for it.

A gate that says FAIL raises AssertionError, and a measurement that cannot be made an error of this package. Whether
that error left the test is seen at its end. Where it did not, it was either asked for, or swallowed. What asks for it
is looked up when it is raised: every `pytest.raises` (and unittest's `assertRaises`) that is entered then, and
`hypothesis.find` among the callers. At the end of the test, those that hold this error, or one that was raised from
it, have seen it.
"""

from __future__ import annotations

import gc
import inspect
import sys
from collections.abc import Iterator
from types import FrameType
from typing import Any, NamedTuple

import pytest

__all__ = ["Raised", "is_expected_by_unittest", "raised"]


class Raised(NamedTuple):
    """An error that somebody must answer for.

    Attributes:
        what: raised it, in words.
        error: itself.
        waiting: what was entered then, and may hold the error later.
    """

    what: str
    error: BaseException
    waiting: tuple[Any, ...]

    @property
    def is_seen(self) -> bool:
        """Whether something that waited for an error has it."""
        return any(self.error in _chain(_held(waiting)) for waiting in self.waiting)


def raised(what: str, error: BaseException) -> Raised | None:
    """What is known when it is raised; None where that is a step of a search, which goes on from here."""
    return None if _is_searched() else Raised(what, error, tuple(_waiting()))


def _waiting() -> Iterator[Any]:
    """What waits for an error. Only the collector of garbage knows: a context manager need not have a name."""
    unittest = sys.modules.get("unittest.case")
    theirs = getattr(unittest, "_AssertRaisesContext", pytest.RaisesExc)
    # instances refer to their class: the collector finds them ten times faster than a loop over all objects
    for found in gc.get_referrers(pytest.RaisesExc, pytest.RaisesGroup, theirs):
        if type(found) in (pytest.RaisesExc, pytest.RaisesGroup):
            info = getattr(found, "excinfo", None)  # made anew by each `with`
            if info is not None:
                yield info
        elif type(found) is theirs:
            yield found


def _held(waiting: Any) -> BaseException | None:
    if not isinstance(waiting, pytest.ExceptionInfo):
        held: BaseException | None = getattr(waiting, "exception", None)
        return held
    try:
        value: BaseException = waiting.value
    except AssertionError:  # nothing was raised within
        return None
    return value


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error, those in its group, and those that it was raised from."""
    seen: list[BaseException] = []
    rest = [error]
    while rest:
        one = rest.pop()
        if one is None or any(one is known for known in seen):
            continue
        seen.append(one)
        rest += [one.__cause__, one.__context__, *getattr(one, "exceptions", ())]
    return iter(seen)


def _is_searched() -> bool:
    """Whether `hypothesis.find` is among the callers. A test under `given` fails by itself with what it found."""
    hypothesis = sys.modules.get("hypothesis")
    if hypothesis is None:
        return False
    code = inspect.unwrap(hypothesis.find).__code__
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        if frame.f_code is code:
            return True
        frame = frame.f_back
    return False


def is_expected_by_unittest(item: pytest.Item) -> bool:
    """Whether `unittest.expectedFailure` swallows what this test raises."""
    marked = (getattr(item, "obj", None), getattr(item, "cls", None))
    return any(getattr(one, "__unittest_expecting_failure__", False) for one in marked)
