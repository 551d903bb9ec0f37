"""A capacity note says what was found, and shows when somebody changed it."""

from copy import deepcopy
from typing import Any

import pytest

from quizapp.rehearsals.note import FAULTS, KIND, compared, fault_of_note, holds, is_clean, lines_of, times_of
from quizapp.signing import SigningKey

KEY = SigningKey(b"r" * 32)
KNOWN = {KEY.id: KEY.public}
STATEMENT: dict[str, Any] = {
    **KIND,
    "competition": {"id": 7, "title": "竞赛", "minutes": 30},
    "people": 300,
    "roster": 5000,
    "machine": {"cores": 2, "memory_mib": 4096, "web_workers": 2, "sql": "SQLite 3", "store": "Valkey 9"},
    "opening": {"last_paper_ms": 17_000, "steps": {"page": times_of([3.0, 1.0, 2.0])}},
    "closing": {"last_submit_ms": 1200, "steps": {"submit": times_of([5.0])}},
    "highest": {"answers_per_s": 6000, "runs": [5900, 6000, 6100], "connections": 64, "players_cpu_us": 90},
    "paced": {"answers_per_s": 3000, **times_of([2.0] * 99 + [16.7])},
    "answers_a_person_x100": 2500,
    "come_again": {"page: 503": 3},
    "checks": {"acknowledged": 9000, "places": 7500, "recorded": 7500, **dict.fromkeys(FAULTS, 0)},
}


def note(**changes: Any) -> dict[str, Any]:
    statement = deepcopy(STATEMENT) | changes
    return {"statement": statement, **KEY.sign(statement)}


def test_a_note_holds_as_it_was_signed() -> None:
    assert fault_of_note(note(), KNOWN) == ""
    assert fault_of_note(note() | {"highest": 1}, KNOWN) == "more_than_signed"


@pytest.mark.parametrize(
    ("where", "name"), [("highest", "answers_per_s"), ("checks", "lost"), ("paced", "p99_us"), ("machine", "cores")]
)
def test_a_figure_that_was_changed_is_noticed(where: str, name: str) -> None:
    changed = note()
    changed["statement"][where][name] += 1
    assert fault_of_note(changed, KNOWN) == "note_not_signed"


def test_another_installations_signature_does_not_count() -> None:
    assert fault_of_note(note(), {SigningKey(b"x" * 32).id: SigningKey(b"x" * 32).public}) == "note_not_signed"


@pytest.mark.parametrize("file", [None, [], {}, {"statement": {}}, {"statement": 3}, note(type="quiz-receipt")])
def test_what_is_no_note_is_said_to_be_none(file: Any) -> None:
    assert fault_of_note(file, KNOWN) == "no_note"


def test_a_signed_statement_without_its_figures_is_no_note() -> None:
    statement = {name: value for name, value in STATEMENT.items() if name != "checks"}
    assert fault_of_note({"statement": statement, **KEY.sign(statement)}, KNOWN) == "no_note"


def test_times_are_the_median_the_slowest_hundredth_and_the_slowest() -> None:
    assert times_of([float(ms) for ms in range(200, 0, -1)]) == {
        "requests": 200,
        "p50_us": 101_000,
        "p99_us": 199_000,
        "max_us": 200_000,
    }
    assert times_of([]) == {"requests": 0}


def test_people_are_counted_at_half_of_the_highest_rate() -> None:
    # 3,000 answers a second for 1,800 s are 5,400,000; a person gives 25 of them
    assert holds(STATEMENT) == 216_000


def test_the_note_says_how_many_people_only_if_nothing_went_wrong() -> None:
    assert any("holds about 216000 people" in line for line in lines_of(STATEMENT))
    for fault in FAULTS:
        wrong = note(checks=STATEMENT["checks"] | {fault: 1})["statement"]
        assert not is_clean(wrong)
        assert not any("holds about" in line for line in lines_of(wrong)), fault


def test_columns_stand_below_each_other_where_chinese_takes_two() -> None:
    rows = [line for line in lines_of(STATEMENT) if line.startswith(("开场 opening:", "收卷 closing:", "半速 half"))]
    assert len(rows) == 3
    assert len({len(row.encode("gbk")) for row in rows}) == 1


CHOSEN = {(1, 1): 4, (1, 2): 2, (2, 1): 1}


@pytest.mark.parametrize(
    ("recorded", "kept", "wrong"),
    [
        (CHOSEN, {1: 100, 2: 60}, {}),
        ({(1, 1): 4, (2, 1): 1}, {1: 100, 2: 60}, {"lost": 1}),
        (CHOSEN | {(1, 2): 1}, {1: 100, 2: 60}, {"lost": 1}),  # an earlier answer than the last acknowledged
        (CHOSEN | {(2, 2): 1}, {1: 100, 2: 60}, {"invented": 1}),
        (CHOSEN, {1: 100, 2: 59}, {"mis_scored": 1}),
        (CHOSEN, {1: 100}, {"mis_scored": 1}),
    ],
)
def test_what_is_not_recorded_as_it_was_acknowledged_is_counted(
    recorded: dict[tuple[int, int], int], kept: dict[int, int], wrong: dict[str, int]
) -> None:
    found = compared(CHOSEN, set(), recorded, shown={1: 100, 2: 60}, kept=kept)
    assert found == {"places": 3, "recorded": len(recorded), "lost": 0, "invented": 0, "mis_scored": 0} | wrong


def test_an_answer_that_nothing_came_back_for_may_be_recorded_or_not() -> None:
    for recorded in (CHOSEN, CHOSEN | {(1, 2): 1}, CHOSEN | {(2, 2): 1}):
        found = compared(CHOSEN, {(1, 2), (2, 2)}, recorded, shown={}, kept={})
        assert not found["lost"] + found["invented"]
