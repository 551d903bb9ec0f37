"""Pictures in stems, options and explanations: checked, made anew as PNG, and known by the digest of what they show. Pure.

A text names a picture as `![what it shows](sha256:…)`. The digest is taken of size and pixels, not of the file: so the
same picture has the same digest whatever program packed it, and a bank that goes out and comes back is the same bank.
"""

import hashlib
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from quizapp.errors import Invalid

if TYPE_CHECKING:
    from PIL import Image

TOKEN = re.compile(r"!\[([^\[\]\n]{0,200})\]\(sha256:([0-9a-f]{64})\)")
FORMATS = ("PNG", "JPEG", "WEBP")
FILE_BYTES = 4 * 1024 * 1024
MOST_PIXELS = 16_000_000  # 48 MB unpacked
LONGEST_SIDE = 1600  # pixels; a phone shows 390 to 430 wide at a density of 3


@dataclass(frozen=True)
class Picture:
    """A picture as it is kept: `png` is the file, without any of the original's metadata."""

    digest: str
    png: bytes
    width: int
    height: int


def read_picture(content: bytes) -> Picture:
    """The picture in a PNG, JPEG or WebP file; what is larger than a page can show is made smaller.

    Raises Invalid: `picture_too_large` {most} (MB), `picture_kind_unknown` or `picture_damaged`.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError  # most files have no pictures: their children load it not

    if len(content) > FILE_BYTES:
        raise Invalid("picture_too_large", most=FILE_BYTES // 1024**2)
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            if image.width * image.height > MOST_PIXELS:
                raise Invalid("picture_too_large", most=FILE_BYTES // 1024**2)
            shown = ImageOps.exif_transpose(image).convert("RGBA")
    except Invalid:
        raise
    except UnidentifiedImageError as error:
        raise Invalid("picture_kind_unknown") from error
    except Exception as error:  # the decoders raise what they like at broken files
        raise Invalid("picture_damaged") from error
    shown.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    if shown.getchannel("A").getextrema() == (255, 255):
        digest = _digest(shown)
        shown = shown.convert("RGB")
    else:
        digest = _digest(shown)
    file = io.BytesIO()
    shown.save(file, "PNG", optimize=True)
    return Picture(digest, file.getvalue(), shown.width, shown.height)


def _digest(image: "Image.Image") -> str:
    return hashlib.sha256(b"%d %d\n" % image.size + image.tobytes()).hexdigest()


def token(picture: Picture, shows: str = "") -> str:
    """How a text names a picture; `shows` is said to who can't see it."""
    words = re.sub(r"[\[\]\n]", " ", shows)[:200]
    return f"![{words}](sha256:{picture.digest})"


def digests_in(texts: Iterable[str]) -> set[str]:
    """The digests of the pictures that texts name."""
    return {found.group(2) for text in texts for found in TOKEN.finditer(text)}


def without_pictures(text: str) -> str:
    """The text with each picture's words in its place."""
    return TOKEN.sub(lambda found: found.group(1), text)


def missing(texts: Iterable[str], pictures: Mapping[str, object]) -> set[str]:
    """The digests that texts name and `pictures` lacks."""
    return digests_in(texts) - set(pictures)
