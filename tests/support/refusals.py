"""One way to see what is refused, and in which words."""

from collections.abc import Callable

import pytest

__all__ = ["refused"]


def refused(call: Callable[[], object], error: type[Exception]) -> str:
    """The whole message with which a call is refused."""
    with pytest.raises(error) as caught:
        call()
    return str(caught.value)
