"""Answers: ordered by (epoch, sequence), final at the deadline and its grace, and refused by name when they can't count."""

from concurrent.futures import ThreadPoolExecutor
from itertools import count, permutations
from random import Random
from typing import Any

import pytest

from quizapp.errors import Unavailable
from quizapp.grader.engine import AnswerCall
from quizapp.grader.keys import keys_for
from quizapp.grader.outcomes import Outcome
from quizapp.grader.stream import Answered
from tests.integration.grader.room import BO, COMPETITION, HOUR_MS, LIN, PAPER, RIGHT, SHARDS, Room

pytestmark = pytest.mark.once


def test_a_saved_answer_is_held_and_told_to_the_recorder(room: Room) -> None:
    room.begin()
    reply = room.call((2, 9, 4))
    assert reply.outcomes == [(Outcome.SAVED, 9, None)]
    assert room.chosen() == {2: 9}
    assert room.told()[1:] == [Answered(LIN, 1, 2, 9, 1, 4, reply.now_ms)]


def test_an_answer_can_be_changed_and_taken_back(room: Room) -> None:
    room.begin()
    for sequence, chosen in enumerate((1, 8, 0), start=1):
        assert room.answer(1, chosen, sequence).outcome is Outcome.SAVED
        assert room.chosen() == {1: chosen}


def test_a_repeat_gets_the_first_reply_and_writes_nothing(room: Room) -> None:
    room.begin()
    first = room.answer(1, 2, 5)
    before = room.everything()
    assert room.answer(1, 2, 5) == first
    # Even another choice under the same number is the first one's repeat: the number names the deed.
    assert room.answer(1, 4, 5) == first
    assert room.everything() == before


def test_the_same_answer_fifty_times_at_once_is_one(room: Room) -> None:
    room.begin()
    with ThreadPoolExecutor(16) as pool:
        outcomes = set(pool.map(lambda _: room.answer(1, 2, 1), range(50)))
    assert outcomes == {(Outcome.SAVED, 2, None)}
    assert len(room.told()) == 2


def test_of_two_answers_the_higher_sequence_holds_in_whatever_order_they_come(room: Room) -> None:
    room.begin()
    assert room.answer(1, 4, 9).outcome is Outcome.SAVED
    before = room.everything()
    assert room.answer(1, 2, 8) == (Outcome.OUTDATED, 4, None)
    assert room.everything() == before


def test_every_order_of_a_pages_answers_ends_alike(room: Room) -> None:
    sent = [(1, 1, 1), (1, 2, 2), (2, 3, 3), (1, 4, 4)]
    for account, order in zip(count(LIN, SHARDS), permutations(sent), strict=False):
        room.begin(account)
        for answer in order:
            room.call(answer, account=account)
        assert room.chosen(account) == {1: 4, 2: 3}


def test_answers_in_one_body_follow_the_same_order(room: Room) -> None:
    room.begin()
    outcomes = room.call((1, 2, 7), (1, 4, 6), (1, 2, 7), (3, 2, 8), (1, 8, 9)).outcomes
    assert [(each.outcome, each.chosen) for each in outcomes] == [
        ("saved", 2),
        ("outdated", 2),
        ("saved", 2),
        ("saved", 2),
        ("saved", 8),
    ]
    assert room.chosen() == {1: 8, 3: 2}


def test_two_devices_the_later_opened_one_answers(room: Room) -> None:
    assert room.begin().epoch == 1
    room.answer(1, 1, 50, epoch=1)
    assert room.open().epoch == 2
    assert room.answer(1, 2, 1, epoch=2).outcome is Outcome.SAVED
    before = room.everything()
    assert room.answer(1, 4, 51, epoch=1) == (Outcome.SUPERSEDED, 2, None)
    assert room.answer(2, 4, 52, epoch=1) == (Outcome.SUPERSEDED, 0, None)
    assert room.everything() == before


def test_opening_gives_the_same_paper_answers_and_deadline(room: Room) -> None:
    first = room.begin()
    room.answer(2, 9, 1)
    again = room.open()
    assert (again.seed, again.started_ms, again.deadline_ms) == (first.seed, first.started_ms, first.deadline_ms)
    assert again.answers[2].chosen == 9


@pytest.mark.parametrize("position", [0, 4, 500])
def test_a_position_that_the_paper_lacks_is_refused(room: Room, position: int) -> None:
    room.begin()
    before = room.everything()
    assert room.answer(position, 1, 1) == (Outcome.BAD_POSITION, 0, None)
    assert room.everything() == before


@pytest.mark.parametrize(
    ("position", "chosen"),
    [(1, 3), (1, 16), (1, 17), (1, 255), (2, 16), (2, 31), (3, 3), (3, 4)],
)
def test_a_choice_that_the_question_lacks_is_refused(room: Room, position: int, chosen: int) -> None:
    room.begin()
    room.answer(position, 1, 1)
    before = room.everything()
    assert room.answer(position, chosen, 2) == (Outcome.BAD_CHOICE, 1, None)
    assert room.everything() == before


def test_one_bad_answer_does_not_keep_the_others_from_being_saved(room: Room) -> None:
    room.begin()
    outcomes = [each.outcome for each in room.call((1, 3, 1), (9, 1, 2), (3, 1, 3)).outcomes]
    assert outcomes == ["bad_choice", "bad_position", "saved"]
    assert room.chosen() == {3: 1}


def test_after_submitting_nothing_changes_but_repeats_are_still_confirmed(room: Room) -> None:
    room.begin()
    room.answer(1, 1, 1)
    room.submit()
    before = room.everything()
    assert room.answer(1, 2, 2) == (Outcome.ALREADY_SUBMITTED, 1, None)
    assert room.answer(1, 1, 1) == (Outcome.SAVED, 1, None)
    assert room.everything() == before


def test_while_the_competition_pauses_or_is_fenced_answers_wait(room: Room) -> None:
    room.begin()
    room.answer(1, 1, 1)
    for rules, outcome in (
        ({"paused_ms": room.grader.now_ms()}, "paused"),
        ({"paused_ms": 0, "fenced": True}, "fenced"),
    ):
        room.prime(**rules)
        before = room.everything()
        assert room.answer(1, 2, 2) == (outcome, 1, None)
        assert room.answer(1, 1, 1) == ("saved", 1, None)
        assert room.everything() == before


def test_an_answer_to_nobodys_attempt_is_no_attempt(room: Room) -> None:
    room.begin(LIN)
    before = room.everything()
    for account, ordinal in ((BO, 1), (LIN, 2)):
        assert room.call((1, 1, 1), account=account, ordinal=ordinal).code is Outcome.NO_ATTEMPT
    assert room.everything() == before


def test_a_call_serves_several_attempts_and_their_troubles_stay_apart(room: Room) -> None:
    here = [LIN, LIN + SHARDS, LIN + 2 * SHARDS]
    for account in here[:2]:
        room.begin(account)
    room.submit(here[1])
    calls = [AnswerCall(account, 1, 1, [(1, 1, 1), (2, 3, 2)]) for account in here]
    told_before: Any = room.redis.xlen(keys_for(COMPETITION, SHARDS, LIN).stream)
    replies = room.grader.answer(COMPETITION, LIN % SHARDS, calls)
    assert [reply.code for reply in replies] == ["ok", "ok", "no_attempt"]
    assert [each.outcome for each in replies[0].outcomes] == ["saved", "saved"]
    assert [each.outcome for each in replies[1].outcomes] == ["already_submitted"] * 2
    assert room.redis.xlen(keys_for(COMPETITION, SHARDS, LIN).stream) == told_before + 1


def test_the_grace_after_the_deadline_is_exact_to_the_millisecond(room: Room) -> None:
    """The deadline is the close here, put so that deadline + grace is the border."""
    room.begin()
    sequence = count(1)
    replies = room.around(
        lambda border: room.prime(closes_ms=border - room.rules.grace_ms),
        lambda: room.call((1, 1, next(sequence))),
    )
    for distance, told in replies.items():
        expected = Outcome.SAVED if distance <= 0 else Outcome.DEADLINE_PASSED
        assert {reply.outcomes[0].outcome for reply in told} == {expected}, distance


def test_the_own_deadline_and_its_grace_are_exact_to_the_millisecond(room: Room) -> None:
    """The deadline is start + minutes + extra time here: extra time is what puts it at the border."""
    started_ms = room.begin().started_ms
    sequence = count(1)
    own_ms = started_ms + room.rules.minutes * 60_000 + room.rules.grace_ms

    def put(border: int) -> None:
        room.grader.set_extra(COMPETITION, SHARDS, LIN, border - own_ms)

    replies = room.around(put, lambda: room.call((1, 1, next(sequence))))
    for distance, told in replies.items():
        expected = Outcome.SAVED if distance <= 0 else Outcome.DEADLINE_PASSED
        assert {reply.outcomes[0].outcome for reply in told} == {expected}, distance
        assert all(reply.deadline_ms == reply.now_ms - distance - room.rules.grace_ms for reply in told)


def test_the_repeat_of_a_timely_answer_is_confirmed_after_the_deadline(room: Room) -> None:
    room.begin()
    room.answer(1, 1, 1)
    room.prime(closes_ms=room.grader.now_ms() - HOUR_MS / 2)
    assert room.answer(1, 2, 2) == (Outcome.DEADLINE_PASSED, 1, None)
    assert room.answer(1, 1, 1) == (Outcome.SAVED, 1, None)


def test_no_reply_depends_on_the_answer_key(room: Room, store_url: str) -> None:
    """The same deeds under a key that makes all right, and one that makes all wrong: the same replies, byte for byte."""

    def play(account: int) -> list[object]:
        room.begin(account)
        replies: list[object] = []
        for sequence, (position, chosen) in enumerate([*RIGHT.items(), (1, 2), (2, 6), (3, 2)], start=1):
            reply = room.call((position, chosen, sequence), account=account)
            replies.append((reply.code, reply.outcomes))
        return replies

    first = play(LIN)
    assert room.grader.prime(room.rules, {10: ("single", 2), 11: ("multiple", 6), 12: ("judge", 2)})
    assert play(LIN + SHARDS) == first


def test_shown_at_once_an_answer_tells_what_was_right_and_is_final(room: Room) -> None:
    room.prime(at_once=True)
    room.begin()
    assert room.answer(1, 1, 1) == (Outcome.SAVED, 1, RIGHT[1])
    assert room.answer(2, 3, 2) == (Outcome.SAVED, 3, RIGHT[2])
    before = room.everything()
    assert room.answer(2, 9, 3) == (Outcome.ALREADY_FINAL, 3, RIGHT[2])
    assert room.answer(2, 3, 2) == (Outcome.SAVED, 3, RIGHT[2])
    assert room.everything() == before
    assert room.open().answers[2].right == RIGHT[2]
    assert room.submit(epoch=2).ending.points == (400, 0, 0)  # type: ignore[union-attr]


def test_shown_at_once_nobody_learns_the_key_without_answering(room: Room) -> None:
    room.prime(at_once=True)
    room.begin()
    for position, chosen in ((1, 0), (2, 0), (1, 3), (2, 16), (9, 1)):
        outcome = room.answer(position, chosen, 1)
        assert outcome.outcome in (Outcome.BAD_CHOICE, Outcome.BAD_POSITION)
        assert outcome.right is None


def test_shown_at_once_without_its_key_is_unavailable_and_writes_nothing(room: Room) -> None:
    room.prime(at_once=True)
    room.begin()
    room.redis.hdel(keys_for(COMPETITION, SHARDS, LIN).key, "11")
    before = room.everything()
    with pytest.raises(Unavailable):
        room.call((1, 1, 1), (2, 1, 2))
    assert room.everything() == before


def test_random_answers_in_random_order_end_as_a_plain_model_says(room: Room) -> None:
    """Twenty pages of two devices each, their answers shuffled and doubled, against five lines of Python."""
    chance = Random(20260825)
    for account in range(LIN, LIN + 20 * SHARDS, SHARDS):
        room.begin(account)
        room.open(account)
        sent = [
            (epoch, sequence, chance.randrange(1, len(PAPER) + 1), 1 << chance.randrange(2))
            for epoch in (1, 2)
            for sequence in range(1, 13)
        ]
        arriving = sent + chance.sample(sent, 8)
        chance.shuffle(arriving)
        for epoch, sequence, position, chosen in arriving:
            room.call((position, chosen, sequence), account=account, epoch=epoch)
        # Both devices were open before the first answer came, so only the second's count.
        model = {position: chosen for epoch, _, position, chosen in sorted(sent) if epoch == 2}
        assert room.chosen(account) == model
