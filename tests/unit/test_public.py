"""What `import pytest_emid` offers."""

from __future__ import annotations

import pytest

import pytest_emid


@pytest.mark.parametrize("name", pytest_emid.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(pytest_emid, name) is not None
    assert name in dir(pytest_emid)


@pytest.mark.parametrize("name", sorted(pytest_emid.MOVED))
def test_a_name_of_0_1_0_says_where_it_is_now(name: str) -> None:
    assert name not in pytest_emid.__all__
    message = rf"^pytest_emid\.{name} is deprecated: write `from pytest_emid\.[a-z.]+ import {name}`\.$"
    with pytest.warns(DeprecationWarning, match=message) as warned:
        assert getattr(pytest_emid, name).__name__ == name
    assert warned[0].filename == __file__, "the warning does not show the line to change"


def test_there_is_nothing_else() -> None:
    with pytest.raises(AttributeError, match=r"^module 'pytest_emid' has no attribute 'Gate'$"):
        _ = pytest_emid.Gate
