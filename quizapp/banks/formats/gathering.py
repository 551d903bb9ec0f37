"""What a reader has got together of a file: entries with their places, findings, pictures. Pure."""

import hashlib
from dataclasses import replace
from urllib.parse import unquote

from quizapp.banks.content import LETTERS
from quizapp.banks.entries import Entry, Header, Source
from quizapp.banks.findings import ERROR, WARNING, Finding, Where
from quizapp.banks.pictures import Picture, read_picture, token
from quizapp.errors import Invalid

USUAL = ("difficulty", "explanation", "reference")  # what most files say of each question, or of none
# How files begin that are no text: archives and Office files, PDF.
PACKED = (b"PK\x03\x04", b"PK\x05\x06", b"\xd0\xcf\x11\xe0", b"%PDF", b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b")


class Unreadable(Exception):
    """The document can't be read; `code` is that of the finding to make of it."""

    def __init__(self, code: str, line: int, **facts: object) -> None:
        super().__init__(code)
        self.code = code
        self.line = line
        self.facts = facts


class Gathering:
    """A whole file."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.entries: list[Entry] = []
        self.findings: list[Finding] = []
        self.pictures: dict[str, Picture] = {}
        self._read: dict[bytes, Picture | Invalid] = {}

    def fault(self, code: str, file: str = "", line: int = 0, severity: str = ERROR, **facts: object) -> None:
        """A finding about the file, or a file inside it, as a whole."""
        self.findings.append(Finding(severity, code, Where(file=file or self.name, line=line), facts))

    def unreadable(self, error: Unreadable, file: str = "") -> None:
        """The finding that a document which can't be read makes."""
        where = Where(file=file or self.name, line=error.line)
        self.findings.append(Finding(ERROR, error.code, where, error.facts))

    def picture(self, content: bytes) -> Picture:
        """The picture in a file, kept for the source. Raises Invalid. The same file is looked at once."""
        key = hashlib.sha256(content).digest()
        if key not in self._read:
            try:
                self._read[key] = read_picture(content)
            except Invalid as error:
                self._read[key] = error
        found = self._read[key]
        if isinstance(found, Invalid):
            raise found
        self.pictures[found.digest] = found
        return found

    def source(self, header: Header) -> Source:
        """All of it."""
        return Source(self.name, header, tuple(self.entries), tuple(self.findings), pictures=self.pictures)


class Gathered:
    """One entry, until `close` adds it to its file."""

    def __init__(self, gathering: Gathering, file: str, line: int, number: int | None = None) -> None:
        self.gathering = gathering
        self.file = file
        self.number = len(gathering.entries) if number is None else number
        self.values: dict[str, str] = {}
        self.places = {"": Where(file=file, line=line)}
        self.unread: set[str] = set()
        self._refused: set[tuple[str, str]] = set()

    def put(self, name: str, text: str, line: int = 0, shown: str = "") -> None:
        """A field's text and its place; `shown` is how the file calls it."""
        self.values[name] = text
        if line:
            self.places[name] = Where(file=self.file, line=line, field=shown or name)

    def fault(self, code: str, field: str = "", quoted: str = "", **facts: object) -> None:
        """An error in a field, or in the entry as a whole. The field is not complained of again."""
        where = self.places.get(field, self.places[""])
        self.gathering.findings.append(Finding(ERROR, code, where, facts, quoted[:200], self.number))
        if field:
            self.unread.add("options" if field in LETTERS else field)

    def scoring(self, words: str) -> None:
        """The file's scoring is not one of ours."""
        self.fault("scoring_unsupported", "key", number=self.number + 1, scoring=words)

    def refuse(self, field: str, what: str) -> None:
        """Something in a field's text is neither text nor picture: said once, however often it stands there."""
        if (field, what) not in self._refused:
            self._refused.add((field, what))
            self.fault("markup_unsupported", field, name=what)

    def options(self, count: int) -> bool:
        """Whether there are not more options than a question may have."""
        if count > len(LETTERS):
            self.fault("options_too_many", most=len(LETTERS))
            self.unread |= {"options", "key"}
        return count <= len(LETTERS)

    def picture(self, name: str, address: str, words: str, content: bytes | None) -> str:
        """How the text of a field names a picture; "" and a finding where there is none."""
        if content is None:
            self.fault("picture_missing", name, name=unquote(address)[:100])
            return ""
        try:
            return token(self.gathering.picture(content), words)
        except Invalid as error:
            self.fault(error.code, name, quoted=unquote(address), **error.facts)
            return ""

    def close(self, foreign: str = "") -> None:
        """Add the entry to its file. `foreign`: the name of its kind, where that is not one of ours."""
        self.gathering.entries.append(Entry(self.values, self.places, unread=frozenset(self.unread), foreign=foreign))


# A file says much the same of all its questions. One warning counts them, so that the findings can still be read.
class Counted:
    """Questions of a file that one warning is about."""

    def __init__(self) -> None:
        self.numbers: list[int] = []

    def warn(self, gathering: Gathering, code: str) -> None:
        """The warning, if there are any."""
        if self.numbers:
            shown = "、".join(str(number + 1) for number in self.numbers[:5]) + ("…" if len(self.numbers) > 5 else "")
            gathering.fault(code, severity=WARNING, count=len(self.numbers), numbers=shown)


def with_absent_named(source: Source) -> Source:
    """The source, in which one warning says of the whole file which usual fields no entry has."""
    lacking = [field for field in USUAL if not any(entry.values.get(field, "").strip() for entry in source.entries)]
    if not lacking or not source.entries:
        return source
    absent = Finding(WARNING, "fields_absent", Where(file=source.name), {"names": lacking})
    marked = tuple(replace(entry, unread=entry.unread | set(lacking)) for entry in source.entries)
    return replace(source, entries=marked, findings=(*source.findings, absent))
