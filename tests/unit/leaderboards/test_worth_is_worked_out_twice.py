"""The proof's own grading and the rules of attempts, written apart from each other, agree on whatever is chosen."""

import random

import pytest

from quizapp.attempts.rules import recompute
from quizapp.attempts.tallies import counted
from quizapp.leaderboards.recomputation import Ended, Worth, counting_attempt, tie_of, with_keys, worth
from quizapp.papers.assembly import assemble
from tests.cast import TINY_BLUEPRINT, tiny_content


@pytest.mark.parametrize("partial", [True, False])
def test_both_gradings_agree(partial: bool) -> None:
    content = tiny_content()
    draw = random.Random(f"grading {partial}")
    full = 0
    for number in range(300):
        paper = assemble(TINY_BLUEPRINT, content, f"{number}")
        chosen = {position: draw.randrange(16) for position in range(1, 6) if draw.random() < 0.9}
        found = worth(paper, content.questions, chosen, partial=partial)
        expected = recompute(paper, content, chosen, partial=partial)
        assert (found.score, found.right_count, found.points) == (
            expected.score,
            expected.right_count,
            expected.points,
        )
        full += found.right_count
    assert full > 50  # the draw must hold right choices too


def test_a_letter_that_was_not_shown_makes_a_choice_wrong() -> None:
    content = tiny_content()
    paper = assemble(TINY_BLUEPRINT, content, "seed")
    assert worth(paper, content.questions, {1: 128}, partial=True).points[0] == 0


@pytest.mark.parametrize("keep", ["best", "first", "last"])
def test_both_choose_the_same_attempt(keep: str) -> None:
    draw = random.Random(keep)
    for _ in range(300):
        attempts = [
            Ended(ordinal, None, Worth(draw.randrange(2), 0, ()), draw.randrange(2), draw.randrange(2))
            for ordinal in range(1, draw.randrange(1, 5))
        ]
        draw.shuffle(attempts)
        found = counting_attempt(keep, attempts)
        expected = counted(keep, [Scored(each) for each in attempts])
        assert (found and found.ordinal) == (expected and expected.ordinal)


class Scored:
    """An ended attempt as the tallies look at it."""

    def __init__(self, ended: Ended) -> None:
        self.ordinal, self.score = ended.ordinal, ended.worth.score
        self.used_ms, self.submitted_ms = ended.used_ms, ended.submitted_ms


@pytest.mark.parametrize(("keys", "tie"), [("score", (5,)), ("score,time", (5, 6)), ("score,time,earlier", (5, 6, 7))])
def test_a_tie_is_made_of_the_keys(keys: str, tie: tuple[int, ...]) -> None:
    assert tie_of(keys, 5, 6, 7) == tie


def test_a_void_question_gives_its_points_to_everybody_who_met_it() -> None:
    content = tiny_content()
    met = 0
    for number in range(40):
        paper = assemble(TINY_BLUEPRINT, content, f"{number}")
        code = content.questions[0].code
        questions, void = with_keys(content.questions, {code: None})
        points = worth(paper, questions, {}, partial=True, void=void).points
        met += sum(points)
        assert points == tuple(place.points if place.ordinal == 0 else 0 for place in paper.places)
    assert met


def test_a_corrected_key_is_in_the_letters_of_the_bank_and_moves_no_other_question() -> None:
    content = tiny_content()
    for number in range(40):
        paper = assemble(TINY_BLUEPRINT, content, f"{number}")
        place = paper.places[0]
        old = content.questions[place.ordinal]
        other = next(letter for letter in "AB" if letter != old.key_letters)
        questions, void = with_keys(content.questions, {old.code: other, "unknown": None})
        assert (old.right, void) == (content.questions[place.ordinal].right, set())  # the bank's version stays as it is
        chosen = {1: 1 << place.options.index("AB".index(other)), 2: 1}
        now, before = (worth(paper, each, chosen, partial=False).points for each in (questions, content.questions))
        assert (now[0], before[0]) == (place.points, 0)
        assert now[1:] == before[1:]
