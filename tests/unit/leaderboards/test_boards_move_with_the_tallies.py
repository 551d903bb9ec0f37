"""What a changed tally moves on the boards is what working all of them out anew would give."""

from hypothesis import given
from hypothesis import strategies as st

from quizapp.leaderboards.figures import Figures, Tree, Unit
from quizapp.leaderboards.refresh import Memory, all_boards, moved_boards, wanted_boards
from quizapp.leaderboards.sources import BoardRules

TREE = Tree(
    [
        Unit(1, "/1/", 30, "110000", "C"),
        Unit(2, "/1/2/", 10),
        Unit(3, "/1/3/", None, "310000"),
        Unit(4, "/1/3/4/", 4),
        Unit(9, "/9/", None, None, "J"),
        Unit(10, "/10/"),
    ]
)
sums = st.builds(
    Figures,
    started=st.integers(0, 9),
    participants=st.integers(0, 9),
    score_sum=st.integers(0, 90_000),
    used_ms_sum=st.integers(0, 9),
    full_marks=st.integers(0, 2),
    passed=st.integers(0, 9),
)
tallies = st.dictionaries(st.sampled_from([1, 2, 3, 4, 9, 10, 77]), sums)  # 77: a unit that the tree lacks (yet)


def remembered(tallies: dict[int, Figures]) -> Memory:
    """What the store holds once all of it has been written."""
    memory = Memory(1, 1, BoardRules(5, "score,time", minimum=5), TREE, tree_read_ms=0, tallies=tallies)
    memory.placed = wanted_boards(TREE, tallies, 5)
    return memory


@given(tallies, tallies)
def test_moving_gives_what_working_out_anew_gives(before: dict[int, Figures], changed: dict[int, Figures]) -> None:
    memory = remembered(before)
    gains = {unit: (before.get(unit, Figures()), own) for unit, own in changed.items()}
    moved = {**memory.placed, **moved_boards(memory, gains)}
    assert {subject: placed for subject, placed in moved.items() if placed} == wanted_boards(TREE, before | changed, 5)


def test_only_what_holds_the_unit_is_looked_at() -> None:
    memory = remembered({2: Figures(1, 1, 8000), 9: Figures(1, 1, 8000)})
    moved = moved_boards(memory, {2: (Figures(1, 1, 8000), Figures(2, 2, 9000))})
    assert moved.keys() == {"total:", "units:1", "units:2", "regions:110000", "industries:C"}


def test_what_no_longer_stands_is_taken_off() -> None:
    memory = remembered({9: Figures(1, 1, 8000)})
    moved = moved_boards(memory, {9: (Figures(1, 1, 8000), Figures())})
    assert moved["units:9"] is None
    assert moved["industries:J"] is None
    memory.tallies = {}
    assert all_boards(memory)["units:9"] is None
