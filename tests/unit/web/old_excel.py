"""Writes workbooks of Excel 97 to 2003: as little of [MS-XLS] in a compound file ([MS-CFB]) as a reader needs."""

import struct
from collections.abc import Sequence

SECTOR = 512
FREE, END, FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
Value = str | float | bool | None


def old_workbook(sheets: Sequence[tuple[str, Sequence[Sequence[Value]]]], extra: bytes = b"") -> bytes:
    """The file; `extra` is put behind the last sheet, where drawings would be."""
    bodies = [_sheet(rows) for _, rows in sheets]
    # The places of the sheets stand before them, so their length is found with places of 0 first.
    globals_length = len(_globals([(name, 0) for name, _ in sheets]))
    places, place = [], globals_length
    for (name, _), body in zip(sheets, bodies, strict=True):
        places.append((name, place))
        place += len(body)
    return _compound(_globals(places) + b"".join(bodies) + extra)


def _record(kind: int, body: bytes = b"") -> bytes:
    return struct.pack("<HH", kind, len(body)) + body


def _begin(kind: int) -> bytes:
    return _record(0x0809, struct.pack("<HHHHII", 0x0600, kind, 0x0DBB, 0x07CC, 0, 6))


def _globals(places: Sequence[tuple[str, int]]) -> bytes:
    names = b"".join(
        _record(0x0085, struct.pack("<IHBB", place, 0, len(name), 1) + name.encode("utf-16-le"))
        for name, place in places
    )
    return _begin(5) + _record(0x0042, struct.pack("<H", 1200)) + names + _record(0x000A)


def _sheet(rows: Sequence[Sequence[Value]]) -> bytes:
    width = max(map(len, rows), default=0)
    cells = b"".join(
        _cell(row, column, value)
        for row, values in enumerate(rows)
        for column, value in enumerate(values)
        if value is not None
    )
    size = _record(0x0200, struct.pack("<IIHHH", 0, len(rows), 0, width, 0))
    return _begin(0x10) + size + cells + _record(0x000A)


def _cell(row: int, column: int, value: Value) -> bytes:
    place = struct.pack("<HHH", row, column, 0)
    if isinstance(value, bool):
        return _record(0x0205, place + struct.pack("<BB", value, 0))
    if isinstance(value, str):
        return _record(0x0204, place + struct.pack("<HB", len(value), 1) + value.encode("utf-16-le"))
    return _record(0x0203, place + struct.pack("<d", value))


def _compound(stream: bytes) -> bytes:
    stream = stream.ljust(8 * SECTOR, b"\0")  # shorter ones would have to lie in sectors of another kind
    stream += b"\0" * (-len(stream) % SECTOR)
    count = len(stream) // SECTOR
    fats = -(-(count + 2) // (SECTOR // 4))
    chain = [*range(1, count), END, END, *([FAT] * fats)]
    chain += [FREE] * (fats * SECTOR // 4 - len(chain))
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH6x", 0x3E, 3, 0xFFFE, 9, 6)
    header += struct.pack("<IIIIIIIII", 0, fats, count, 0, 4096, END, 0, END, 0)
    header += struct.pack("<109I", *range(count + 1, count + 1 + fats), *([FREE] * (109 - fats)))
    entries = _entry("Root Entry", 5, 1, END, 0) + _entry("Workbook", 2, FREE, 0, len(stream))
    return header + stream + entries.ljust(SECTOR, b"\0") + struct.pack(f"<{len(chain)}I", *chain)


def _entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
    words = name.encode("utf-16-le") + b"\0\0"
    links = struct.pack("<BBIII", kind, 1, FREE, FREE, child)
    return words.ljust(64, b"\0") + struct.pack("<H", len(words)) + links + bytes(36) + struct.pack("<IQ", start, size)
