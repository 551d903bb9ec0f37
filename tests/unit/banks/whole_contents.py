"""Contents of banks with everything that a question can hold, for round trips."""

from datetime import date

from hypothesis import strategies as st

from quizapp.banks.content import DIFFICULTIES, JUDGE_OPTIONS, POOLS, TYPES, BankContent, English, Question
from quizapp.banks.pictures import Picture, read_picture, token
from tests.unit.banks.test_pictures import drawn

PICTURES: dict[str, Picture] = {
    picture.digest: picture for picture in (read_picture(drawn(size=(40 + side, 30))) for side in range(3))
}
PNG = {digest: picture.png for digest, picture in PICTURES.items()}

# What other formats take for something else: ends of sections, entities, tags, their own words, blanks that HTML drops.
SPECIAL = [
    *(
        "]]>",
        "<![CDATA[x",
        "&amp;",
        "&#65;",
        "&",
        "<b>",
        "</text>",
        "<!-- x",
        "-->",
        "<?x?>",
        "<br/>",
        "a<b",
        "x>y",
        '"',
        "'",
    ),
    *("=1+1", "+86", "-5", "@x", "no", "1:30", "TRUE", "007", "a: b", "- y", "# x", "{~a =b}", "//x", "\\n", "%50%"),
    *(
        "@@PLUGINFILE@@/a.png",
        "$course$/top",
        "难度：难",
        "style=x",
        "![x]",
        "(y)",
        "sha256:0",
        "&nbsp;",
        "<script>alert(1)</script>",
    ),
    *("甲\n乙", "甲\n\n 乙", "a  b", "a\tb", "a\u00a0b", "a \u00a0 b", "a\u3000b", "\u2003x", "５％", "😀", "x²"),
]
_CHARACTERS = st.characters(codec="utf-8", exclude_categories=("C", "Z"), include_characters=" \n\t\u00a0\u3000&<>\"'")
_WORDS = st.sampled_from(SPECIAL) | st.text(_CHARACTERS, min_size=1, max_size=12)
_SHOWN = st.builds(
    token, st.sampled_from(list(PICTURES.values())), st.sampled_from(["", "图 <1>", 'a "b" & c', "a  b", " x ", "\t"])
)
TEXTS = (
    st.lists(_WORDS | _SHOWN, min_size=1, max_size=4)
    .map(lambda parts: " ".join(parts).strip())
    .filter(lambda text: bool(text) and "](" not in text.replace("](sha256:", ""))
)
_NAMES = TEXTS.filter(lambda text: "sha256" not in text).map(lambda text: " ".join(text.split())[:100].strip() or "x")
_CODES = st.text("abcXYZ019-=@+_.&<>/'\"题", min_size=1, max_size=12)


@st.composite
def questions(draw: st.DrawFn, number: int, topics: list[str]) -> Question:
    """One question; its code ends with its number."""
    kind = draw(st.sampled_from(TYPES))
    count = draw(st.integers(2, 8))
    plain = tuple(f"{draw(TEXTS)} {letter}" for letter in "abcdefgh"[:count])
    options = JUDGE_OPTIONS if kind == "judge" else draw(st.just(plain) | st.just(("错误", "正确")))
    masks = range(1, 2 ** len(options))
    several = [mask for mask in masks if mask.bit_count() > 1]
    right = draw(st.sampled_from(several if kind == "multiple" else [mask for mask in masks if mask.bit_count() == 1]))
    english = None
    if draw(st.booleans()):
        shown = () if kind == "judge" else tuple(f"{draw(TEXTS)} {letter}" for letter in "abcdefgh"[: len(options)])
        english = English(draw(TEXTS), shown, draw(st.just("") | TEXTS))
    return Question(
        code=f"{draw(_CODES)}{number}",
        type=kind,
        topic=draw(st.sampled_from(topics)),
        difficulty=draw(st.sampled_from(DIFFICULTIES)),
        pool=draw(st.sampled_from(POOLS)),
        stem=f"{draw(TEXTS)} 第{number}问",
        options=options,
        right=right,
        explanation=draw(st.just("") | TEXTS),
        reference=draw(st.just("") | TEXTS),
        valid_from=draw(st.none() | st.dates(date(1990, 1, 1), date(2030, 1, 1))),
        valid_to=draw(st.none() | st.dates(date(2030, 1, 2), date(2099, 1, 1))),
        english=english,
    )


@st.composite
def contents(draw: st.DrawFn) -> BankContent:
    """A bank of one to four questions in two topics."""
    topics = {"T01": draw(_NAMES), draw(st.sampled_from(["T02", "a/b", "质 量", "<x>"])): "另 一/主题"}
    count = draw(st.integers(1, 4))
    found = tuple(draw(questions(number, list(topics))) for number in range(count))
    return BankContent("demo", draw(_NAMES), topics, found)
