"""An archive is refused as a whole before anything in it is used."""

import io
import struct
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quizapp.errors import Invalid
from quizapp.web import archives
from quizapp.web.archives import open_archive


def packed(members: dict[str | zipfile.ZipInfo, bytes], compress: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compress) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def code_of(content: bytes) -> str:
    with pytest.raises(Invalid) as caught:
        open_archive(content)
    return caught.value.code


def test_a_sound_archive_opens_with_names_in_any_language() -> None:
    archive = open_archive(packed({"题库/bank.yaml": b"code: a", "pictures/图.png": b"\x89PNG", "empty/": b""}))
    assert archive.read("题库/bank.yaml") == b"code: a"


@pytest.mark.parametrize("damage", ["not an archive", "half", "no end", "crc", "size"])
def test_what_is_damaged_is_refused(damage: str) -> None:
    content = packed({"a.txt": b"hello" * 100, "b.txt": b"there"}, zipfile.ZIP_STORED)
    broken = {
        "not an archive": b"PK\x03\x04 but no more",
        "half": content[: len(content) // 2],
        "no end": content[:-22],
        "crc": content.replace(b"there", b"thexe"),
        "size": content.replace(struct.pack("<L", 500), struct.pack("<L", 5)),
    }
    assert code_of(broken[damage]) == "archive_damaged"


@pytest.mark.parametrize("name", ["../a", "/a", "x/../../a", "..\\a"])
def test_a_member_that_leads_out_is_refused(name: str) -> None:
    assert code_of(packed({name: b"x"})) == "archive_damaged"


def test_a_link_is_refused() -> None:
    link = zipfile.ZipInfo("a")
    link.external_attr = 0o120777 << 16
    assert code_of(packed({link: b"/etc/passwd"})) == "archive_damaged"


def test_a_member_whose_own_header_says_another_name_is_refused() -> None:
    content = packed({"good.txt": b"x"})
    assert code_of(content.replace(b"good.txt", b"evil.txt", 1)) == "archive_damaged"


def test_members_that_share_bytes_are_refused() -> None:
    content = packed({"a": b"0" * 10_000, "b": b"0" * 10_000})
    directory = content.index(b"PK\x01\x02")
    second = content.index(b"PK\x01\x02", directory + 4)
    # The second entry of the directory points at the first member and takes its name, so both unpack the same bytes.
    shared = content[: second + 42] + struct.pack("<L", 0) + content[second + 46 :]
    assert code_of(shared) == "archive_damaged"


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_members_of_one_name_are_refused() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a", b"1")
        archive.writestr("a", b"2")
    assert code_of(file.getvalue()) == "archive_damaged"


def test_what_is_encrypted_is_named() -> None:
    content = packed({"a": b"x"})
    directory = content.index(b"PK\x01\x02")
    assert code_of(content[: directory + 8] + b"\x01\x00" + content[directory + 10 :]) == "archive_encrypted"


def test_an_unknown_compression_is_refused() -> None:
    assert code_of(packed({"a": b"x" * 100}, zipfile.ZIP_BZIP2)) == "archive_damaged"


def test_a_bomb_is_refused_whether_it_tells_its_size_or_not() -> None:
    bomb = packed({f"{n}.bin": b"0" * (40 * 1024 * 1024) for n in range(3)})
    assert len(bomb) < 200_000
    assert code_of(bomb) == "archive_too_large"
    told = struct.pack("<L", 40 * 1024 * 1024)
    assert code_of(bomb.replace(told, struct.pack("<L", 7))) in ("archive_damaged", "archive_too_large")


def test_too_many_members_are_refused() -> None:
    assert code_of(packed({str(n): b"" for n in range(archives.MEMBERS + 1)})) == "archive_too_large"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-be"])
@pytest.mark.parametrize("name", ["imsmanifest.xml", "word/anything.bin"])
def test_a_document_type_is_refused_under_any_name(name: str, encoding: str) -> None:
    evil = '<?xml version="1.0"?>\n' + " " * 3000 + '<!DOCTYPE x [<!ENTITY a "aa">]><x>&a;</x>'
    assert code_of(packed({name: evil.encode(encoding)})) == "archive_has_dtd"


def test_a_schema_or_a_web_page_may_have_a_document_type() -> None:
    open_archive(packed({"xml.xsd": b'<?xml version="1.0"?><!DOCTYPE xs:schema>', "help.html": b"<!DOCTYPE html>"}))


@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_any_damage_is_refused_or_harmless(data: st.DataObject) -> None:
    content = bytearray(packed({"a.xml": b"<a>hello</a>" * 20, "b/c.txt": b"text", "d": b""}))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        archive = open_archive(bytes(content))
    except Invalid:
        return
    assert sum(len(archive.read(name)) for name in archive.namelist()) <= archives.UNPACKED_BYTES
