"""What changed in a question, field by field, with the words that went and came marked. Pure.

`content.diff` finds the questions; this looks into each of them.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from quizapp.banks.content import LETTERS, BankContent, Change, English, Question
from quizapp.banks.pictures import TOKEN

SAME, DELETED, INSERTED = "same", "deleted", "inserted"
MOST_STEPS = 250_000  # words of the one text × words of the other: some hundredths of a second
STRAY = 2  # fewer characters than this between two changes are alike by chance

# A picture or a Latin word goes or comes as a whole; Chinese is compared by characters.
_WORD = re.compile(rf"{TOKEN.pattern}|[A-Za-z0-9]+(?:[.'’/-][A-Za-z0-9]+)*|\s+|.", re.DOTALL)


@dataclass(frozen=True)
class Piece:
    """A run of text: SAME in both, DELETED from the old, or INSERTED by the new."""

    kind: str
    text: str


@dataclass(frozen=True)
class FieldChange:
    """What changed in one field, by its name in an entry (`entries`); of a bank, "title" or "topics".

    An option goes by its letter, and `moved_from` is the one that it had before if it moved; one that went goes by the
    letter that it had.
    """

    name: str
    pieces: tuple[Piece, ...]
    moved_from: str = ""


Say = Callable[[str, str], str]
"""How a field's value is called: field, value → words. The values of `type`, `difficulty` and `pool` are not for people."""


def marked(old: str, new: str) -> tuple[Piece, ...]:
    """Both texts in one, with what was deleted and inserted marked. Texts that are too long are exchanged as a whole."""
    if old == new:
        return _pieces([(SAME, old)])
    before, after = _words(old), _words(new)
    head = _common(before, after)
    tail = _common(before[head:][::-1], after[head:][::-1])
    begin, end = before[:head], before[len(before) - tail :]
    before, after = before[head : len(before) - tail], after[head : len(after) - tail]
    middle = [*_steps(before, after)]
    return _pieces([(SAME, "".join(begin)), *_without_strays(middle), (SAME, "".join(end))])


def _words(text: str) -> list[str]:
    return [found.group() for found in _WORD.finditer(text)]


def _common(first: Sequence[str], second: Sequence[str]) -> int:
    count = 0
    for one, other in zip(first, second, strict=False):
        if one != other:
            break
        count += 1
    return count


def _steps(before: list[str], after: list[str]) -> Iterator[tuple[str, str]]:
    if len(before) * len(after) > MOST_STEPS:
        yield DELETED, "".join(before)
        yield INSERTED, "".join(after)
        return
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    for step, old_from, old_to, new_from, new_to in matcher.get_opcodes():
        if step == "equal":
            yield SAME, "".join(before[old_from:old_to])
        else:
            yield DELETED, "".join(before[old_from:old_to])
            yield INSERTED, "".join(after[new_from:new_to])


def _without_strays(steps: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """A character that is alike by chance between two changes makes both unreadable: it goes and comes with them."""
    deleted = inserted = ""
    for number, (kind, text) in enumerate(steps):
        stray = kind == SAME and len(text.strip()) < STRAY and 0 < number < len(steps) - 1
        if kind == SAME and not stray:
            yield from ((DELETED, deleted), (INSERTED, inserted), (SAME, text))
            deleted = inserted = ""
            continue
        deleted += text if kind != INSERTED else ""
        inserted += text if kind != DELETED else ""
    yield from ((DELETED, deleted), (INSERTED, inserted))


def _pieces(steps: Sequence[tuple[str, str]]) -> tuple[Piece, ...]:
    return tuple(Piece(kind, text) for kind, text in steps if text)


def _exchanged(old: str, new: str) -> tuple[Piece, ...]:
    """Values that are no texts: the one instead of the other."""
    return _pieces([(SAME, old)] if old == new else [(DELETED, old), (INSERTED, new)])


def field_changes(change: Change, say: Say) -> tuple[FieldChange, ...]:
    """Every field of a changed question that differs, the key first, in the order in which people read a question."""
    old, new = change.old, change.new
    found: list[FieldChange] = []
    if old.right != new.right or change.changes_key:
        found.append(FieldChange("key", _key_pieces(old, new)))
    if old.type != new.type:
        found.append(FieldChange("type", _exchanged(say("type", old.type), say("type", new.type))))
    found += _text_change("stem", old.stem, new.stem)
    pairs = _option_pairs(_written_options(old), _written_options(new))
    found += _option_changes("", _written_options(old), _written_options(new), pairs)
    for name in ("explanation", "reference"):
        found += _text_change(name, getattr(old, name), getattr(new, name))
    for name in ("topic", "difficulty", "pool", "valid_from", "valid_to"):
        before, after = (str(getattr(each, name) or "") for each in (old, new))
        if before != after:
            found.append(FieldChange(name, _exchanged(say(name, before), say(name, after))))
    was, now = old.english or English(""), new.english or English("")
    found += _text_change("english_stem", was.stem, now.stem)
    found += _option_changes("english_", was.options, now.options, pairs)
    found += _text_change("english_explanation", was.explanation, now.explanation)
    return tuple(found)


def header_changes(old: BankContent, new: BankContent) -> tuple[FieldChange, ...]:
    """What changed in the bank itself: its title, and topics that came, went or were renamed."""
    found = _text_change("title", old.title, new.title)
    for code in {**old.topics, **new.topics}:
        before, after = (f"{code} {each.topics[code]}" if code in each.topics else "" for each in (old, new))
        found += _text_change("topics", before, after)
    return tuple(found)


def _text_change(name: str, old: str, new: str) -> list[FieldChange]:
    return [] if old == new else [FieldChange(name, marked(old, new))]


def _key_pieces(old: Question, new: Question) -> tuple[Piece, ...]:
    """The right options, letter and text: those that stay, then those that are right no longer, and those that are now."""
    before, after = _right_options(old), _right_options(new)
    stay = [each for each in before if each in after]
    steps = [(SAME, "；".join(stay))]
    for kind, found in ((DELETED, before), (INSERTED, after)):
        # Read alone, each side begins with what stays, or with its own first option.
        steps += [(kind, "；" * bool(stay) + "；".join(each for each in found if each not in stay))]
    return _pieces([(kind, text) for kind, text in steps if text != "；"])


def _right_options(question: Question) -> list[str]:
    right = [(LETTERS[place], text) for place, text in enumerate(question.options) if question.right >> place & 1]
    return [text if question.type == "judge" else f"{letter} {text}" for letter, text in right]


def _written_options(question: Question) -> tuple[str, ...]:
    return () if question.type == "judge" else question.options


Pair = tuple[int | None, int | None]


def _option_pairs(old: Sequence[str], new: Sequence[str]) -> list[Pair]:
    """Which option became which: the same text, else the same place, else what is left in its order; then those that went."""
    became: dict[int, int] = {}  # new place → old place
    left = set(range(len(old)))

    def take(new_place: int, old_place: int) -> None:
        became[new_place] = old_place
        left.discard(old_place)

    for place, text in enumerate(new):
        if place in left and old[place] == text:
            take(place, place)
    for place, text in enumerate(new):
        same = next((other for other in sorted(left) if old[other] == text), None)
        if place not in became and same is not None:
            take(place, same)
    for place in range(len(new)):
        if place not in became and place in left:
            take(place, place)
    for place in range(len(new)):
        if place not in became and left:
            take(place, min(left))
    return [*((became.get(place), place) for place in range(len(new))), *((place, None) for place in sorted(left))]


def _option_changes(
    prefix: str, old: Sequence[str], new: Sequence[str], pairs: Sequence[Pair]
) -> Iterator[FieldChange]:
    for was, now in pairs:
        before = old[was] if was is not None and was < len(old) else ""
        after = new[now] if now is not None and now < len(new) else ""
        moved = LETTERS[was] if was is not None and now is not None and was != now else ""
        # A translation moves with its option: that is said there.
        if before != after or (moved and not prefix):
            letter = LETTERS[now if now is not None else was or 0]
            yield FieldChange(prefix + letter, marked(before, after), "" if prefix else moved)
