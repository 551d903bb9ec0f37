"""The TQM bank proves itself: counts, balance, nothing to be guessed by form, and papers that are alike in difficulty."""

import math
import re
import statistics
from collections import Counter
from collections.abc import Callable, Iterable
from functools import cache
from itertools import combinations
from pathlib import Path

import pytest

from quizapp.banks.checking.checks import check_source
from quizapp.banks.content import BankContent, Question, content_digest
from quizapp.banks.formats.own.project import write_yaml
from quizapp.banks.reading import read_path, read_upload
from quizapp.papers.assembly import assemble
from quizapp.papers.blueprint import DEFAULT_BLUEPRINT

FOLDER = Path(__file__).parents[3] / "question_banks" / "tqm"
# Topic: single choice, multiple choice, true or false of the formal pool; a third of each, about, is there to practise.
COUNTS = {
    "T01": (44, 16, 6),
    "T02": (31, 12, 5),
    "T03": (44, 16, 6),
    "T04": (19, 8, 3),
    "T05": (23, 10, 3),
    "T06": (19, 8, 3),
    "T07": (8, 3, 1),
    "T08": (23, 9, 4),
    "T09": (28, 10, 4),
    "T10": (12, 4, 2),
    "T11": (23, 9, 4),
    "T12": (31, 12, 5),
    "T13": (28, 10, 4),
    "T14": (19, 8, 3),
    "T15": (12, 4, 2),
    "T16": (23, 9, 4),
    "T17": (3, 2, 1),
}
TYPES = ("single", "multiple", "judge")
CHI_SQUARE_5_PERCENT = {1: 3.841, 2: 5.991, 3: 7.815, 4: 9.488}  # by degrees of freedom
SCALE = {"easy": 0, "medium": 50, "hard": 100}
PAPERS = 10_000


@cache
def bank() -> BankContent:
    return check_source(read_path(FOLDER)).content


def questions(pool: str, kind: str = "") -> list[Question]:
    return [each for each in bank().questions if each.pool == pool and kind in ("", each.type)]


def right(question: Question) -> list[str]:
    return [text for place, text in enumerate(question.options) if question.right >> place & 1]


def wrong(question: Question) -> list[str]:
    return [text for place, text in enumerate(question.options) if not question.right >> place & 1]


def test_the_check_finds_nothing() -> None:
    report = check_source(read_path(FOLDER))
    assert [(each.code, each.where.file, each.where.line, each.quoted) for each in report.findings] == []


def test_the_formal_pool_is_laid_out_as_it_should_be() -> None:
    found = Counter((each.topic, each.type) for each in questions("formal"))
    assert {topic: tuple(found[topic, kind] for kind in TYPES) for topic in COUNTS} == COUNTS
    hard = Counter(each.difficulty for each in questions("formal"))
    assert {name: round(count / 600, 2) for name, count in hard.items()} == {"easy": 0.5, "medium": 0.35, "hard": 0.15}


def test_the_practice_pool_is_as_wide_and_shares_nothing_with_the_formal_one() -> None:
    assert len(questions("practice")) == 200
    found = Counter(each.topic for each in questions("practice"))
    for topic, counts in COUNTS.items():
        assert abs(found[topic] - sum(counts) / 3) < 1, topic
    formal, practice = (
        {frozenset((each.stem, *each.options)) for each in questions(pool)} for pool in ("formal", "practice")
    )
    assert not formal & practice
    assert not {each.code for each in questions("formal")} & {each.code for each in questions("practice")}


@pytest.mark.parametrize("pool", ["formal", "practice"])
def test_keys_are_balanced(pool: str) -> None:
    letters = Counter(each.key_letters for each in questions(pool, "single"))
    assert chi_square([letters[letter] for letter in "ABCD"]) < CHI_SQUARE_5_PERCENT[3]
    truths = Counter(each.right for each in questions(pool, "judge"))
    assert chi_square([truths[1], truths[2]]) < CHI_SQUARE_5_PERCENT[1]
    four = [each for each in questions(pool, "multiple") if len(each.options) == 4]
    by_letter = Counter(letter for each in four for letter in each.key_letters)
    assert chi_square([by_letter[letter] for letter in "ABCD"]) < CHI_SQUARE_5_PERCENT[3]


def chi_square(counts: list[int]) -> float:
    """Pearson's statistic against even shares."""
    even = sum(counts) / len(counts)
    return sum((count - even) ** 2 / even for count in counts)


@pytest.mark.parametrize("kind", ["single", "multiple"])
def test_right_options_are_no_longer_than_the_others(kind: str) -> None:
    found = questions("formal", kind)
    rights = statistics.fmean(len(text) for each in found for text in right(each))
    wrongs = statistics.fmean(len(text) for each in found for text in wrong(each))
    assert abs(rights / wrongs - 1) < 0.1


@pytest.mark.parametrize("kind", ["single", "multiple"])
def test_the_translated_right_options_are_no_longer_either(kind: str) -> None:
    rights: list[int] = []
    wrongs: list[int] = []
    for each in questions("formal", kind):
        assert each.english
        for place, text in enumerate(each.english.options):
            (rights if each.right >> place & 1 else wrongs).append(len(text))
    assert abs(statistics.fmean(rights) / statistics.fmean(wrongs) - 1) < 0.1


def test_no_two_stems_are_alike() -> None:
    grams = [(each.code, shingles(each.stem)) for each in bank().questions]
    alike = [(a, b) for (a, one), (b, two) in combinations(grams, 2) if len(one & two) >= 0.7 * len(one | two)]
    assert alike == []


def shingles(text: str) -> frozenset[str]:
    """The character 3-grams of a text without blanks and punctuation."""
    letters = re.sub(r"[\W_]", "", text)
    return frozenset(letters[place : place + 3] for place in range(max(1, len(letters) - 2)))


def test_no_option_is_another_one_in_another_order() -> None:
    """Where the order is the question, it is in all options; else two that list the same parts would both be right."""
    for each in bank().questions:
        parts = [tuple(sorted(re.split("[、，,]", text))) for text in each.options]
        assert len(set(parts)) in (1, len(parts)) or each.type == "judge", each.code


def test_every_reference_names_an_edition_with_its_year() -> None:
    assert [each.code for each in bank().questions if not re.search(r"(1[89]|20)\d\d", each.reference)] == []


def test_every_question_is_whole_and_translated() -> None:
    for each in bank().questions:
        assert each.explanation, each.code
        assert each.english, each.code
        assert each.english.explanation, each.code
        texts = (each.english.stem, *each.english.options, each.english.explanation)
        assert not re.search("[一-鿿]", re.sub(r"\([^)]*\)", "", "".join(texts))), each.code


def test_explanations_name_no_letter_because_options_are_shuffled() -> None:
    named = re.compile(r"(?:选项|答案)\s*[A-E](?![A-Za-z])|(?<![A-Za-z])[A-E]\s*选?项(?!目)|\b[Oo]ption [A-E]\b")
    for each in bank().questions:
        assert each.english
        assert not named.search(each.explanation + each.english.explanation), each.code


# --- what somebody scores who knows no quality management


def scored(found: Iterable[Question], weigh: Callable[[Question, int], float]) -> float:
    """The share of questions, in percent, that somebody gets right who takes the options that weigh most.

    She takes as many as are right, which a real reader would not even know, and chooses evenly where several weigh the same.
    """
    return 100 * statistics.fmean(_chance_of(each, weigh) for each in found)


def _chance_of(question: Question, weigh: Callable[[Question, int], float]) -> float:
    weights = [weigh(question, place) for place in range(len(question.options))]
    rights = {place for place in range(len(weights)) if question.right >> place & 1}
    last = sorted(weights, reverse=True)[len(rights) - 1]
    sure = {place for place, weight in enumerate(weights) if weight > last}
    tied = {place for place, weight in enumerate(weights) if weight == last}
    if not (sure <= rights <= sure | tied):
        return 0
    return 1 / math.comb(len(tied), len(rights) - len(sure))


def by_chance(found: Iterable[Question]) -> float:
    """What choosing blindly scores: as many options as are right, any of them."""
    return 100 * statistics.fmean(1 / math.comb(len(each.options), each.right.bit_count()) for each in found)


@pytest.mark.parametrize("kind", ["single", "multiple"])
def test_the_longest_and_the_shortest_options_are_right_as_often_as_chance(kind: str) -> None:
    found = questions("formal", kind)
    for sign in (1, -1):
        length = scored(found, lambda each, place, sign=sign: sign * len(each.options[place]))  # type: ignore[misc]
        assert abs(length - by_chance(found)) < 5


@pytest.mark.parametrize("kind", ["single", "multiple"])
def test_the_options_that_share_most_with_the_stem_are_right_as_often_as_chance(kind: str) -> None:
    found = questions("formal", kind)
    shared = scored(found, lambda each, place: len(set(each.options[place]) & set(each.stem)))
    assert abs(shared - by_chance(found)) < 5


def test_the_most_frequent_letter_is_right_as_often_as_chance() -> None:
    for kind in ("single", "judge"):
        found = questions("formal", kind)
        most, _ = Counter(each.right for each in found).most_common(1)[0]
        hits = scored(found, lambda each, place, most=most: float(1 << place == most))  # type: ignore[misc]
        assert abs(hits - by_chance(found)) < 5


def test_all_of_them_is_right_as_often_as_chance() -> None:
    found = questions("formal", "multiple")
    everything = 100 * statistics.fmean(each.right.bit_count() == len(each.options) for each in found)
    # Any two or more of n options: 2ⁿ − n − 1 sets, one of which is all of them.
    chance = 100 * statistics.fmean(1 / (2 ** len(each.options) - len(each.options) - 1) for each in found)
    assert abs(everything - chance) < 5
    assert not [each.code for each in bank().questions for text in each.options if re.search("^(以上|上述)", text)]


# --- papers


@pytest.mark.slow
def test_ten_thousand_papers_satisfy_the_blueprint_and_are_alike() -> None:
    content, sections = bank(), DEFAULT_BLUEPRINT.sections
    formal = {place: each for place, each in enumerate(content.questions) if each.pool == "formal"}
    strata = [
        {place for place, each in formal.items() if each.type == section.type and each.topic in section.topics}
        for section in sections
    ]
    weights = {place: SCALE[each.difficulty] for place, each in formal.items()}
    drawn: Counter[int] = Counter()
    means = []
    for seed in range(PAPERS):
        held = {place.ordinal for place in assemble(DEFAULT_BLUEPRINT, content, f"proof-{seed}").places}
        assert len(held) == 25
        assert held <= formal.keys()
        assert [len(held & stratum) for stratum in strata] == [section.count for section in sections]
        drawn.update(held)
        means.append(sum(weights[place] for place in held) / 25)
    for stratum in strata:
        times = [drawn[place] for place in stratum]
        assert max(times) < 3 * min(times)
    # On a scale where an easy question is 0 and a hard one 100: the widest there is.
    assert statistics.pstdev(means) < 3


def test_the_bank_goes_out_and_comes_back_the_same() -> None:
    again = check_source(read_upload("tqm.yaml", write_yaml(bank()).encode())).content
    assert content_digest(again) == content_digest(bank())
