"""A request's name is well-formed whoever gave it, and no line holds a phone number or a ticket."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quizapp.attempts.ticket import LENGTH, Ticket, Tickets
from quizapp.log_lines import ALPHABET, add_request, name_for, named, redact, redacted


@pytest.mark.parametrize("name", ["0123456789abcdef0123456789abcdef", "web-1.20261122", "k7vm-3xqh-pw9d"])
def test_a_well_formed_name_is_taken_over(name: str) -> None:
    assert name_for(name) == name


@pytest.mark.parametrize(
    "name",
    [
        None,
        "",
        "short",
        "x" * 41,
        "a b c d e f",
        "new\nline-in-it",
        "<script>alert",
        "13800001111",
        "u-13800001111",
        "名字名字名字名字",
    ],
)
def test_any_other_is_replaced(name: str | None) -> None:
    made = name_for(name)
    assert made != name
    assert [len(part) for part in made.split("-")] == [4, 4, 4]
    assert set(made) <= set(ALPHABET) | {"-"}
    assert name_for(made) == made
    assert name_for(name) != made


@given(st.text(max_size=30), st.text(max_size=30), st.integers(3, 9), st.integers(0, 10**9 - 1))
def test_a_phone_number_never_stays(before: str, after: str, second: int, rest: int) -> None:
    phone = f"1{second}{rest:09}"
    for line in (f"{before} {phone} {after}", f"{before}='{phone}'{after}", f"{before}\n+86 {phone}\n{after}"):
        assert phone not in redacted(line)


@given(st.integers(0, 2**32 - 1), st.integers(0, 2**40), st.text(max_size=20))
def test_a_ticket_never_stays(competition: int, account: int, around: str) -> None:
    ticket = Tickets("a secret of sixteen").issue(Ticket(competition, 1, account, 1, 1))
    assert len(ticket) == LENGTH
    assert ticket not in redacted(f"{around} X-Ticket: {ticket}\r\n{around}")


def test_the_values_that_postgresql_quotes_are_cut() -> None:
    text = "duplicate key\nDETAIL:  Key (login)=(lin) already exists.\nLINE 1"
    assert redacted(text) == "duplicate key\nDETAIL: [left out]\nLINE 1"


def test_ids_and_moments_stay() -> None:
    line = "stream={q42.7}:stream entry=1700000000000-10 attempt=12 digest=" + "a1" * 32
    assert redacted(line) == line


def test_a_line_carries_the_name_of_its_request_and_no_other() -> None:
    with named("k7vm-3xqh-pw9d"):
        assert add_request(None, "", {"event": "a"}) == {"event": "a", "request": "k7vm-3xqh-pw9d"}
    assert add_request(None, "", {"event": "a"}) == {"event": "a"}
    assert redact(None, "", {"event": "of 13800001111", "number": 5}) == {"event": "of [phone]", "number": 5}
