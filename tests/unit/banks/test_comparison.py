"""What changed in a question, field by field, and which words of it."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from quizapp.banks.content import English, Question, diff
from quizapp.banks.versions.comparison import (
    DELETED,
    INSERTED,
    SAME,
    FieldChange,
    Piece,
    field_changes,
    header_changes,
    marked,
)
from tests.unit.banks.samples import CONTENT, JUDGE, MULTIPLE, SINGLE

PICTURE = f"![老图](sha256:{'a' * 64})"
OTHER_PICTURE = f"![新图](sha256:{'b' * 64})"


def say(name: str, value: str) -> str:
    return f"<{value}>" if name in ("type", "difficulty", "pool") else value


def changes(old: Question, new: Question) -> tuple[FieldChange, ...]:
    """What `field_changes` says of one question that became another."""
    one, other = replace(CONTENT, questions=(old,)), replace(CONTENT, questions=(new,))
    (change,) = diff(one, other).changed
    return field_changes(change, say)


def shown(pieces: tuple[Piece, ...]) -> str:
    """As `git diff --word-diff` would print it."""
    forms = {SAME: "{}", DELETED: "[-{}-]", INSERTED: "{{+{}+}}"}
    return "".join(forms[piece.kind].format(piece.text) for piece in pieces)


def test_the_words_that_went_and_came_are_marked() -> None:
    assert shown(marked("质量是检验出来的", "质量是设计出来的")) == "质量是[-检验-]{+设计+}出来的"
    assert shown(marked("GB/T 19001-2015 要求", "GB/T 19001-2016 要求")) == "GB/T [-19001-2015-]{+19001-2016+} 要求"
    assert shown(marked("", "新写的")) == "{+新写的+}"
    assert shown(marked("删掉的", "")) == "[-删掉的-]"
    assert marked("一样", "一样") == (Piece(SAME, "一样"),)


def test_a_character_that_is_alike_by_chance_does_not_tear_a_change_apart() -> None:
    assert shown(marked("由顾客的要求决定", "由标准的条款决定")) == "由[-顾客的要求-]{+标准的条款+}决定"


def test_a_picture_is_exchanged_as_a_whole() -> None:
    assert marked(f"看图{PICTURE}作答", f"看图{OTHER_PICTURE}作答") == (
        Piece(SAME, "看图"),
        Piece(DELETED, PICTURE),
        Piece(INSERTED, OTHER_PICTURE),
        Piece(SAME, "作答"),
    )


words = st.text(alphabet="质量管理 ab1。\n", max_size=40)


@given(words, words)
def test_both_texts_can_be_read_from_the_pieces(old: str, new: str) -> None:
    pieces = marked(old, new)
    assert "".join(piece.text for piece in pieces if piece.kind != INSERTED) == old
    assert "".join(piece.text for piece in pieces if piece.kind != DELETED) == new
    assert all(piece.text for piece in pieces)


def test_texts_that_would_take_too_long_to_compare_are_exchanged_as_a_whole() -> None:
    old, new = "甲乙" * 2000, "乙丙甲" * 1333
    assert [piece.kind for piece in marked(old, new)] == [DELETED, INSERTED]
    assert [piece.kind for piece in marked(f"{old}乙", f"{old}丙")] == [SAME, DELETED, INSERTED]


def test_the_key_comes_first_with_the_options_that_it_means() -> None:
    new = replace(MULTIPLE, right=0b0111, stem="下列哪些是老七种工具？", explanation="改写")
    assert [(change.name, shown(change.pieces)) for change in changes(MULTIPLE, new)] == [
        ("key", "A 排列图；B 因果图[-；D 控制图-]{+；C 亲和图+}"),
        ("stem", "下列哪些[-属于-]{+是+}老七种工具？"),
        ("explanation", "[-依次为策划、实施、检查、处置。-]{+改写+}"),
    ]


def test_a_judgement_s_key_is_said_in_words() -> None:
    (change,) = changes(JUDGE, replace(JUDGE, right=1))
    assert (change.name, shown(change.pieces)) == ("key", "[-错误-]{+正确+}")


def test_options_that_moved_are_told_from_those_that_were_reworded() -> None:
    new = replace(SINGLE, options=("实施", "策划", "核查", "处置", "总结"), right=0b00010)
    found = [(change.name, change.moved_from, shown(change.pieces)) for change in changes(SINGLE, new)]
    assert found == [
        ("key", "", "[-A 策划-]{+B 策划+}"),
        ("A", "B", "实施"),
        ("B", "A", "策划"),
        ("C", "", "[-检-]{+核+}查"),
        ("E", "", "{+总结+}"),
    ]


def test_an_option_that_went_is_named_by_the_letter_that_it_had() -> None:
    (change,) = changes(SINGLE, replace(SINGLE, options=SINGLE.options[:3]))
    assert (change.name, change.moved_from, shown(change.pieces)) == ("D", "", "[-处置-]")


def test_the_translation_is_compared_option_by_option_even_if_options_moved() -> None:
    english = English("What comes first?", ("Plan", "Do", "Check", "Act"), "In turn.")
    old = replace(SINGLE, english=english)
    moved = replace(english, stem="What is first?", options=("Do", "Plan now", "Check", "Act"))
    new = replace(old, options=("实施", "策划", "检查", "处置"), right=2, english=moved)
    found = [(change.name, change.moved_from, shown(change.pieces)) for change in changes(old, new)]
    assert found[-2:] == [
        ("english_stem", "", "What [-comes-]{+is+} first?"),
        ("english_B", "", "Plan{+ now+}"),
    ]
    (*_, last) = changes(SINGLE, old)
    assert (last.name, shown(last.pieces)) == ("english_explanation", "{+In turn.+}")


def test_values_that_are_no_texts_are_named() -> None:
    new = replace(SINGLE, pool="practice", difficulty="hard", topic="T02")
    found = [(change.name, shown(change.pieces)) for change in changes(SINGLE, new)]
    assert found == [
        ("topic", "[-T01-]{+T02+}"),
        ("difficulty", "[-<easy>-]{+<hard>+}"),
        ("pool", "[-<formal>-]{+<practice>+}"),
    ]


def test_a_changed_type_shows_its_key_even_if_the_letters_are_the_same() -> None:
    new = replace(SINGLE, type="multiple", right=3)
    names = [change.name for change in changes(SINGLE, new)]
    assert names == ["key", "type"]


def test_title_and_topics_are_compared_too() -> None:
    new = replace(CONTENT, title="示例题库（新）", topics={"T01": "质量基础", "T03": "新主题"})
    assert [(change.name, shown(change.pieces)) for change in header_changes(CONTENT, new)] == [
        ("title", "示例题库{+（新）+}"),
        ("topics", "T01 质量[-管理-]基础"),
        ("topics", "[-T02 质量工具-]"),
        ("topics", "{+T03 新主题+}"),
    ]


@given(st.permutations(SINGLE.options), st.lists(st.sampled_from(["策划", "实施", "新", "改"]), min_size=2, max_size=5))
def test_options_that_have_no_row_stayed_as_and_where_they_were(old: list[str], new: list[str]) -> None:
    before, after = replace(SINGLE, options=tuple(old)), replace(SINGLE, options=tuple(new), stem="变了")
    rows = [change for change in changes(before, after) if change.name in "ABCDEFGH"]
    came = [change.name for change in rows if any(piece.kind != DELETED for piece in change.pieces)]
    assert len(set(came)) == len(came)
    named = {change.name for change in rows} | {change.moved_from for change in rows}
    for letter, was, now in zip("ABCDEFGH", old, new, strict=False):
        assert letter in named or was == now


def test_a_key_that_only_grew_or_shrank_reads_well_on_both_sides() -> None:
    larger, smaller = replace(MULTIPLE, right=0b1011), replace(MULTIPLE, right=0b0011)
    assert shown(changes(smaller, larger)[0].pieces) == "A 排列图；B 因果图{+；D 控制图+}"
    assert shown(changes(larger, smaller)[0].pieces) == "A 排列图；B 因果图[-；D 控制图-]"
