"""What is missing follows from one look, the cause before what follows from it."""

from dataclasses import replace

import pytest

from quizapp.operations.readiness import (
    BEHIND_MS,
    SILENT_MS,
    Memory,
    Observed,
    Past,
    Recording,
    Waiting,
    missing,
    warnings,
)

WELL = Observed(
    needed_revision="0007",
    sql=True,
    revision="0007",
    store=True,
    memory=Memory(10, 100),
    waiting=Waiting(3, 1, 40),
    unrecordable=0,
    recording=Recording(900, (), {"one": 5}),
)


def codes(observed: Observed | None) -> list[str]:
    return [each.code for each in missing(observed)]


def test_an_installation_that_lacks_nothing_is_ready() -> None:
    assert codes(WELL) == []


def test_a_database_that_is_ahead_is_no_fault() -> None:
    assert codes(replace(WELL, revision="0008")) == []


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"sql": False, "revision": None}, ["sql_away"]),
        ({"revision": None}, ["sql_not_migrated"]),
        ({"revision": "0006"}, ["sql_not_migrated"]),
        ({"store": False, "recording": None, "waiting": None}, ["store_away"]),
        ({"sql": False, "store": False, "recording": None}, ["sql_away", "store_away"]),
        ({"unprimed": 2}, ["store_unprimed"]),
        ({"uncompared": 1}, ["store_uncompared"]),
        ({"recording": None}, ["recorder_unseen"]),
        ({"recording": Recording(SILENT_MS, (), {})}, []),
        ({"recording": Recording(SILENT_MS + 1, ("take",), {})}, ["recorder_silent"]),
        ({"recording": Recording(5, ("take", "restore"), {})}, ["recorder_failing"]),
        ({"waiting": Waiting(9, 0, BEHIND_MS)}, []),
        ({"waiting": Waiting(9, 0, BEHIND_MS + 1)}, ["recorder_behind"]),
        ({"uncompared": 1, "recording": None}, ["store_uncompared", "recorder_unseen"]),
    ],
)
def test_what_is_missing_is_named(changed: dict[str, object], expected: list[str]) -> None:
    assert codes(replace(WELL, **changed)) == expected  # type: ignore[arg-type]


def test_a_look_that_does_not_come_back_is_said() -> None:
    assert codes(None) == ["checks_hang"]


def test_the_rate_is_that_of_the_last_complete_slot() -> None:
    slots = (Past(0, 5, 0, 0), Past(10, 70, 0, 0), Past(20, 3, 0, 0))
    assert replace(WELL, past=slots).recorded_a_second == 7
    assert WELL.recorded_a_second is None


def test_memory_is_low_below_a_tenth() -> None:
    assert not Memory(90, 100).is_low
    assert Memory(91, 100).is_low
    assert Memory(120, 100).headroom == 0


def test_clocks_that_differ_are_a_warning_and_keep_nothing_from_being_ready() -> None:
    apart = replace(WELL, clocks={"one": 1000, "SQL": -1001, "two": 90_000}, ahead_ms=1001)
    assert codes(apart) == []
    assert [(each.code, each.facts.get("name"), each.facts["seconds"]) for each in warnings(apart)] == [
        ("store_clock_set_back", None, 1),
        ("clocks_apart", "SQL", "-1.0"),
        ("clocks_apart", "two", "+90.0"),
    ]
    assert warnings(replace(WELL, clocks={"one": -1000}, ahead_ms=1000)) == warnings(None) == []
