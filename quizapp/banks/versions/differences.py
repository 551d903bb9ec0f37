"""What changed between two contents, in words and in the order in which people look: keys first. For page and command line."""

from collections.abc import Iterator
from dataclasses import dataclass

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from quizapp.banks.checking import messages
from quizapp.banks.content import BankContent, Change, Question, diff
from quizapp.banks.versions.comparison import FieldChange, Piece, field_changes, header_changes

KEYS, CHANGED, ADDED, REMOVED = KINDS = ("keys", "changed", "added", "removed")
_OTHER_NAMES = {"title": _l("题库名称"), "topics": _l("主题")}


@dataclass(frozen=True)
class Row:
    """A field that differs: its name in words, whether it is English, and the pieces of both texts."""

    name: str
    is_english: bool
    pieces: tuple[Piece, ...]


@dataclass(frozen=True)
class Item:
    """A question that differs: of one of the KINDS, with what it was and is, and its fields if it is in both."""

    kind: str
    old: Question | None
    new: Question | None
    rows: tuple[Row, ...] = ()

    @property
    def question(self) -> Question:
        """The question as it is now, or was."""
        found = self.new or self.old
        assert found is not None
        return found


class Differences:
    """All that differs from `old` to `new`. The fields of a question are compared when they are asked for."""

    def __init__(self, old: BankContent, new: BankContent) -> None:
        self._topics = {**old.topics, **new.topics}
        self.found = diff(old, new)
        self.header = tuple(_row(change) for change in header_changes(old, new))
        self.is_reordered = self.found.is_empty and old.questions != new.questions
        self.counts = dict.fromkeys(KINDS, 0)
        for change in self.found.changed:
            self.counts[KEYS if change.changes_key else CHANGED] += 1
        self.counts[ADDED], self.counts[REMOVED] = len(self.found.added), len(self.found.removed)

    def of(self, kind: str = "") -> list[tuple[str, Change | Question]]:
        """The questions of one kind, or of all, keys first; `item` makes one ready to be shown."""
        found: list[tuple[str, Change | Question]] = []
        found += [(KEYS if change.changes_key else CHANGED, change) for change in self.found.changed]
        found += [(ADDED, question) for question in self.found.added]
        found += [(REMOVED, question) for question in self.found.removed]
        return [each for each in found if kind in ("", each[0])]

    def item(self, kind: str, found: Change | Question) -> Item:
        """A question with its fields."""
        if isinstance(found, Change):
            rows = tuple(_row(change) for change in field_changes(found, self._say))
            return Item(kind, found.old, found.new, rows)
        return Item(kind, None, found) if kind == ADDED else Item(kind, found, None)

    def items(self) -> Iterator[Item]:
        """Every question that differs."""
        return (self.item(*found) for found in self.of())

    def _say(self, field: str, value: str) -> str:
        names = {
            "type": messages.TYPE_NAMES,
            "difficulty": messages.DIFFICULTY_NAMES,
            "pool": messages.POOL_NAMES,
            "topic": {code: code if title == code else f"{code} {title}" for code, title in self._topics.items()},
        }
        return str(names.get(field, {}).get(value, value))


def _row(change: FieldChange) -> Row:
    name = str(_OTHER_NAMES.get(change.name) or messages.field_name(change.name))
    if change.moved_from:
        name += str(_("（原为 %(letter)s）", letter=change.moved_from))
    return Row(name, change.name.startswith("english_"), change.pieces)
