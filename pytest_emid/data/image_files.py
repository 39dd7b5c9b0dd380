"""Reading pictures that may come from anyone: upright, in RGB with 8 bits, or a clear error."""

from __future__ import annotations

import warnings
from io import BytesIO
from pathlib import Path
from typing import Final

import numpy as np
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from pytest_emid.errors import DataError

__all__ = ["FORMATS", "orientation", "read_picture", "to_rgb"]

FORMATS: Final = ("AVIF", "BMP", "GIF", "HEIF", "JPEG", "JPEG2000", "MPO", "PNG", "PPM", "TIFF", "WEBP")
"""What is opened. Pillow knows more formats, some of which run other programs (EPS) or hold no raster.
HEIF is opened where the user registered it with Pillow."""
_HEIC: Final = (b"ftypheic", b"ftypheix", b"ftypmif1", b"ftypheif")

_DEEP: Final = ("I", "I;16", "I;16L", "I;16B", "I;16N")
_DARK: Final = 4096
"""The values of a picture with 12 bits lie below; in 16 bits that is black, with at most 16 of 255."""
_TRANSPARENT: Final = ("RGBA", "LA", "PA", "RGBa", "La")


def _available() -> tuple[str, ...]:
    Image.init()  # does nothing the second time; asked each time, as formats may be registered later
    return tuple(name for name in FORMATS if name in Image.OPEN)


def read_picture(source: Path | bytes, where: str) -> Image.Image:
    """A picture in RGB, as a person would see it.

    Turned as its EXIF orientation says; transparent parts on white; 16 bits scaled to 8. Colour profiles are not
    applied, as in the preprocessing of common models.

    Args:
        source: a file, or the bytes of one.
        where: the place in the dataset, for errors.

    Raises:
        DataError: the file is missing, truncated, no picture of a known format, animated, of a depth that has no
            agreed white, or has more pixels than `PIL.Image.MAX_IMAGE_PIXELS` allows.
    """
    shown = str(source)[:500] if isinstance(source, Path) else ""
    what = f"image {shown}" if isinstance(source, Path) else "the embedded image"
    try:
        with Image.open(BytesIO(source) if isinstance(source, bytes) else source, formats=_available()) as opened:
            if Image.MAX_IMAGE_PIXELS is not None and opened.width * opened.height > Image.MAX_IMAGE_PIXELS:
                raise Image.DecompressionBombError
            # a phone's MPO holds the picture first, then previews and depth
            if opened.format != "MPO" and getattr(opened, "is_animated", False):
                raise DataError(
                    f"{where}: {what} is animated or has several pages, and a sample is one picture. "
                    "Save the frame that is meant as PNG."
                )
            opened.load()
            upright = ImageOps.exif_transpose(opened) if orientation(opened) != 1 else opened.copy()
    except FileNotFoundError:
        raise DataError(f"{where}: there is no {what}. Put it there, or leave the sample out.") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise DataError(
            f"{where}: {what} has more pixels than PIL.Image.MAX_IMAGE_PIXELS allows ({Image.MAX_IMAGE_PIXELS}). "
            "Make it smaller, or raise that limit if you trust the file."
        ) from None
    except UnidentifiedImageError:
        known = f"{where}: {what} is no picture in a known format ({', '.join(_available())}). "
        if _start(source)[4:12] in _HEIC:
            raise DataError(
                f"{known}It is HEIC: pip install pillow-heif, and in conftest.py pillow_heif.register_heif_opener()."
            ) from None
        raise DataError(f"{known}Replace the file, or leave the sample out.") from None
    except DataError:
        raise
    except Exception as error:  # decoders raise all kinds on damaged files
        if isinstance(error, UserWarning) and "exif" in str(error).lower():  # where warnings are errors
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", "(?i).*exif", UserWarning)
                return read_picture(source, where)
        raise DataError(
            f"{where}: {what} is damaged: {type(error).__name__}: {str(error)[:600]}. "
            "Replace the file, or leave the sample out."
        ) from error
    return to_rgb(upright, f"{where}: {what}")


def _start(source: Path | bytes) -> bytes:
    if isinstance(source, bytes):
        return source[:12]
    with source.open("rb") as file:
        return file.read(12)


def orientation(image: Image.Image) -> int:
    """How EXIF says that a picture is turned, 1 to 8; 1 (upright) where it says nothing that can be read."""
    try:
        return int(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # garbage in a field that every viewer skips
        return 1


def to_rgb(image: Image.Image, what: str) -> Image.Image:
    """A picture of any mode in RGB: transparent parts on white, 16 bits scaled to 8.

    Args:
        image: not changed; a picture in RGB without transparency is given back.
        what: where it comes from, for errors.

    Raises:
        DataError: its depth has no agreed white.
    """
    try:
        image.load()
    except (OSError, SyntaxError) as error:
        raise DataError(
            f"{what} is damaged: {type(error).__name__}: {str(error)[:200]}. Replace the file, or leave the sample out."
        ) from error
    except Exception as error:
        raise DataError(
            f"{what} cannot be read any more ({type(error).__name__}: {str(error)[:200] or 'it was closed'}). Load it "
            "before its file is closed (image.load(), within the `with`), or give its path."
        ) from error
    if image.mode in _DEEP:  # Pillow would clip these at 255, not scale them
        values = np.asarray(image).astype(np.int64)
        if values.min() < 0 or values.max() > 65535:
            raise DataError(
                f"{what} holds values from {values.min()} to {values.max()}, which is neither 8 nor 16 bits. "
                "Save it with 8 bits."
            )
        if 0 < values.max() < _DARK:
            raise DataError(
                f"{what} holds values from {values.min()} to {values.max()}. White is 65535 in a picture of more than "
                "8 bits, so next to nothing could be seen. If these are 8 or 12 bits, scale them to 8: "
                "Image.fromarray((values * (255 / white)).astype('uint8'))."
            )
        # 65535 is 255 * 257; the added half rounds
        return Image.fromarray(((values + 128) // 257).astype(np.uint8)).convert("RGB")
    if image.mode == "F":
        raise DataError(
            f"{what} holds floating-point numbers, and which of them is white is unknown. Save it with 8 bits."
        )
    if image.mode in _TRANSPARENT or "transparency" in image.info:
        straight = (image.convert("LA") if image.mode == "La" else image).convert("RGBA")
        white = Image.new("RGBA", straight.size, (255, 255, 255, 255))
        return Image.alpha_composite(white, straight).convert("RGB")
    return image if image.mode == "RGB" else image.convert("RGB")
