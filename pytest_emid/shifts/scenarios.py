"""The paper's 61 scenarios by name, on its own data or on the built-in scenes; and presets of other suites.

    scenarios("llavabench-synthetic")            # 35: 7 visual x 5 textual, the first changes nothing
    scenarios("scenes-natural", modality="T")    # the first, and six languages
    scenarios("smoke")                           # the first, and six shifts that find most

A scenario is a shift: it has an id, and `measure_emid` takes it. Its alias is the paper's name for it, which is also
the name of the split in the authors' datasets.

Source: Oh et al., ICML 2025 (arXiv 2502.00577), section 5, and the lists at the head of the authors' script.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from pytest_emid.errors import ShiftError
from pytest_emid.shifts.builtin import BUILTIN
from pytest_emid.shifts.component import Component, component
from pytest_emid.shifts.natural import natural
from pytest_emid.shifts.presets import PRESETS, components_of
from pytest_emid.shifts.synthetic import IDENTITY, SyntheticShift

if TYPE_CHECKING:  # naming shifts, which users do at collection, must not import numpy
    from pytest_emid.data.dataset import Dataset

__all__ = ["PAPER", "SUITES", "Scenario", "scenario", "scenarios"]

PAPER: Final = ("llavabench-synthetic", "llavabench-natural", "scenes-synthetic", "scenes-natural")
SUITES: Final = (*PAPER, *PRESETS)
MODALITIES: Final = ("V", "T", "J")

# paper's name to shift; the empty name is the clean half
_PUBLISHED: Final = (("rates", "published"),)
VISUAL: Final[dict[str, tuple[Component, ...]]] = {
    "": (),
    **{f"{name}_{level}": (Component(name, level),) for name in ("defocus_blur", "frost") for level in (1, 3, 5)},
}
TEXTUAL: Final[dict[str, tuple[Component, ...]]] = {
    "": (),
    "sr_4": (Component("synonym", 4, _PUBLISHED),),
    "sr_7": (Component("synonym", 7, _PUBLISHED),),
    "KeyboardAug_1": (Component("keyboard", 1, _PUBLISHED),),
    "KeyboardAug_3": (Component("keyboard", 3, _PUBLISHED),),
}
LANGUAGES: Final = {
    "en": "English",
    "de": "German",
    "zh": "Chinese",
    "ko": "Korean",
    "el": "Greek",
    "ar": "Arabic",
    "hi": "Hindi",
}
# domain to what the alias begins with
DOMAINS: Final = {
    "llavabench": {
        "coco": "llava_bench_coco",
        "wild_easy": "llava_bench_in_the_wild_easy",
        "wild_normal": "llava_bench_in_the_wild_normal",
        "wild_hard": "llava_bench_in_the_wild_hard",
    },
    "scenes": {name: f"scenes_{name}" for name in ("training", "easy", "normal", "hard")},
}

Target = Callable[["Scenario"], "Dataset"]


@dataclass(frozen=True, slots=True)
class Scenario:
    """One scenario of a suite; get it from `scenarios` or `scenario`. It is a shift.

    Attributes:
        id: stable: the shift's id (`identity` for the clean one) in synthetic suites; domain and language (`coco:de`,
            or `scenes:hard:ko`, which `data.load` knows) in natural ones.
        alias: the paper's name, such as `llava_bench_coco_frost_1_sr_4` or `llava_bench_in_the_wild_easy_German`.
        suite: one of `SUITES`.
        kind: `ID` for the clean one; `V`, `T` or `J` for a shift of pictures, of questions or of both.
        domain: of natural scenarios, such as `wild_easy`; None for synthetic ones.
        language: of natural scenarios, a code; None for synthetic ones.
        target: makes the shifted dataset, where the suite does not make it itself.
        data_seed: the seed of the scenes that natural scenarios on scenes are drawn with.
        components: of synthetic scenarios, what the shift is made of; empty for the clean one.

    Example:
        >>> from pytest_emid import shifts
        >>> one = shifts.scenario("scenes_frost_1")
        >>> one.id, one.kind, one.modality
        ('frost:1', 'V', 'visual')
    """

    id: str
    alias: str
    suite: str
    kind: str
    domain: str | None = None
    language: str | None = None
    target: Target | None = field(default=None, repr=False, compare=False)
    data_seed: int = 0
    components: tuple[Component, ...] = field(default=(), repr=False)

    def __str__(self) -> str:
        return self.id

    @property
    def shift(self) -> SyntheticShift | None:
        """The shift of a synthetic scenario, which composes with others; None for a natural one."""
        if self.domain is not None:
            return None
        # checked only here: who lists scenarios need not import what they run on
        return SyntheticShift(tuple(component(c.name, c.severity, dict(c.options)) for c in self.components))

    @property
    def versions(self) -> dict[str, str]:
        """The version of the code behind each component, by the component's id."""
        shift = self.shift
        return {} if shift is None else shift.versions

    @property
    def modality(self) -> str:
        """`visual`, `textual` or `joint` (also the clean one) for synthetic scenarios; `natural` for natural ones."""
        return "natural" if self.domain is not None else {"V": "visual", "T": "textual"}.get(self.kind, "joint")

    @property
    def paired(self) -> bool:
        """Whether the shifted samples have the clean ones' ids: always, except for another domain."""
        return self.domain is None or self.kind in ("ID", "T")

    def apply(self, dataset: Dataset, seed: int) -> Dataset:
        """The shifted dataset; the clean scenario gives back `dataset` itself.

        Raises:
            ShiftError: there is no target to take it from; the dataset is not the scenes that this scenario shifts; a
                paired target lacks a sample; or as for `SyntheticShift.apply`.
        """
        if self.kind == "ID":
            return dataset
        if self.target is not None:
            return natural(self.target(self), paired=self.paired, id=self.id).apply(dataset, seed)
        if (shift := self.shift) is not None:
            return shift.apply(dataset, seed)
        if self.suite == "llavabench-natural":
            raise ShiftError(
                f"scenario {self.id!r} of {self.suite} has no data of its own. Say where it comes from, such as "
                'scenarios("llavabench-natural", target=lambda s: data.load_hub('
                '"changdae/llavabench-shift-natural-v1", s.alias)); or take "scenes-natural", which needs none.'
            )
        return self._scenes(dataset, seed)

    def _scenes(self, dataset: Dataset, seed: int) -> Dataset:
        from pytest_emid.data.scenes.sets import scenes_dataset

        language, domain = str(self.language), str(self.domain)
        if not self.paired:
            return scenes_dataset(len(dataset), self.data_seed, language=language, domain=domain)
        size = max((_size_up_to(sample_id) for sample_id in dataset.ids), default=0)
        target = scenes_dataset(max(size, 1), self.data_seed, language=language, domain=domain)
        references = {sample.id: sample.reference for sample in target}
        for sample in dataset:
            if references.get(sample.id) != sample.reference:
                raise ShiftError(
                    f"scenario {self.id!r} translates the questions of scenes of seed {self.data_seed}, but sample "
                    f"{sample.id!r} of dataset {dataset.name!r} is not one of them. Shift scenes_dataset(n, seed) with "
                    'scenarios("scenes-natural", data_seed=seed).'
                )
        return natural(target, paired=True, id=self.id).apply(dataset, seed)


def _size_up_to(sample_id: str) -> int:
    """How many scenes include the sample (three questions per picture); 0 for an id that is not a scene's."""
    prefix, _, rest = sample_id.partition("-")
    number = rest.partition("-")[0]
    return 3 * (int(number) + 1) if prefix == "scene" and number.isascii() and number.isdigit() else 0


def scenarios(
    suite: str, *, modality: str | None = None, target: Target | None = None, data_seed: int = 0
) -> tuple[Scenario, ...]:
    """The scenarios of a suite; the first is the clean one (ID).

    Args:
        suite: `llavabench-synthetic` (35: 7 visual x 5 textual), `llavabench-natural` (28: 4 domains x 7 languages), or
            the same on the built-in data, `scenes-synthetic` and `scenes-natural`; or a preset for any data:
            `vittle-27`, `vlm-robustbench`, `transmission`, `smoke` (docs/reference/shifts.md says what they hold).
        modality: as in the authors' script: `V` for shifted pictures only, `T` for shifted questions only, `J` for both
            at once, each after the clean scenario (7, 5 and 25 synthetic, 4, 7 and 19 natural); None for all.
        target: makes the shifted dataset of a scenario, for data that was shifted elsewhere, such as
            `lambda s: data.load_hub("changdae/llavabench-shift-natural-v1", s.alias)`. Natural LLaVA-Bench needs it.
        data_seed: for `scenes-natural`, the seed of the scenes that are shifted.

    Raises:
        ShiftError: no such suite or modality; the message lists those that there are.

    Example:
        >>> [one.id for one in scenarios("scenes-natural", modality="T")][:3]
        ['scenes', 'scenes:de', 'scenes:zh']
    """
    if suite not in SUITES:
        raise ShiftError(f"there is no suite {suite!r}. Suites: {', '.join(SUITES)}.")
    if modality is not None and modality not in MODALITIES:
        raise ShiftError(f"modality {modality!r} is not one of {', '.join(MODALITIES)}; leave it out for all.")
    data, _, how = suite.partition("-")
    if suite in PRESETS:
        listed = _preset(suite, target)
        return tuple(one for one in listed if modality is None or one.kind in ("ID", modality))
    listed = _synthetic(suite, data, target) if how == "synthetic" else _natural(suite, data, target, data_seed)
    return tuple(one for one in listed if modality is None or one.kind in ("ID", modality))


def scenario(name: str, suite: str | None = None) -> Scenario:
    """One scenario by its id or its alias.

    Args:
        name: such as `frost:1`, `llava_bench_coco_frost_1_sr_4` or `wild_easy:de`.
        suite: where to look; by default in all, in the order of `SUITES`.

    Raises:
        ShiftError: no such suite, or no scenario of that name.

    Example:
        >>> scenario("llava_bench_coco_frost_1_sr_4").id
        'frost:1+synonym(rates=published):4'
    """
    found = find(name, suite)
    if found is not None:
        return found
    suites = [suite] if suite is not None else SUITES
    known = dict.fromkeys(known for each in suites for one in scenarios(each) for known in (one.id, one.alias))
    close = difflib.get_close_matches(str(name), known, n=1)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    where = f"suite {suite}" if suite is not None else f"the suites {', '.join(SUITES)}"
    raise ShiftError(f"there is no scenario {name!r} in {where}.{hint} scenarios(suite) lists ids and aliases.")


def find(name: str, suite: str | None = None) -> Scenario | None:
    """As `scenario`, but None for a name that no scenario has.

    Raises:
        ShiftError: no such suite.
    """
    suites = [suite] if suite is not None else SUITES
    return next((one for each in suites for one in scenarios(each) if name in (one.id, one.alias)), None)


def _synthetic(suite: str, data: str, target: Target | None) -> list[Scenario]:
    start = "llava_bench_coco" if data == "llavabench" else "scenes"
    listed = []
    for visual_alias, visual in VISUAL.items():
        for textual_alias, textual in TEXTUAL.items():
            alias = "_".join(part for part in (start, visual_alias, textual_alias) if part)
            shift_id = "+".join(part.id for part in visual + textual) or IDENTITY
            kind = _kind(bool(visual), bool(textual))
            listed.append(Scenario(shift_id, alias, suite, kind, target=target, components=visual + textual))
    return listed


def _preset(suite: str, target: Target | None) -> list[Scenario]:
    listed = [Scenario(IDENTITY, suite, suite, "ID", target=target)]
    for shift_id in PRESETS[suite]:
        parts = components_of(shift_id)
        kinds = {BUILTIN[part.name].modality for part in parts}
        kind = _kind("visual" in kinds, "textual" in kinds)
        listed.append(Scenario(shift_id, f"{suite}_{shift_id}", suite, kind, target=target, components=parts))
    return listed


def _natural(suite: str, data: str, target: Target | None, data_seed: int) -> list[Scenario]:
    domains = DOMAINS[data]
    first = next(iter(domains))
    listed = []
    for domain, start in domains.items():
        for code, language in LANGUAGES.items():
            if data == "scenes":  # the id is what data.load takes
                parts = ["scenes", *([domain] if domain != first else []), *([code] if code != "en" else [])]
            else:
                parts = [domain, code]
            kind = _kind(domain != first, code != "en")
            alias = f"{start}_{language}"
            listed.append(Scenario(":".join(parts), alias, suite, kind, domain, code, target, data_seed))
    return listed


def _kind(picture: bool, question: bool) -> str:
    return "J" if picture and question else "V" if picture else "T" if question else "ID"
