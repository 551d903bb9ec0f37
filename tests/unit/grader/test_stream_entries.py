"""Stream entries: what the scripts write is what the recorder reads, and anything else is named as malformed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quizapp.grader.stream import Answered, ExtraTimeSet, Finished, Malformed, Record, Started, encode, parse

ids = st.integers(1, 2**53)
moments = st.integers(0, 2**45)
small = st.integers(0, 2**31 - 1)
RECORDS: tuple[st.SearchStrategy[Record], ...] = (
    st.builds(
        Started,
        ids,
        small,
        st.none() | ids,
        st.text("0123456789abcdef", min_size=1, max_size=32),
        moments,
        small,
        small,
    ),
    st.builds(Answered, ids, small, small, st.integers(0, 255), small, small, moments),
    st.builds(
        Finished,
        ids,
        small,
        moments,
        small,
        st.sampled_from(["person", "deadline"]),
        small,
        small,
        st.lists(small).map(tuple),
    ),
    st.builds(ExtraTimeSet, ids, small, small),
)


@pytest.mark.parametrize("kind", RECORDS)
def test_what_is_written_is_read_again(kind: st.SearchStrategy[Record]) -> None:
    @given(st.lists(kind, min_size=1, max_size=5))
    def check(records: list[Record]) -> None:
        assert parse(encode(records)) == records

    check()


@pytest.mark.parametrize(
    "fields",
    [
        None,
        {},
        {"z": "1|2"},
        {"a": ""},
        {"a": "1|1|1|1|1|1"},
        {"a": "1|1|1|1|1|1|1|1"},
        {"a": "1|1|x|1|1|1|1"},
        {"a": "1|1|1|1|1|1|1;"},
        {"s": "1|1|0||5|0|0"},
        {"s": f"1|1|0|{'s' * 33}|5|0|0"},
        {"f": "1|1|5|5|nobody|0|0|0"},
        {"f": "1|1|5|5|person|0|0|1,,2"},
        {"x": "1|1|1.5"},
        {"a": "1|1|1|1|1|1|1", "v": "2"},
    ],
)
def test_anything_else_is_malformed(fields: dict[str, str] | None) -> None:
    with pytest.raises(Malformed):
        parse(fields)


def test_the_reason_does_not_repeat_the_values() -> None:
    with pytest.raises(Malformed) as caught:
        parse({"a": "secret|1|1|1|1|1|1"})
    assert "secret" not in str(caught.value)
