"""Who may see the boards, and which unit is named beside a person."""

import pytest

from quizapp.leaderboards.figures import Figures
from quizapp.leaderboards.visibility import Sight, Viewer, sight, unit_shown

STRANGER = Viewer(signed_in=False)
OUTSIDER = Viewer(signed_in=True)
MEMBER = Viewer(signed_in=True, takes_part=True)
COORDINATOR = Viewer(signed_in=True, roles=frozenset({"coordinator"}))
ORGANIZER = Viewer(signed_in=True, roles=frozenset({"organizer"}))
AUDITOR = Viewer(signed_in=True, roles=frozenset({"auditor"}))


@pytest.mark.parametrize(
    ("boards", "viewer", "expected"),
    [
        ("public", STRANGER, Sight.YES),
        ("public", OUTSIDER, Sight.YES),
        ("members", STRANGER, Sight.SIGN_IN),
        ("members", OUTSIDER, Sight.MEMBERS_ONLY),
        ("members", MEMBER, Sight.YES),
        ("members", COORDINATOR, Sight.YES),
        ("members", ORGANIZER, Sight.YES),
        ("off", STRANGER, Sight.OFF),
        ("off", MEMBER, Sight.OFF),
        ("off", COORDINATOR, Sight.OFF),
        ("off", ORGANIZER, Sight.YES),
        ("off", AUDITOR, Sight.YES),
    ],
)
def test_boards_are_seen_by_whom_the_competition_says(boards: str, viewer: Viewer, expected: Sight) -> None:
    assert sight(boards, viewer) is expected


@pytest.mark.parametrize(("participants", "shown"), [(4, 1), (5, 2), (6, 2)])
def test_the_nearest_unit_with_enough_people_is_named(participants: int, shown: int) -> None:
    figures = {"1": Figures(participants=50), "2": Figures(participants=participants)}
    assert unit_shown((1, 2), figures, 5) == shown


def test_no_unit_is_named_where_all_are_small() -> None:
    assert unit_shown((1, 2), {"1": Figures(participants=4)}, 5) is None
