"""What changed between two contents, key changes first."""

from dataclasses import replace

from quizapp.banks.content import diff
from tests.unit.banks.samples import CONTENT, JUDGE, MULTIPLE, SINGLE


def test_equal_contents_differ_in_nothing() -> None:
    found = diff(CONTENT, CONTENT)
    assert (found.is_empty, found.unchanged) == (True, 3)


def test_questions_are_added_and_removed_by_their_codes() -> None:
    new = replace(SINGLE, code="T01-099")
    found = diff(CONTENT, replace(CONTENT, questions=(SINGLE, JUDGE, new)))
    assert (found.added, found.removed, found.changed, found.unchanged) == ((new,), (MULTIPLE,), (), 2)


def test_changed_keys_come_first() -> None:
    wording = replace(SINGLE, explanation="改写")
    key = replace(JUDGE, right=1)
    found = diff(CONTENT, replace(CONTENT, questions=(wording, MULTIPLE, key)))
    assert [(change.new.code, change.changes_key, change.fields) for change in found.changed] == [
        (JUDGE.code, True, ("right",)),
        (SINGLE.code, False, ("explanation",)),
    ]


def test_options_that_only_moved_keep_their_key() -> None:
    moved = replace(SINGLE, options=("实施", "策划", "检查", "处置"), right=2)
    (change,) = diff(CONTENT, replace(CONTENT, questions=(moved, MULTIPLE, JUDGE))).changed
    assert (change.changes_key, change.fields) == (False, ("options", "right"))


def test_another_type_is_another_key() -> None:
    other = replace(SINGLE, type="multiple", right=3)
    (change,) = diff(CONTENT, replace(CONTENT, questions=(other, MULTIPLE, JUDGE))).changed
    assert change.changes_key


def test_title_and_topics_are_compared() -> None:
    found = diff(CONTENT, replace(CONTENT, title="新名称", topics={"T01": "改名"}))
    assert (found.title_changed, found.topics_changed, found.is_empty) == (True, True, False)
