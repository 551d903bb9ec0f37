"""A question as somebody wrote it down, before it is understood: what every format reader hands on. Pure.

Fields have one name whatever the format: `type`, `stem`, `A` … `H` for the options, `key`, `explanation`, `reference`,
`topic`, `difficulty`, `pool`, `code`, `valid_from`, `valid_to`; the translation's are `english_stem`, `english_A` …
`english_H`, `english_explanation`.
"""

from dataclasses import dataclass, field

from quizapp.banks.findings import Finding, Where
from quizapp.banks.pictures import Picture

TEXT_FIELDS = (
    "type",
    "stem",
    "key",
    "explanation",
    "reference",
    "topic",
    "difficulty",
    "pool",
    "code",
    "valid_from",
    "valid_to",
    "english_stem",
    "english_explanation",
)


@dataclass(frozen=True)
class Header:
    """Which bank it is. What is empty is not said by the file."""

    code: str = ""
    title: str = ""
    topics: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Entry:
    """`values` holds the fields that are there; `places` says where each is, and "" where the whole entry is.

    `cells` is the row as uploaded, so that it can be given back. `unread` names fields whose value the reader itself
    has already complained of. `foreign` is the name of a kind of question that we don't have, in the file's words: such
    an entry is named in the report, and left out or the reason to refuse the file, never turned into something else.
    """

    values: dict[str, str]
    places: dict[str, Where]
    cells: tuple[str, ...] = ()
    unread: frozenset[str] = frozenset()
    foreign: str = ""

    def where(self, name: str = "") -> Where:
        """The place of a field, or of the entry where the field isn't there."""
        return self.places.get(name, self.places[""])

    @property
    def options(self) -> tuple[str, ...]:
        """The options from A up to the last that is filled; a gap is an empty string."""
        return self._lettered("")

    @property
    def english_options(self) -> tuple[str, ...]:
        """The translation's options, likewise."""
        return self._lettered("english_")

    def _lettered(self, prefix: str) -> tuple[str, ...]:
        width = len(prefix) + 1
        names = [name for name in self.values if len(name) == width and name.startswith(prefix) and self.values[name]]
        if not names:
            return ()
        return tuple(self.values.get(f"{prefix}{chr(code)}", "") for code in range(ord("A"), ord(max(names)[-1]) + 1))


@dataclass(frozen=True)
class Source:
    """A whole upload as read. `columns` are the headings of each sheet, as uploaded; `pictures` go by their digest."""

    name: str
    header: Header
    entries: tuple[Entry, ...] = ()
    findings: tuple[Finding, ...] = ()
    columns: dict[str, tuple[str, ...]] = field(default_factory=dict)
    pictures: dict[str, Picture] = field(default_factory=dict)
