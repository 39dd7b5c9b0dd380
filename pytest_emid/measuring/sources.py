"""Where answers came from: a model that was asked in this run, the cache of earlier runs, or a pack or recording."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from pytest_emid.measuring.plain import in_natural_order

__all__ = ["Source", "Sources"]


@dataclass(frozen=True, slots=True)
class Source:
    """Of the distinct answers to one set, clean or shifted; plain types, because it crosses processes.

    Attributes:
        model: the model's name.
        dataset: name of the clean set.
        label: `clean`, or the scenario.
        content: fingerprint of this set.
        asked: answers that this process asked for, failures among them.
        cache: answers that the cache held before this run.
        pack: answers that a replay pack or a recording gave.
        served: how many samples a server says that whom answered; empty where nobody says.
    """

    model: str
    dataset: str
    label: str
    content: str
    asked: int
    cache: int
    pack: int
    served: Mapping[str, int] = field(default_factory=dict)

    @property
    def identity(self) -> tuple[str, str, str, str]:
        """Equal for the same set, whoever asks about it."""
        return (self.model, self.dataset, self.label, self.content)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


class Sources:
    """Those of all sets of a run.

    What several processes ask about one set adds up, since no two of them ask the same; what was there before is the
    same for all of them, and counts once.
    """

    def __init__(self) -> None:
        self._sources: dict[tuple[str, str, str, str], Source] = {}

    def add(self, told: Iterable[Mapping[str, Any]]) -> None:
        """Take what a process says."""
        for one in told:
            new = Source(**one)
            old = self._sources.get(new.identity)
            if old is not None:
                cache, pack = max(old.cache, new.cache), max(old.pack, new.pack)
                new = replace(new, asked=old.asked + new.asked, cache=cache, pack=pack)
            self._sources[new.identity] = new

    def to_list(self) -> list[dict[str, Any]]:
        """Plain data, in a natural order, for the JSON report."""

        def order(source: Source) -> tuple[Any, ...]:
            return (source.model, source.dataset, in_natural_order(source.label), source.content)

        return [source.to_dict() for source in sorted(self._sources.values(), key=order)]

    def line(self) -> str:
        """All of them in a few words, such as `180 asked, 60 from the cache`; empty where there are none."""
        if not self._sources:
            return ""
        totals: Counter[str] = Counter()
        for source in self._sources.values():
            totals += Counter(asked=source.asked, cache=source.cache, pack=source.pack)
        words = {"asked": "asked", "cache": "from the cache", "pack": "from a pack or recording"}
        return ", ".join(f"{totals[name]:,} {word}" for name, word in words.items() if totals[name] or name == "asked")
