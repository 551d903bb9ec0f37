"""The rules of attempts: grading, time used, limits, and when answers may be shown. Pure.

Grading and limits are the twin of the grader's Lua, written independently, and a randomised test on the real store holds
the two together. Masks: bit 0 is letter A as shown, or option 0 as written; `options[letter]` is the option behind a
letter. Points and scores are whole hundredths of a point.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from quizapp.banks.content import BankContent
from quizapp.grader.rules import CompetitionRules, PaperPlace, allowed_ms, base_deadline_ms, given_ms
from quizapp.papers.assembly import Paper


@dataclass(frozen=True)
class Grade:
    """What an attempt is worth; `points` has one value a position."""

    score: int
    right_count: int
    points: tuple[int, ...]


@dataclass(frozen=True)
class Closing:
    """When an attempt counts as ended, the time used, and by whom it was ended: "person" or "deadline"."""

    submitted_ms: int
    used_ms: int
    ended_by: str


def places_of(paper: Paper, content: BankContent) -> tuple[PaperPlace, ...]:
    """The paper as the grader takes it."""
    return tuple(
        PaperPlace(place.ordinal, content.questions[place.ordinal].type, place.points, place.options)
        for place in paper.places
    )


def shown_mask(right: int, options: Sequence[int]) -> int:
    """A mask of options as written, in the letters of an attempt."""
    return sum(1 << letter for letter, option in enumerate(options) if right >> option & 1)


def choice_is_possible(kind: str, option_count: int, chosen: int) -> bool:
    """Whether a question of the type can be answered like this; 0 takes the answer back."""
    return 0 <= chosen < 1 << option_count and (kind == "multiple" or chosen.bit_count() <= 1)


def points_for(kind: str, chosen: int, right: int, points: int, *, partial: bool) -> int:
    """What a choice is worth, both masks in the same letters.

    With partial credit a multiple choice without a wrong letter gets its share of the right ones, rounded down.
    """
    if chosen == right:
        return points
    if partial and kind == "multiple" and chosen and not chosen & ~right:
        return points * chosen.bit_count() // right.bit_count()
    return 0


def grade(
    places: Sequence[PaperPlace],
    answer_key: Mapping[int, tuple[str, int | None]],
    chosen: Mapping[int, int],
    *,
    partial: bool,
) -> Grade:
    """Grade a whole paper. `answer_key`: ordinal → type, right options as written. `chosen`: position → mask as shown.

    A question whose right options are None is void: everybody on whose paper it stands has its points.
    """
    points: list[int] = []
    right_count = 0
    for position, place in enumerate(places, start=1):
        kind, right = answer_key[place.ordinal]
        if right is None:
            right_count += 1
            points.append(place.points)
            continue
        right_shown = shown_mask(right, place.options)
        given = chosen.get(position, 0)
        right_count += given == right_shown
        points.append(points_for(kind, given, right_shown, place.points, partial=partial))
    return Grade(sum(points), right_count, tuple(points))


def recompute(
    paper: Paper,
    content: BankContent,
    chosen: Mapping[int, int],
    *,
    partial: bool,
    keys: Mapping[str, int | None] | None = None,
) -> Grade:
    """The grade of raw responses (position → mask as shown) by the frozen bank version: the grader has no part in it.

    `keys`: code → the right options as written that a correction put in place of the published ones, None for void.
    """
    answer_key = {place.ordinal: _key_of(content, place.ordinal, keys or {}) for place in paper.places}
    return grade(places_of(paper, content), answer_key, chosen, partial=partial)


def _key_of(content: BankContent, ordinal: int, keys: Mapping[str, int | None]) -> tuple[str, int | None]:
    question = content.questions[ordinal]
    return question.type, keys.get(question.code, question.right)


def closing(
    rules: CompetitionRules, *, started_ms: int, extra_ms: int, shift_ms: int, now_ms: int, by_person: bool
) -> Closing:
    """How an attempt ends at `now_ms`. One that has run out counts as ended at its deadline."""
    base = base_deadline_ms(rules, started_ms, extra_ms, shift_ms)
    given = given_ms(rules.interruptions, started_ms, base)
    deadline = base + given
    submitted_ms = min(now_ms, deadline)
    used_ms = submitted_ms - started_ms - (rules.shift_ms - shift_ms) - given
    in_time = by_person and now_ms <= deadline + rules.grace_ms
    return Closing(
        submitted_ms,
        max(0, min(used_ms, allowed_ms(rules.minutes, extra_ms))),
        "person" if in_time else "deadline",
    )


def start_refusal(
    rules: CompetitionRules, *, now_ms: int, starts_ms: Iterable[int], day_ms: tuple[int, int]
) -> str | None:
    """Why a person who has no open attempt can't start one at `now_ms`, or None.

    `starts_ms` are the starts of all attempts so far, `day_ms` the first moments of today and of tomorrow.
    """
    starts = list(starts_ms)
    today = sum(day_ms[0] <= moment < day_ms[1] for moment in starts)
    for refused, code in (
        (rules.fenced, "fenced"),
        (now_ms < rules.opens_ms, "not_open_yet"),
        (now_ms >= rules.closes_ms, "closed"),
        (rules.paused_ms != 0, "paused"),
        (rules.attempts_total is not None and len(starts) >= rules.attempts_total, "no_attempts_left"),
        (rules.attempts_per_day is not None and today >= rules.attempts_per_day, "no_attempts_left_today"),
    ):
        if refused:
            return code
    return None


def answers_may_show(show_answers: str, *, attempt_ended: bool, competition_closed: bool) -> bool:
    """Whether a person may see what was right in an attempt, by the competition's setting.

    Never while the attempt runs (what is shown "at_once" comes with each answer); after the close only once no attempt of
    anybody can still be running.
    """
    if not attempt_ended:
        return False
    return show_answers in ("at_once", "submitted") or (show_answers == "closed" and competition_closed)
