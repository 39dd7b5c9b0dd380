"""The table of built-in shifts: enough to name, list, order and check them without importing what they run on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["BUILTIN", "Entry"]

LEVELS: Final = (1, 2, 3, 4, 5)


@dataclass(frozen=True, slots=True)
class Entry:
    """One built-in shift: where its function lives. The module registers it when it is imported."""

    name: str
    modality: str
    kind: str
    module: str
    severities: tuple[int, ...]


def _entries(modality: str, kind: str, module: str, *names: str, severities: tuple[int, ...] = LEVELS) -> list[Entry]:
    return [Entry(name, modality, kind, f"pytest_emid.shifts.{module}", severities) for name in names]


BUILTIN: Final[dict[str, Entry]] = {
    entry.name: entry
    for entry in (
        # The order is the canonical order of composition: what happens in the world comes before what happens in
        # the lens, the sensor and the file; whole words change before letters do.
        *_entries("visual", "weather", "corruptions.weather", "brightness", "snow", "fog", "frost", "spatter"),
        *_entries(
            "visual",
            "blur",
            "corruptions.blur",
            *("glass_blur", "defocus_blur", "zoom_blur", "motion_blur", "gaussian_blur"),
        ),
        *_entries(
            "visual",
            "noise",
            "corruptions.noise",
            *("shot_noise", "gaussian_noise", "speckle_noise", "impulse_noise"),
        ),
        *_entries(
            "visual",
            "digital",
            "corruptions.digital",
            *("contrast", "saturate", "elastic_transform", "pixelate", "jpeg_compression"),
        ),
        *_entries("textual", "control", "perturbations.controls", "normalise_only", severities=()),
        *_entries("textual", "words", "perturbations.words", *("synonym", "word_insert", "word_swap", "word_delete")),
        *_entries("textual", "surface", "perturbations.surface", "case", "punctuation"),
        *_entries(
            "textual",
            "characters",
            "perturbations.characters",
            *("char_insert", "char_substitute", "char_swap", "char_delete"),
        ),
        *_entries("textual", "characters", "perturbations.keyboard", "keyboard"),
        *_entries("textual", "characters", "perturbations.ocr", "ocr"),
    )
}
