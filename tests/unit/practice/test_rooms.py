"""Practice rounds are drawn from the practice pool alone, and a round's letters can be told again from its seed."""

from hypothesis import given
from hypothesis import strategies as st

from quizapp.banks.content import BankContent, Question
from quizapp.practice.rooms import ROUND_QUESTIONS, draw_round, is_for_practice, place_of, right_as_shown, rooms_of


def question(number: int, pool: str, topic: str, kind: str = "single") -> Question:
    options = ("正确", "错误") if kind == "judge" else ("甲", "乙", "丙", "丁")
    return Question(
        f"Q{number}", kind, topic, "easy", pool, f"题{number}", options, right=1 if kind != "multiple" else 5
    )


CONTENT = BankContent(
    "b",
    "题库",
    {"T02": "乙", "T01": "甲", "T03": "空"},
    tuple(
        question(
            n,
            "practice" if n % 3 == 0 else "formal",
            "T01" if n % 2 else "T02",
            ("single", "multiple", "judge")[n % 7 % 3],
        )
        for n in range(100)
    ),
)
PRACTICE = {n for n in range(100) if n % 3 == 0}


def test_rooms_are_the_topics_with_practice_questions_in_the_banks_order() -> None:
    rooms = rooms_of(CONTENT)
    assert [(room.topic, room.title) for room in rooms] == [("T02", "乙"), ("T01", "甲")]
    assert {ordinal for room in rooms for ordinal in room.ordinals} == PRACTICE


@given(st.sets(st.integers(-5, 120)), st.text("0123456789abcdef", min_size=16, max_size=16))
def test_a_round_never_holds_a_formal_question_nor_more_than_asked(ordinals: set[int], seed: str) -> None:
    places = draw_round(CONTENT, ordinals, seed)
    drawn = [place.ordinal for place in places]
    assert len(drawn) == len(set(drawn)) == min(ROUND_QUESTIONS, len(ordinals & PRACTICE))
    assert set(drawn) <= ordinals & PRACTICE
    for place in places:
        assert sorted(place.options) == list(range(len(CONTENT.questions[place.ordinal].options)))
        assert place == place_of(CONTENT, place.ordinal, seed)


@given(st.sampled_from(sorted(PRACTICE)), st.text("0123456789abcdef", min_size=16, max_size=16))
def test_the_right_letters_are_those_of_the_right_options(ordinal: int, seed: str) -> None:
    place = place_of(CONTENT, ordinal, seed)
    shown = right_as_shown(CONTENT, place)
    right = CONTENT.questions[ordinal].right
    assert {place.options[letter] for letter in range(8) if shown >> letter & 1} == {
        n for n in range(8) if right >> n & 1
    }


def test_true_and_false_keep_their_places() -> None:
    judged = next(n for n in sorted(PRACTICE) if CONTENT.questions[n].type == "judge")
    assert all(place_of(CONTENT, judged, f"{seed:016x}").options == (0, 1) for seed in range(50))


def test_formal_missing_and_negative_ordinals_are_not_for_practice() -> None:
    assert is_for_practice(CONTENT, 3)
    assert not any(is_for_practice(CONTENT, ordinal) for ordinal in (1, -1, 100, 10**6))
