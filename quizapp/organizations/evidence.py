"""The files that prove a headcount: looked at, limited in size, and known by their digest. Pure.

They are kept as they came, because they are evidence; they leave as downloads only, so that nothing in them runs.
"""

import hashlib
import io
from dataclasses import dataclass

from PIL import Image, UnidentifiedImageError

from quizapp.errors import Invalid

FILE_BYTES = 5 * 1024 * 1024
MOST_PIXELS = 40_000_000
KINDS = {"pdf": "application/pdf", "png": "image/png", "jpeg": "image/jpeg"}
_PDF_END = b"%%EOF"


@dataclass(frozen=True)
class Evidence:
    """A file as it is kept: `kind` is one of KINDS, told by its content whatever its name says."""

    digest: str
    kind: str
    content: bytes


def read_evidence(content: bytes) -> Evidence:
    """The evidence in a PDF, JPEG or PNG file.

    Raises Invalid: `evidence_too_large` {most} (MB), `evidence_kind_unknown` or `evidence_damaged`.
    """
    if len(content) > FILE_BYTES:
        raise Invalid("evidence_too_large", most=FILE_BYTES // 1024**2)
    if content.startswith(b"%PDF-"):
        if _PDF_END not in content[-2048:]:
            raise Invalid("evidence_damaged")
        kind = "pdf"
    else:
        kind = _image_kind(content)
    return Evidence(hashlib.sha256(content).hexdigest(), kind, content)


def _image_kind(content: bytes) -> str:
    try:
        with Image.open(io.BytesIO(content), formats=("PNG", "JPEG")) as image:
            if image.width * image.height > MOST_PIXELS:
                raise Invalid("evidence_too_large", most=FILE_BYTES // 1024**2)
            kind = (image.format or "").lower()
            image.load()
    except Invalid:
        raise
    except UnidentifiedImageError as error:
        raise Invalid("evidence_kind_unknown") from error
    except Exception as error:  # the decoders raise what they like at broken files
        raise Invalid("evidence_damaged") from error
    return kind
