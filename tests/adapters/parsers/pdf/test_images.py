"""Pictures of text in every format that is read."""

import io

import numpy as np
import pytest
from PIL import Image

from outcrop.adapters.parsers.images import ImageParser, frames
from outcrop.adapters.parsers.options import ParseOptions
from outcrop.core.errors import Unreadable
from outcrop.core.parsed import Blob

LINES = ["The gate of the lower yard", "is closed at nightfall."]
TEXT = "The gate of the lower yard is closed at nightfall."


@pytest.fixture(scope="module")
def parser():
    return ImageParser(ParseOptions())


@pytest.fixture
def picture(maker):
    return maker.picture(maker.pdf(maker.lines(LINES, x=20, y=60, size=14), size=(240, 90)), dpi=150)


def saved(picture, form, **options):
    out = io.BytesIO()
    picture.save(out, form, **options)
    return out.getvalue()


def read(parser, data, media_type):
    return parser.parse(Blob(name="picture", data=data, media_type=media_type))


@pytest.mark.parametrize(
    ("mode", "form", "media_type"),
    [
        ("1", "PNG", "image/png"),
        ("P", "GIF", "image/gif"),
        ("LA", "PNG", "image/png"),
        ("RGB", "WEBP", "image/webp"),
        ("CMYK", "JPEG", "image/jpeg"),
        ("L", "BMP", "image/bmp"),
        ("I;16", "TIFF", "image/tiff"),
    ],
)
def test_every_format_and_mode_is_read(parser, picture, mode, form, media_type):
    deep = Image.fromarray(np.asarray(picture).astype(np.uint16) * 257)
    converted = deep if mode == "I;16" else picture.convert(mode)
    assert read(parser, saved(converted, form), media_type).text == TEXT


def test_the_size_of_the_page_follows_from_the_resolution(parser, picture):
    document = read(parser, saved(picture, "PNG", dpi=(150, 150)), "image/png")
    (page,) = document.pages
    assert (page.width, page.height) == pytest.approx((240, 90), abs=0.6)
    (first, _) = document.boxes.regions(0, len(document.text))
    assert first.left == pytest.approx(20, abs=3)
    assert page.method == "ocr"
    assert "resolution" not in document.metadata


def test_a_resolution_that_is_not_stated_is_told(parser, picture):
    document = read(parser, saved(picture, "BMP"), "image/bmp")
    if "resolution" in document.metadata:
        assert document.pages[0].width == picture.width
    document = read(parser, saved(picture, "PNG"), "image/png")
    assert "72 dots per inch assumed" in document.metadata["resolution"]
    assert document.pages[0].width == picture.width


def test_every_page_of_a_tiff_is_read(parser, picture, maker):
    second = maker.picture(maker.pdf(maker.lines(["Second leaf of two."], x=20, y=60, size=14), size=(240, 90)))
    data = saved(picture, "TIFF", save_all=True, append_images=[second], dpi=(150, 150))
    document = read(parser, data, "image/tiff")
    assert document.text == f"{TEXT}\n\nSecond leaf of two."
    assert [page.number for page in document.pages] == [1, 2]


def test_a_photograph_is_turned_as_its_camera_says(picture):
    exif = Image.Exif()
    exif[0x0112] = 6  # orientation: turn a quarter clockwise to see it upright
    data = saved(picture.rotate(90, expand=True), "JPEG", exif=exif)
    (frame,) = frames(data, "image/jpeg")
    assert frame.pixels.shape[:2] == (picture.height, picture.width)


def test_pixels_of_a_fax_are_made_square(picture):
    squeezed = picture.resize((picture.width, picture.height // 2))
    (frame,) = frames(saved(squeezed, "TIFF", dpi=(200, 100)), "image/tiff")
    assert frame.pixels.shape[1] / frame.pixels.shape[0] == pytest.approx(picture.width / picture.height, rel=0.02)


def test_a_large_picture_is_read_smaller_at_the_same_size(monkeypatch, picture):
    monkeypatch.setattr("outcrop.adapters.parsers.images.READ_PIXELS", 10_000)
    (frame,) = frames(saved(picture, "PNG", dpi=(150, 150)), "image/png")
    assert frame.pixels.shape[0] * frame.pixels.shape[1] < 11_000
    assert frame.size == pytest.approx((240, 90), rel=0.02)


def test_too_many_pixels_are_refused(parser, monkeypatch, picture):
    monkeypatch.setattr("outcrop.adapters.parsers.images.MOST_PIXELS", 1_000)
    with pytest.raises(Unreadable, match="Make it smaller") as caught:
        read(parser, saved(picture, "PNG"), "image/png")
    assert caught.value.reason == "too_large"


def test_a_picture_cut_off_is_corrupt(parser, picture):
    with pytest.raises(Unreadable) as caught:
        read(parser, saved(picture, "PNG")[:300], "image/png")
    assert caught.value.reason == "corrupt"


def test_a_picture_without_text_is_a_reason(parser):
    with pytest.raises(Unreadable) as caught:
        read(parser, saved(Image.new("RGB", (200, 200), "white"), "PNG"), "image/png")
    assert caught.value.reason == "no_text"


def test_without_ocr_a_picture_says_what_to_do(picture, monkeypatch):
    data = saved(picture, "PNG")
    with pytest.raises(Unreadable, match="OUTCROP_OCR=auto") as caught:
        read(ImageParser(ParseOptions(ocr=False)), data, "image/png")
    assert caught.value.reason == "no_text"
    monkeypatch.setattr("outcrop.adapters.parsers.ocr.find_spec", lambda name: None)
    with pytest.raises(Unreadable, match=r"pip install 'outcrop\[ocr\]'") as caught:
        read(ImageParser(ParseOptions()), data, "image/png")
    assert caught.value.reason == "missing_dependency"
