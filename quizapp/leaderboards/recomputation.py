"""What attempts are worth and which one counts, worked out again for the proof: from plain values, and independent on purpose.

The grader and `attempts.rules` compare bit masks in the letters shown; here sets of options as written are compared, and
nothing is shared with what is to be proved but the paper, which the seed draws.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from quizapp.banks.content import LETTERS, Question, mask_of
from quizapp.papers.assembly import Paper


@dataclass(frozen=True, slots=True)
class Worth:
    """An attempt's worth: the sum, how many are right, and each position's points; points in hundredths."""

    score: int
    right_count: int
    points: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Ended:
    """An attempt that has ended. Times in milliseconds; `organization` is the unit at its start."""

    ordinal: int
    organization: int | None
    worth: Worth
    used_ms: int
    submitted_ms: int


def with_keys(questions: Sequence[Question], keys: Mapping[str, str | None]) -> tuple[list[Question], set[int]]:
    """The questions with the keys that corrections say (code → letters as written), and the ordinals of those that are void.

    `keys` holds None for a void question. Papers are drawn from the questions as published: their keys have no part in that.
    """
    void = {ordinal for ordinal, question in enumerate(questions) if keys.get(question.code, "") is None}
    right = {code: mask_of(letters) for code, letters in keys.items() if letters is not None}
    return [replace(each, right=right[each.code]) if each.code in right else each for each in questions], void


def worth(
    paper: Paper,
    questions: Sequence[Question],
    chosen: Mapping[int, int],
    *,
    partial: bool,
    void: Collection[int] = (),
) -> Worth:
    """Grade raw responses (position → letters shown, as bits) by the answer key of the questions.

    A question whose ordinal is `void` gives its points to everybody on whose paper it stands, answered or not. To take the
    points out would be fair to nobody: papers are drawn, so those who met the question would have another full score than
    the others, and whoever was right would fall.
    """
    points: list[int] = []
    right_count = 0
    for position, place in enumerate(paper.places, start=1):
        if place.ordinal in void:
            right_count += 1
            points.append(place.points)
            continue
        question = questions[place.ordinal]
        wanted = {LETTERS.index(letter) for letter in question.key_letters}
        shown = [letter for letter, bit in enumerate(reversed(f"{chosen.get(position, 0):b}")) if bit == "1"]
        picked = {place.options[letter] if letter < len(place.options) else -1 for letter in shown}
        if picked == wanted:
            right_count += 1
            points.append(place.points)
        elif partial and question.type == "multiple" and picked and picked < wanted:
            points.append(place.points * len(picked) // len(wanted))
        else:
            points.append(0)
    return Worth(sum(points), right_count, tuple(points))


def counting_attempt(keep: str, attempts: Iterable[Ended]) -> Ended | None:
    """Of a person's ended attempts the first, the last, or the best: by score, then the quicker, then the earlier."""
    by_ordinal = sorted(attempts, key=lambda attempt: attempt.ordinal)
    if not by_ordinal:
        return None
    if keep in ("first", "last"):
        return by_ordinal[0 if keep == "first" else -1]
    best = by_ordinal[0]
    for attempt in by_ordinal[1:]:
        better, held = attempt.worth.score, best.worth.score
        ahead = (attempt.used_ms, attempt.submitted_ms) < (best.used_ms, best.submitted_ms)
        if better > held or (better == held and ahead):
            best = attempt
    return best


def tie_of(tie_keys: str, score: int, used_ms: int, submitted_ms: int) -> tuple[int, ...]:
    """What a rank is decided by: people who are equal in all of it share one."""
    values = {"score": score, "time": used_ms, "earlier": submitted_ms}
    return tuple(values[name] for name in tie_keys.split(","))
