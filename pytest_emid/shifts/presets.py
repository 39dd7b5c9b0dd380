"""Lists of shifts under a name, for `scenarios`: what suites of the last years ask, and a short first look.

Each is a list of ids; the order is that of the ids. What a preset stands for, and how far it is the original's, is in
docs/reference/shifts.md.
"""

from __future__ import annotations

import re
from typing import Final

from pytest_emid.shifts.builtin import BUILTIN
from pytest_emid.shifts.component import Component

__all__ = ["PRESETS", "components_of"]

LOW_MID_HIGH: Final = (1, 3, 5)
_CORRUPTIONS: Final = tuple(name for name, entry in BUILTIN.items() if ".corruptions." in entry.module)
_GEOMETRY: Final = ("rotation", "perspective", "crop", "aspect_ratio", "pixel_shift", "downsample", "low_resolution")
_LIGHT: Final = ("low_light", "overexposure", "colour_temperature", "posterise", "occlusion")
_ONCE: Final = ("greyscale:5", "invert:5", "equalise:5", "autocontrast", "flip", "flip(axis=vertical)")

_VISUAL: Final = (
    *("gaussian_noise", "shot_noise", "defocus_blur", "motion_blur", "zoom_blur", "snow", "frost", "contrast"),
    "jpeg_compression",
)
_TEXTUAL: Final = (
    *("keyboard", "ocr", "char_insert", "char_swap", "char_delete", "synonym", "word_insert", "word_swap"),
    "word_delete",
)

PRESETS: Final[dict[str, tuple[str, ...]]] = {
    "vittle-27": (
        *(f"{name}:3" for name in _VISUAL),
        *(f"{name}:3" for name in _TEXTUAL),
        *(f"{visual}:3+{textual}:3" for visual, textual in zip(_VISUAL, _TEXTUAL, strict=True)),
    ),
    "vlm-robustbench": (
        *(f"{name}:{level}" for name in (*_CORRUPTIONS, *_GEOMETRY, *_LIGHT) for level in LOW_MID_HIGH),
        *_ONCE,
    ),
    "transmission": tuple(
        f"{name}:{level}"
        for name in (
            *("rolling_shutter", "banding", "dead_pixels", "watermark", "interface", "low_resolution"),
            *("screen_photo", "fax", "jpeg_compression", "jpeg_twice", "webp", "messenger"),
        )
        for level in LOW_MID_HIGH
    ),
    "smoke": ("pad:3", "fog:3", "low_light:3", "text_wrong_answer:3", "screen_photo:3", "verbosity:3"),
}
"""Name to ids, without the clean one."""
_ID: Final = re.compile(r"(?P<name>\w+)(?:\((?P<option>\w+)=(?P<value>\w+)\))?(?::(?P<level>\d))?")


def components_of(shift_id: str) -> tuple[Component, ...]:
    """The components of an id of a preset, unchecked: who lists scenarios need not import what they run on.

    >>> components_of("flip(axis=vertical)+keyboard:3")[1]
    Component(name='keyboard', severity=3, options=())
    """
    parts = []
    for piece in shift_id.split("+"):
        match = _ID.fullmatch(piece)
        assert match is not None, piece
        options = ((match["option"], match["value"]),) if match["option"] else ()
        parts.append(Component(match["name"], int(match["level"]) if match["level"] else None, options))
    return tuple(parts)
