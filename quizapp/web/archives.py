"""Archives from strangers, checked as a whole before anything in them is used; and our own. Standard library only.

The bytes are unpacked once, only to be counted, because neither zipfile nor the libraries that open Office files refuse
false sizes before they take the memory. Call it in a child process with a limit of memory all the same.
"""

import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping

from quizapp.errors import Invalid

UNPACKED_BYTES = 96 * 1024 * 1024
MEMBERS = 2000
MADE_AT = (1980, 1, 1, 0, 0, 0)  # the first moment that an archive can hold
ENCRYPTED, PATCHED = 0x41, 0x20  # bits of a member's flags
# Not parsed as XML by any reader here, and rightly begun with a document type.
MAY_HAVE_DTD = (".xsd", ".dtd", ".htm", ".html", ".xhtml", ".svg")


def open_archive(content: bytes, *, most_members: int = MEMBERS) -> zipfile.ZipFile:
    """The archive, whose members may then be read without a second thought.

    Raises Invalid: `archive_damaged` (also false sizes, members that share bytes or a name, links, paths that lead out
    of it), `archive_encrypted`, `archive_too_large` {most} (MB unpacked) or `archive_has_dtd`.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except (zipfile.BadZipFile, ValueError, NotImplementedError, struct.error) as error:
        raise Invalid("archive_damaged") from error
    members = archive.infolist()
    if len(members) > most_members:
        raise _too_large()
    if len({member.filename for member in members}) != len(members):
        raise Invalid("archive_damaged")
    left = UNPACKED_BYTES
    end = 0
    for member in sorted(members, key=lambda each: each.header_offset):
        path = member.filename.replace("\\", "/")
        if path.startswith("/") or ".." in path.split("/") or stat.S_ISLNK(member.external_attr >> 16):
            raise Invalid("archive_damaged")
        if member.flag_bits & ENCRYPTED:
            raise Invalid("archive_encrypted")
        # Members that share bytes unpack many times over.
        if member.flag_bits & PATCHED or member.header_offset < end:
            raise Invalid("archive_damaged")
        start, end = _data_range(content, member)
        left -= _count_unpacked(content[start:end], member, left)
    return archive


def _too_large() -> Invalid:
    return Invalid("archive_too_large", most=UNPACKED_BYTES // 1024**2)


def _data_range(content: bytes, member: zipfile.ZipInfo) -> tuple[int, int]:
    """Where the packed bytes of a member begin and end, by its own header."""
    header = content[member.header_offset : member.header_offset + 30]
    if len(header) < 30 or header[:4] != b"PK\x03\x04":
        raise Invalid("archive_damaged")
    name_length, extra_length = struct.unpack("<HH", header[26:30])
    start = member.header_offset + 30 + name_length + extra_length
    end = start + member.compress_size
    name = content[member.header_offset + 30 : member.header_offset + 30 + name_length]
    own_name = name.decode("utf-8" if member.flag_bits & 0x800 else "cp437", "replace")
    if end > len(content) or own_name != member.orig_filename:
        raise Invalid("archive_damaged")
    return start, end


def _count_unpacked(packed: bytes, member: zipfile.ZipInfo, limit: int) -> int:
    """How many bytes a member really has. Refuses more than `limit`, a false size, a bad checksum and a DTD."""
    if member.compress_type == zipfile.ZIP_STORED:
        chunks = iter([packed])
    elif member.compress_type == zipfile.ZIP_DEFLATED:
        chunks = _inflate(packed)
    else:
        raise Invalid("archive_damaged")
    is_xml = False
    count, checksum, tail = 0, 0, b""
    try:
        for chunk in chunks:
            is_xml = _begins_as_xml(chunk, member) if count == 0 else is_xml
            count += len(chunk)
            if count > limit:
                raise _too_large()
            checksum = zlib.crc32(chunk, checksum)
            if is_xml:
                seen = (tail + chunk).replace(b"\0", b"").upper()  # UTF-16 has a zero beside each such letter
                if b"<!DOCTYPE" in seen or b"<!ENTITY" in seen:
                    raise Invalid("archive_has_dtd")
                tail = chunk[-32:]
    except zlib.error as error:
        raise Invalid("archive_damaged") from error
    if count != member.file_size or checksum != member.CRC:
        raise Invalid("archive_damaged")
    return count


def _begins_as_xml(chunk: bytes, member: zipfile.ZipInfo) -> bool:
    """By its first bytes and not by its name: an Office file may give its parts any."""
    begins = chunk.lstrip(b"\0\xef\xbb\xbf\xff\xfe \t\r\n").startswith(b"<")
    return begins and not member.filename.lower().endswith(MAY_HAVE_DTD)


def _inflate(packed: bytes) -> Iterator[bytes]:
    """The unpacked bytes in pieces of at most 1 MB."""
    engine = zlib.decompressobj(-15)
    rest = packed
    while not engine.eof:
        chunk = engine.decompress(rest, 1 << 20)
        rest = engine.unconsumed_tail
        if not chunk and not rest and not engine.eof:
            raise Invalid("archive_damaged")
        yield chunk


def make_archive(files: Mapping[str, bytes]) -> bytes:
    """An archive of these files by their names, in their order. The same files give the same bytes."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, MADE_AT)
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return packed.getvalue()
