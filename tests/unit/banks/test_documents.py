"""The strict reading of YAML and JSON: what is written is what is read, or nothing is."""

import contextlib
import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from quizapp.banks.formats.gathering import Unreadable
from quizapp.banks.formats.own.documents import DEPTH, Node, read_json, read_yaml


def plain(node: Node) -> object:
    """A node as Python's own values; the kind is kept where it is not text."""
    if isinstance(node.value, list):
        return [plain(each) for each in node.value]
    if isinstance(node.value, dict):
        return {name: plain(each) for name, each in node.value.items()}
    return node.value if node.kind == "text" else (node.kind, node.value)


@pytest.mark.parametrize("read", [read_yaml, read_json])
def test_text_lists_and_maps_are_read_with_their_lines(read: object) -> None:
    node = read('{\n "a": ["x",\n "y"],\n "b": {"c": "z"}\n}')  # type: ignore[operator]
    assert plain(node) == {"a": ["x", "y"], "b": {"c": "z"}}
    assert [each.line for each in node.value["a"].value] == [2, 3]
    assert node.value["b"].line == 4


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("no", "bool"),
        ("1:30", "number"),
        ("2015", "number"),
        ("1.33", "number"),
        ("2026-07-01", "date"),
        ("~", "null"),
        ("NO", "bool"),
    ],
)
def test_what_yaml_would_convert_keeps_its_text_and_says_its_kind(text: str, kind: str) -> None:
    node = read_yaml(f"a: {text}")
    assert isinstance(node.value, dict)
    assert (node.value["a"].kind, node.value["a"].value) == (kind, text)
    quoted = read_yaml(f"a: '{text}'")
    assert plain(quoted) == {"a": text}


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("a: 1\nb: 2\na: 3", "name_doubled", 3),
        ("a: &x 1\nb: *x", "alias_used", 1),
        ("b: *x", "alias_used", 1),
        ("a: !!python/object:os.system x", "tag_used", 1),
        ("a: !!str x", "tag_used", 1),
        ("a: x\n---\nb: y", "several_documents", 2),
        ("a: [x\nb: y]", "syntax", 2),
        ("a:\n\tb: x", "syntax", 2),
        ("? [a]\n: b", "syntax", 1),
        ("a: \x01", "text_control", 1),
        ("[" * (DEPTH + 2), "nested_too_deep", 1),
        ("[" * 200_000, "nested_too_deep", 1),
        ("%YAML 9.9\n---\na: b", "syntax", 1),
    ],
)
def test_yaml_that_could_mean_something_else_is_refused(text: str, code: str, line: int) -> None:
    with pytest.raises(Unreadable) as refusal:
        read_yaml(text)
    assert (refusal.value.code, refusal.value.line) == (code, line)


def test_a_bomb_of_aliases_is_refused_at_its_first_anchor() -> None:
    lines = ["a0: &a0 [x, x]"] + [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 40)]
    with pytest.raises(Unreadable, match="alias_used"):
        read_yaml("\n".join(lines))


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ('{"a": 1,\n "a": 2}', "name_doubled", 2),
        ('{"a": NaN}', "syntax", 1),
        ('{"a": Infinity}', "syntax", 1),
        ('{"a": 01}', "syntax", 1),
        ('{"a": 1,}', "syntax", 1),
        ("[1 2]", "syntax", 1),
        ('{"a" "b"}', "syntax", 1),
        ("{'a': 1}", "syntax", 1),
        ("{a: 1}", "syntax", 1),
        ('["a\nb"]', "syntax", 1),
        ('["\\x"]', "syntax", 1),
        ('["\\ud800"]', "text_control", 1),
        ("[] []", "several_documents", 1),
        ("", "syntax", 1),
        ("[[", "syntax", 1),
        ("[" * 100_000, "nested_too_deep", 1),
        ('{"a":' * 100_000, "nested_too_deep", 1),
    ],
)
def test_json_that_is_not_quite_json_is_refused(text: str, code: str, line: int) -> None:
    with pytest.raises(Unreadable) as refusal:
        read_json(text)
    assert (refusal.value.code, refusal.value.line) == (code, line)


def test_a_number_beyond_all_bounds_is_a_number_and_nothing_more() -> None:
    assert plain(read_json('{"a": 1e400}')) == {"a": ("number", "1e400")}


VALUES = st.recursive(
    st.text(st.characters(codec="utf-8"), max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=8), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(VALUES)
def test_json_is_read_as_the_library_reads_it(value: object) -> None:
    assert plain(read_json(json.dumps(value, ensure_ascii=False))) == value
    assert plain(read_json(json.dumps(value, indent=2))) == value


@given(st.text(max_size=60))
def test_no_text_makes_the_readers_fail_otherwise_than_by_refusing(text: str) -> None:
    for read in (read_yaml, read_json):
        with contextlib.suppress(Unreadable):
            read(text)


@given(
    st.recursive(
        st.sampled_from(["x", "no", "1:30", "a: b", "# c", "", " y "]),
        lambda inner: st.lists(inner, max_size=3),
        max_leaves=8,
    )
)
def test_yaml_that_the_library_wrote_is_read_back(value: object) -> None:
    assert plain(read_yaml(yaml.safe_dump(value, allow_unicode=True))) == value
