"""Made-up names, and how well a made-up person answers. Pure: the chance comes in as an argument."""

from collections.abc import Iterator
from random import Random

from quizapp.attempts.rules import shown_mask
from quizapp.banks.content import BankContent
from quizapp.papers.assembly import Paper

SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾"
SINGLE = "伟芳敏静磊洋艳勇军杰娟涛明超霞平刚"
DOUBLE = (
    "桂英建国秀兰志强海燕晓东文博思远雨桐子涵佳怡宇航浩然欣妍俊熙嘉豪梦琪诗涵若曦天佑"
    "立新春梅国庆红梅永强丽华玉珍振华慧敏雪峰家辉月娥向阳"
)
GIVEN_NAMES: list[str] = [*SINGLE, *(DOUBLE[at : at + 2] for at in range(0, len(DOUBLE), 2))]


def made_up_name(chance: Random) -> str:
    """A surname and a given name."""
    return chance.choice(SURNAMES) + chance.choice(GIVEN_NAMES)


def made_up_choices(chance: Random, *, skill: float, paper: Paper, content: BankContent) -> Iterator[tuple[int, int]]:
    """(position, chosen mask) of what a person of that skill (0 to 1, the share of questions known) answers; some are skipped."""
    for position, place in enumerate(paper.places, start=1):
        question = content.questions[place.ordinal]
        right = shown_mask(question.right, place.options)
        chosen = _made_up_choice(chance, skill, right, len(place.options), several=question.type == "multiple")
        if chosen:
            yield position, chosen


def _made_up_choice(chance: Random, skill: float, right: int, option_count: int, *, several: bool) -> int:
    if chance.random() < skill:
        return right
    if chance.random() < 0.02:
        return 0
    letters = range(option_count)
    count = chance.randint(2, option_count) if several else 1
    return sum(1 << letter for letter in chance.sample(letters, count))
