"""Pictures: one digest for one picture, nothing of the original file but what it shows, and no bomb."""

import io
from collections.abc import Callable

import pytest
from PIL import Image, PngImagePlugin

from quizapp.banks.pictures import LONGEST_SIDE, digests_in, read_picture, token, without_pictures
from quizapp.errors import Invalid


def drawn(kind: str = "PNG", size: tuple[int, int] = (40, 30), **options: object) -> bytes:
    """A file of that kind with a red picture and a blue corner."""
    image = Image.new("RGB", size, "red")
    image.paste("blue", (0, 0, 8, 8))
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def test_the_digest_is_that_of_what_is_shown_not_of_the_file() -> None:
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Author", "somebody with a name")
    plain, noted, lossless = (
        read_picture(drawn()),
        read_picture(drawn(pnginfo=notes)),
        read_picture(drawn("WEBP", lossless=True)),
    )
    assert plain.digest == noted.digest == lossless.digest
    assert b"somebody" not in noted.png
    assert read_picture(plain.png) == plain


def test_a_jpeg_comes_back_as_the_same_picture() -> None:
    once = read_picture(drawn("JPEG"))
    assert read_picture(once.png).digest == once.digest


def test_a_large_picture_is_made_to_fit_a_page_once_and_for_all() -> None:
    once = read_picture(drawn(size=(4000, 1000)))
    assert (once.width, once.height) == (LONGEST_SIDE, LONGEST_SIDE // 4)
    assert read_picture(once.png).digest == once.digest


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (lambda: b"GIF89a" + bytes(40), "picture_kind_unknown"),
        (lambda: b"<svg xmlns='http://www.w3.org/2000/svg'/>", "picture_kind_unknown"),
        (lambda: drawn()[:60], "picture_damaged"),
        (lambda: drawn(size=(5000, 5000)), "picture_too_large"),  # a second's work, not to be done at each collection
        (lambda: bytes(5 * 1024 * 1024), "picture_too_large"),
    ],
)
def test_what_is_no_picture_of_ours_is_refused(content: Callable[[], bytes], code: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_picture(content())
    assert refused.value.code == code


def test_texts_name_pictures_by_digest() -> None:
    picture = read_picture(drawn())
    text = f"看图{token(picture, '控制图[1]')}，点子出界说明什么？"
    assert digests_in([text]) == {picture.digest}
    assert without_pictures(text) == "看图控制图 1 ，点子出界说明什么？"
