"""Who may start, and the reason why not."""

import pytest

from quizapp.competitions.eligibility import EntryFacts, PersonFacts, may_start
from quizapp.competitions.phase import Phase

OPEN = EntryFacts(Phase.OPEN, paused=False, entry="members")
LIN = PersonFacts(signed_in=True, membership="confirmed", path="/1/5/")
PENDING = PersonFacts(signed_in=True, membership="pending", path="/1/5/")
LONER = PersonFacts(signed_in=True)
STRANGER = PersonFacts(signed_in=False)


def test_a_confirmed_member_may_start_an_open_competition() -> None:
    verdict = may_start(OPEN, LIN)
    assert verdict.ok
    assert verdict.code == ""


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        (EntryFacts(Phase.DRAFT, False, "members"), "competition_not_open"),
        (EntryFacts(Phase.UPCOMING, False, "members"), "competition_not_open"),
        (EntryFacts(Phase.CLOSED, False, "members"), "competition_closed"),
        (EntryFacts(Phase.FROZEN, False, "members"), "competition_closed"),
        (EntryFacts(Phase.OPEN, True, "members"), "competition_paused"),
        (
            EntryFacts(Phase.OPEN, False, "members", ("/1/50/", "/2/")),
            "unit_not_invited",
        ),
    ],
)
def test_a_member_is_told_what_stands_in_the_way(facts: EntryFacts, code: str) -> None:
    verdict = may_start(facts, LIN)
    assert not verdict.ok
    assert verdict.code == code


@pytest.mark.parametrize("path", ["/1/", "/1/5/"])
def test_an_invitation_holds_for_the_unit_and_all_below_it(path: str) -> None:
    assert may_start(EntryFacts(Phase.OPEN, False, "members", (path,)), LIN).ok


@pytest.mark.parametrize(
    ("entry", "person", "code"),
    [
        ("anyone", LONER, ""),
        ("anyone", PENDING, ""),
        ("members", LONER, "membership_missing"),
        ("members", PENDING, ""),
        ("confirmed", LONER, "membership_missing"),
        ("confirmed", PENDING, "membership_pending"),
        ("confirmed", LIN, ""),
        ("anyone", STRANGER, "sign_in_first"),
    ],
)
def test_entry_asks_for_the_membership_it_names(entry: str, person: PersonFacts, code: str) -> None:
    assert may_start(EntryFacts(Phase.OPEN, False, entry), person).code == code


def test_a_competition_for_invited_units_asks_for_a_unit_even_if_anyone_may_enter() -> None:
    assert may_start(EntryFacts(Phase.OPEN, False, "anyone", ("/1/",)), LONER).code == "membership_missing"


def test_what_can_be_mended_is_told_before_the_opening_hour() -> None:
    assert may_start(EntryFacts(Phase.UPCOMING, False, "members"), LONER).code == "membership_missing"
