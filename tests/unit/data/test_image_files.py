from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pytest_emid.data.image_files import read_picture
from pytest_emid.errors import DataError

WHERE = "q.jsonl, line 3 (sample '7')"


def encoded(image, format="PNG", **options):
    buffer = BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def refused(source):
    with pytest.raises(DataError) as caught:
        read_picture(source, WHERE)
    return str(caught.value)


def noise(size=(9, 7), mode="RGB"):
    shape = (size[1], size[0], len(mode))
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8), mode)


@pytest.mark.parametrize("format", ["PNG", "BMP", "TIFF", "PPM"])
def test_lossless_formats_are_read_as_they_are(tmp_path, format):
    picture = noise()
    picture.save(tmp_path / "a", format)
    read = read_picture(tmp_path / "a", WHERE)
    assert (read.mode, read.size, read.tobytes()) == ("RGB", (9, 7), picture.tobytes())


def test_exif_orientation_is_applied():
    picture = noise()
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: show it rotated by 90 degrees clockwise
    read = read_picture(encoded(picture, exif=exif), WHERE)
    assert read.size == (7, 9)
    assert read.tobytes() == picture.rotate(-90, expand=True).tobytes()


def test_sixteen_bits_are_scaled_not_clipped():
    deep = np.array([[0, 128, 129, 257], [32768, 65406, 65407, 65535]], dtype=np.uint16)
    read = np.asarray(read_picture(encoded(Image.fromarray(deep)), WHERE))
    assert read.shape == (2, 4, 3)
    assert (read == read[..., :1]).all()
    assert read[..., 0].tolist() == [[0, 0, 1, 1], [128, 254, 255, 255]]


def test_more_than_sixteen_bits_and_floats_are_refused():
    wide = encoded(Image.fromarray(np.array([[0, 70000]], dtype=np.int32)), "TIFF")
    assert refused(wide) == (
        f"{WHERE}: the embedded image holds values from 0 to 70000, which is neither 8 nor 16 bits. "
        "Save it with 8 bits."
    )
    assert refused(encoded(Image.fromarray(np.ones((2, 2), dtype=np.float32)), "TIFF")) == (
        f"{WHERE}: the embedded image holds floating-point numbers, and which of them is white is unknown. "
        "Save it with 8 bits."
    )


def test_transparent_parts_are_white_whatever_colour_hides_there():
    picture = Image.new("RGBA", (2, 1), (10, 20, 30, 255))
    picture.putpixel((1, 0), (200, 0, 0, 0))
    read = read_picture(encoded(picture), WHERE)
    assert [read.getpixel((x, 0)) for x in (0, 1)] == [(10, 20, 30), (255, 255, 255)]
    palette = Image.new("P", (1, 1))
    palette.putpalette([9, 9, 9])
    assert read_picture(encoded(palette, transparency=0), WHERE).getpixel((0, 0)) == (255, 255, 255)


@pytest.mark.parametrize("format", ["GIF", "PNG", "WEBP", "TIFF"])
def test_animations_and_pages_are_refused(format):
    frames = [Image.new("RGB", (4, 4), (level, 0, 0)) for level in (0, 100, 200)]
    assert refused(encoded(frames[0], format, save_all=True, append_images=frames[1:])) == (
        f"{WHERE}: the embedded image is animated or has several pages, and a sample is one picture. "
        "Save the frame that is meant as PNG."
    )


def test_a_gif_of_one_frame_and_a_phone_picture_with_a_preview_are_read():
    assert read_picture(encoded(Image.new("L", (3, 2), 40), "GIF"), WHERE).getpixel((0, 0)) == (40, 40, 40)
    first = Image.new("RGB", (16, 16), (200, 200, 200))
    phone = encoded(first, "MPO", save_all=True, append_images=[Image.new("RGB", (16, 16))])
    assert read_picture(phone, WHERE).getpixel((5, 5)) == (200, 200, 200)


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("limit", [99, 49])  # Pillow warns at its limit, and raises at twice that
def test_decompression_bombs_are_refused(tmp_path, monkeypatch, limit):
    noise((10, 10)).save(tmp_path / "big.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
    assert refused(tmp_path / "big.png") == (
        f"{WHERE}: image {tmp_path / 'big.png'} has more pixels than PIL.Image.MAX_IMAGE_PIXELS allows ({limit}). "
        "Make it smaller, or raise that limit if you trust the file."
    )
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    assert read_picture(tmp_path / "big.png", WHERE).size == (10, 10)


@pytest.mark.parametrize("format", ["PNG", "JPEG"])
def test_truncated_pictures_are_refused(tmp_path, format):
    whole = encoded(noise((64, 64)), format)
    (tmp_path / "cut").write_bytes(whole[: len(whole) // 2])
    message = refused(tmp_path / "cut")
    assert message.startswith(f"{WHERE}: image {tmp_path / 'cut'} is damaged: OSError: ")
    assert message.endswith(". Replace the file, or leave the sample out.")


def test_what_is_no_picture_is_refused_and_no_other_program_is_run(tmp_path):
    postscript = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\nshowpage\n"
    for content in (b"<svg/>", b"", postscript):
        (tmp_path / "x.png").write_bytes(content)
        message = refused(tmp_path / "x.png")
        assert message.startswith(f"{WHERE}: image {tmp_path / 'x.png'} is no picture in a known format (")
        assert message.endswith("). Replace the file, or leave the sample out.")
        assert "EPS" not in message


def test_missing_file():
    assert refused(Path("nowhere.png")) == (
        f"{WHERE}: there is no image nowhere.png. Put it there, or leave the sample out."
    )
