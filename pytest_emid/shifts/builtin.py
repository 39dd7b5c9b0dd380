"""The table of built-in shifts: enough to name, list, order and check them without importing what they run on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["BUILTIN", "LEVELS", "WRITING", "Entry"]

LEVELS: Final = (1, 2, 3, 4, 5)
WRITING: Final = "text"
"""The kind of shifts that write on pictures what depends on the samples."""


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
        # the lens, the sensor and the file; what is drawn over the picture comes before the file is sent; whole words
        # change before letters do.
        *_entries(
            "visual",
            "geometry",
            "geometry.frame",
            *("rotation", "perspective", "crop", "pad", "aspect_ratio", "pixel_shift"),
        ),
        *_entries("visual", "geometry", "geometry.mirror", "flip", severities=()),
        *_entries("visual", "weather", "corruptions.weather", "brightness", "snow", "fog", "frost", "spatter"),
        *_entries("visual", "light", "light.exposure", "low_light", "overexposure", "colour_temperature"),
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
        *_entries("visual", "sensor", "transmission.sensor", "rolling_shutter", "banding", "dead_pixels"),
        *_entries(
            "visual",
            "colour",
            "light.colours",
            *("greyscale", "invert", "equalise", "posterise", "colour_blindness"),
        ),
        *_entries("visual", "colour", "light.colours", "autocontrast", severities=()),
        *_entries(
            "visual",
            WRITING,
            "overlays.writing",
            *("text_label", "text_wrong_answer", "text_instruction", "text_irrelevant", "text_neutral"),
        ),
        *_entries("visual", "overlay", "overlays.marks", "occlusion", "watermark", "interface"),
        *_entries("visual", "resolution", "geometry.resolution", "downsample", "low_resolution"),
        *_entries("visual", "transmission", "transmission.copies", "screen_photo", "fax"),
        *_entries("visual", "transmission", "transmission.codecs", "jpeg_twice", "webp", "avif", "messenger"),
        *_entries("textual", "control", "perturbations.controls", "normalise_only", severities=()),
        *_entries("textual", "words", "perturbations.words", *("synonym", "word_insert", "word_swap", "word_delete")),
        *_entries("textual", "wording", "perturbations.wording", "paraphrase", "verbosity", "preamble"),
        *_entries("textual", "wording", "perturbations.wording", "system_prompt", severities=()),
        *_entries("textual", "order", "perturbations.order", "option_rotation"),
        *_entries("textual", "order", "perturbations.order", "option_shuffle", "picture_last", severities=()),
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
