"""Questions in English: the order of options stays, and what has no translation stays as it is."""

from dataclasses import replace

from quizapp.banks.content import English
from quizapp.banks.translation import in_english
from tests.unit.banks.samples import JUDGE, SINGLE

ENGLISH = English("Which is the first phase of PDCA?", ("Plan", "Do", "Check", "Act"), "Plan, do, check, act.")


def test_the_translation_takes_the_place_of_the_texts_and_the_key_stays() -> None:
    shown = in_english(replace(SINGLE, english=ENGLISH))
    assert (shown.stem, shown.options, shown.explanation) == (ENGLISH.stem, ENGLISH.options, ENGLISH.explanation)
    assert (shown.right, shown.reference) == (SINGLE.right, SINGLE.reference)


def test_without_a_translation_the_original_is_shown() -> None:
    assert in_english(SINGLE) == SINGLE
    assert in_english(replace(SINGLE, english=replace(ENGLISH, explanation=""))).explanation == SINGLE.explanation


def test_true_and_false_are_said_in_english_always() -> None:
    assert in_english(JUDGE) == replace(JUDGE, options=("True", "False"))
