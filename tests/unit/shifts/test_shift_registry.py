"""Naming, listing and registering shifts."""

import importlib.metadata
import subprocess
import sys
from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image
from refusals import refused

from pytest_emid import shifts
from pytest_emid.errors import ShiftError
from pytest_emid.shifts import registry
from pytest_emid.shifts.builtin import BUILTIN

LEGAL_TEXTUAL = ", ".join(shifts.names("textual"))


@pytest.fixture
def sepia() -> Iterator[str]:
    @shifts.register_visual("sepia", severities=(1, 3), options={"tone": ("warm", "cold")})
    def sepia(image: Image.Image, severity: int, rng: np.random.Generator, *, tone: str) -> Image.Image:
        """Old photographs."""
        return image.point(lambda value: value // severity if tone == "warm" else 255 - value)

    yield "sepia"
    shifts.unregister("sepia")


def test_naming_shifts_imports_nothing_heavy() -> None:
    code = (
        "import sys; from pytest_emid import shifts; shifts.visual('defocus_blur', severity=[1, 3, 5]);"
        "shifts.textual('keyboard', severity=1); shifts.joint('frost:1', 'keyboard:1'); shifts.names();"
        "print(*sorted({'numpy', 'PIL', 'scipy', 'torch', 'transformers', 'regex', 'hypothesis'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "\n"


def test_the_table_of_built_in_shifts_says_what_the_modules_register() -> None:
    for name, entry in BUILTIN.items():
        definition = shifts.get(name)
        registered = (definition.name, definition.modality, definition.kind, definition.severities)
        assert registered == (entry.name, entry.modality, entry.kind, entry.severities)
        assert definition.function.__module__ == entry.module
        assert definition.summary.endswith("."), name
        assert registry.writes(name) == (definition.writes is not None)


def test_names_are_in_canonical_order_and_split_by_modality() -> None:
    assert shifts.names() == shifts.names("visual") + shifts.names("textual")
    assert set(shifts.names()) == set(BUILTIN)


def test_one_shift_per_name_and_severity() -> None:
    assert [str(s) for s in shifts.visual("frost", "defocus_blur", severity=[3, 1])] == [
        "frost:3",
        "frost:1",
        "defocus_blur:3",
        "defocus_blur:1",
    ]
    assert [s.id for s in shifts.textual("keyboard", severity=2)] == ["keyboard:2"]
    assert [s.id for s in shifts.textual("keyboard")] == [f"keyboard:{level}" for level in range(1, 6)]
    assert [s.id for s in shifts.textual("normalise_only")] == ["normalise_only"]
    assert [s.id for s in shifts.visual("frost", severity=np.int64(2))] == ["frost:2"]


def test_all_shifts_of_a_modality() -> None:
    every = shifts.textual()
    assert {s.components[0].name for s in every} == set(shifts.names("textual"))
    assert {s.modality for s in every} == {"textual"}
    at_two = shifts.textual(severity=2)  # those that have levels
    assert {s.severity for s in at_two} == {2}
    assert "normalise_only" not in {s.id for s in at_two}


def test_joint_is_the_product() -> None:
    composed = shifts.joint(shifts.visual("frost", severity=[1, 5]), ["keyboard:1", "synonym:2"])
    assert [s.id for s in composed] == [
        "frost:1+keyboard:1",
        "frost:1+synonym:2",
        "frost:5+keyboard:1",
        "frost:5+synonym:2",
    ]
    assert {s.modality for s in composed} == {"joint"}


def mine(name: str = "mine", **keywords) -> None:
    shifts.register_textual(name, **keywords)(lambda text, severity, rng: text)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: shifts.textual("keybord", severity=1), ShiftError,
         f"there is no textual shift named 'keybord'. Did you mean 'keyboard'? Textual shifts: {LEGAL_TEXTUAL}."),
        (lambda: shifts.textual("frost", severity=1), ShiftError,
         f"there is no textual shift named 'frost'. (frost is visual.) Textual shifts: {LEGAL_TEXTUAL}."),
        (lambda: shifts.visual("frost", severity=[1, 7]), ShiftError,
         "shift 'frost' has no severity 7. Its severities are 1, 2, 3, 4, 5; write for example frost:1."),
        (lambda: shifts.visual("frost", severity=True), ShiftError,
         "shift 'frost' needs a severity. Its severities are 1, 2, 3, 4, 5; write for example frost:1."),
        (lambda: shifts.visual("frost", severity="3"), ShiftError,
         "shift 'frost' has no severity '3'. Its severities are 1, 2, 3, 4, 5; write for example frost:1."),
        (lambda: shifts.visual("frost", severity=[]), ShiftError,
         "severity is empty; give a level, several levels, or None for all."),
        (lambda: shifts.visual("frost", severity=1, scale="huge"), ShiftError,
         "shift 'frost' has no scale 'huge'. Its values: image, published."),
        (lambda: shifts.visual("frost", severity=1, size="huge"), ShiftError,
         "shift 'frost' has no option 'size'. Its options: scale."),
        (lambda: shifts.textual("normalise_only", severity=2), ShiftError,
         "shift 'normalise_only' has no severities; write 'normalise_only' without one, not with 2."),
        (lambda: shifts.joint("frost:1"), ShiftError,
         "a joint shift needs two parts or more, such as joint(visual('frost'), textual('keyboard'))."),
        (lambda: shifts.visual(["frost", "fog"]), ShiftError,
         "a shift's name is text, not ['frost', 'fog']. Give several names one by one: visual('frost', 'fog')."),
        (lambda: shifts.textual("identity", severity=1), ShiftError,
         "'identity' is no shift with a modality or severities: it changes nothing. Write shifts.parse('identity')."),
        (lambda: shifts.joint("frost:1", []), ShiftError,
         "a part of a joint shift is empty; give each part at least one shift."),
        (lambda: shifts.joint("frost:1", [3]), ShiftError,
         "3 cannot be part of a joint shift: compose synthetic shifts or their ids."),
        (lambda: shifts.textual("keyboard", severity=8, rates="published"), ShiftError,
         "shift 'keyboard' has no severity 8. Its severities with rates=published are 1, 2, 3, 4, 5, 6, 7; "
         "write for example keyboard:1."),
        (lambda: shifts.names("audio"), ShiftError, "modality 'audio' is not one of visual, textual."),
        (lambda: shifts.unregister("frost"), ShiftError, "no registered shift is named 'frost'. Registered: none."),
        (lambda: shifts.parse("translate_xx"), ShiftError,
         "there is no shift named 'translate_xx'. A translation is known after shifts.translate(...), for example in "
         f"conftest.py. Shifts: {', '.join(shifts.names())}."),
        *(
            (lambda register=register: register(print), ShiftError,
             f"a shift needs a name: write @{register.__name__}('dust') above the function.")
            for register in (shifts.register_visual, shifts.register_textual)
        ),
        *(
            (lambda levels=levels: mine(severities=levels), ShiftError,
             f"shift 'mine': severities must be rising integers of at least 1, not {shown}.")
            for levels, shown in [((2, 1), "(2, 1)"), ((0,), "(0,)"), (0, "(0,)")]
        ),
        *(
            (lambda values=values: mine(options={"a": values}), ShiftError,
             "shift 'mine': option 'a' needs legal values made of letters, digits, '_', '-' and '.', "
             f"the default first, not {values!r}.")
            for values in [(), ("b,c",), "bc", (1, 2)]
        ),
        (lambda: mine("2fast"), ShiftError,
         "'2fast' cannot name a shift: use letters, digits and underscores, beginning with a letter, "
         "so that ids can be parsed."),
        (lambda: mine("identity"), ShiftError,
         "'identity' cannot name a shift: it is the id of the shift that changes nothing."),
    ],
)  # fmt: skip
def test_refusals(call, error, message) -> None:
    assert refused(call, error) == message


def test_published_rates_have_their_own_severities() -> None:
    published = shifts.textual("keyboard", rates="published")
    assert [s.id for s in published] == [f"keyboard(rates=published):{level}" for level in range(1, 8)]


def test_a_registered_shift_is_listed_composed_and_parsed(sepia: str) -> None:
    assert sepia in shifts.names("visual")
    assert shifts.get(sepia).summary == "Old photographs."
    assert [s.id for s in shifts.visual(sepia)] == ["sepia:1", "sepia:3"]
    assert shifts.parse("keyboard:1+sepia(tone=cold):3+frost:1").id == "frost:1+sepia(tone=cold):3+keyboard:1"
    white = Image.new("RGB", (4, 3), (255, 255, 255))
    assert shifts.parse("sepia:3").apply_image(white).getpixel((0, 0)) == (85, 85, 85)
    assert shifts.parse("sepia(tone=cold):3").apply_image(white).getpixel((0, 0)) == (0, 0, 0)


def test_a_taken_name_needs_replace(sepia: str) -> None:
    def mine(image, severity, rng):
        return image

    for name, owner in (("frost", "built in"), (sepia, "already registered")):
        assert refused(lambda name=name: shifts.register_visual(name)(mine), ShiftError) == (
            f"a shift named {name!r} is {owner}. Choose another name, or pass replace=True to put yours in its place."
        )
    original = shifts.get("frost")
    shifts.register_visual("frost", (1,), replace=True)(mine)
    try:
        assert shifts.get("frost").function is mine
        assert [s.id for s in shifts.visual("frost")] == ["frost:1"]
    finally:
        shifts.unregister("frost")
    assert shifts.get("frost") is original


def test_options_may_be_given_as_numbers() -> None:
    shifts.register_textual("grow", (1,), options={"size": ("3", "5")})(lambda text, severity, rng, *, size: text)
    try:
        assert [str(s) for s in shifts.textual("grow", size=5)] == ["grow(size=5):1"]
    finally:
        shifts.unregister("grow")


class FakePoint:
    value = "somewhere:register"
    dist = None

    def __init__(self, loaded):
        self.loaded = loaded

    def load(self):
        if isinstance(self.loaded, Exception):
            raise self.loaded
        return self.loaded


def test_packages_contribute_shifts_at_the_first_look_up(monkeypatch) -> None:
    def contribute() -> None:
        @shifts.register_textual("whisper", ())
        def whisper(text, severity, rng):
            """Quietly."""
            return text.lower()

    groups = []
    monkeypatch.setattr(registry, "_packages_loaded", False)
    monkeypatch.setattr(
        importlib.metadata, "entry_points", lambda group: groups.append(group) or [FakePoint(contribute)]
    )
    try:
        assert shifts.parse("whisper").apply_text("LOUD") == "loud"
        assert "whisper" in shifts.names("textual")
        assert groups == ["pytest_emid.shifts"]
    finally:
        shifts.unregister("whisper")


def test_a_broken_package_is_named(monkeypatch) -> None:
    monkeypatch.setattr(registry, "_packages_loaded", False)
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: [FakePoint(ImportError("no module x"))])
    for _ in range(2):  # and again, not what loading twice would complain of
        assert refused(shifts.names, ShiftError) == (
            "the shifts of an unknown package (somewhere:register) cannot be loaded: ImportError: no module x. "
            "Repair or uninstall the package."
        )


def test_a_package_beside_a_broken_one_is_not_blamed(monkeypatch) -> None:
    def contribute() -> None:
        shifts.register_textual("hush", ())(lambda text, severity, rng: text.lower())

    points = [FakePoint(contribute), FakePoint(ImportError("no module x"))]
    monkeypatch.setattr(registry, "_packages_loaded", False)
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: points)
    try:
        for _ in range(2):
            with pytest.raises(ShiftError, match="ImportError: no module x"):
                shifts.names()
    finally:
        shifts.unregister("hush")


def test_the_control_arm_is_listed_by_its_name() -> None:
    assert [str(s) for s in shifts.textual("identity")] == ["identity"] == [str(s) for s in shifts.visual("identity")]


def test_a_function_whose_file_is_not_its_source(tmp_path, monkeypatch):
    # as in a notebook or a template: the file exists, and tokenizing it at that line fails
    (tmp_path / "page.md").write_text('# text\n\n(an open bracket and """an open string\n')
    monkeypatch.chdir(tmp_path)
    space = {}
    exec(compile("\n\ndef shout(text, severity, rng):\n    return text.upper()\n", "page.md", "exec"), space)
    shifts.register_textual("shout", (1,))(space["shout"])
    try:
        assert shifts.parse("shout:1").apply_text("why") == "WHY"
    finally:
        shifts.unregister("shout")
