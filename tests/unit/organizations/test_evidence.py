"""What may prove a headcount: a PDF, JPEG or PNG of a bounded size, told by its content."""

import io

import pytest
from PIL import Image

from quizapp.errors import Invalid
from quizapp.organizations.evidence import FILE_BYTES, read_evidence

PDF = b"%PDF-1.4\n1 0 obj <<>> endobj\ntrailer <<>>\n%%EOF\n"


def picture(kind: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (40, 40), "navy").save(file, kind)
    return file.getvalue()


@pytest.mark.parametrize(("content", "kind"), [(PDF, "pdf"), (picture("PNG"), "png"), (picture("JPEG"), "jpeg")])
def test_evidence_is_kept_as_it_came_under_its_digest(content: bytes, kind: str) -> None:
    found = read_evidence(content)
    assert (found.kind, found.content, len(found.digest)) == (kind, content, 64)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "evidence_kind_unknown"),
        (b"<script>alert(1)</script>", "evidence_kind_unknown"),
        (picture("GIF"), "evidence_kind_unknown"),
        (PDF[:30], "evidence_damaged"),
        (picture("PNG")[:60], "evidence_damaged"),
        (PDF + bytes(FILE_BYTES), "evidence_too_large"),
    ],
)
def test_anything_else_is_refused(content: bytes, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_evidence(content)
    assert refused.value.code == code
