"""The proof's own grading and the rules of attempts, written apart from each other, agree on whatever is chosen."""

import random

import pytest

from quizapp.attempts.rules import recompute
from quizapp.attempts.tallies import counted
from quizapp.leaderboards.recomputation import Ended, Worth, counting_attempt, tie_of, worth
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
