"""The file of a draw: whatever is altered in it is seen by the command's check, and by the script wherever that can see it."""

import copy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from quizapp.draws import beacon
from quizapp.draws.check_draw import check
from quizapp.draws.content import (
    chance_brought,
    chance_by_beacon,
    chance_by_commitment,
    fault_of_draw,
    statement,
)
from quizapp.draws.drawing import Entry, Prize, commitment_to, roll_digest, roll_header, seed_from, winners
from quizapp.signing import SigningKey, canonical
from tests.unit.draws.test_the_beacon import SIGNED

KEY = SigningKey(bytes(32))
KEYS = {KEY.id: KEY.public}
SCRIPT = Path(__file__).parents[3] / "quizapp/draws/check_draw.py"
PRIZES = [Prize("一等奖", 3, 10_000, 10_000), Prize("二等奖", 2, 9500, 9999), Prize("三等奖", 3, 6000, 9999)]
ENTRIES = [Entry(f"{number:020x}", 10_000 - 250 * number) for number in range(16)]
AT_MS = int(beacon.time_of(1000).timestamp() * 1000)
SECRET = "5e" * 32
File = dict[str, Any]


def signed(draw: File) -> File:
    return {"draw": draw, **KEY.sign(draw)}


def made(kind: str = "beacon", *, drawn: bool = True) -> File:
    header = roll_header(
        competition=7, title="质量竞赛", number=1, reason="", standings="5f" * 32, prizes=PRIZES, excluded={"staff": 1}
    )
    digest = roll_digest(header, ENTRIES)
    if kind == "beacon":
        chance = chance_by_beacon(1000, AT_MS - 3_600_000)
        outcome = {"signature": SIGNED[1000], "drawn_ms": AT_MS + 5000}
    else:
        committed = commitment_to(digest, SECRET)
        chance = chance_by_commitment(committed, "双色球", AT_MS, AT_MS + 86_400_000, AT_MS - 3_600_000)
        outcome = {"secret": SECRET, "number": "0102030405061", "drawn_ms": AT_MS + 5000}
    if not drawn:
        return signed(statement(header, ENTRIES, digest, AT_MS - 7_200_000, chance, None))
    won = winners(PRIZES, ENTRIES, seed_from(digest, chance_brought(chance, outcome)))
    return signed(statement(header, ENTRIES, digest, AT_MS - 7_200_000, chance, outcome, won))


def run_script(file: File, folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    return run_script_on(canonical(file) + b"\n", folder, *more)


def run_script_on(content: bytes, folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    (folder / "draw.json").write_bytes(content)
    command = [sys.executable, "-I", "-S", str(SCRIPT), "draw.json", *more]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, encoding="utf-8", timeout=60)


@pytest.mark.parametrize("kind", ["beacon", "commitment"])
def test_what_is_true_is_found_true_by_both(kind: str, tmp_path: Path) -> None:
    file = made(kind)
    assert fault_of_draw(file, KEYS) == ""
    run = run_script(file, tmp_path, ENTRIES[0].id)
    assert run.returncode == 0, run.stderr
    assert run.stdout.endswith("TRUE\n")
    assert all(entry in run.stdout for won in file["draw"]["winners"] for entry in won)
    assert f"the lot of {ENTRIES[0].id}" in run.stdout


def test_before_the_draw_there_is_nothing_to_win(tmp_path: Path) -> None:
    file = made(drawn=False)
    assert fault_of_draw(file, KEYS) == ""
    run = run_script(file, tmp_path)
    assert run.returncode == 0
    assert "NOT DRAWN YET" in run.stdout
    assert fault_of_draw(signed(file["draw"] | {"winners": [[ENTRIES[0].id]]}), KEYS) == "winners_differ"


def swap_winners(draw: File) -> None:
    draw["winners"][0][0], draw["winners"][1][0] = draw["winners"][1][0], draw["winners"][0][0]


def change(*path: str | int, to: Any) -> Callable[[File], None]:
    def do(draw: File) -> None:
        place: Any = draw
        for step in path[:-1]:
            place = place[step]
        assert place[path[-1]] != to
        place[path[-1]] = to

    do.__name__ = "-".join(map(str, path))
    return do


def drop_entry(draw: File) -> None:
    del draw["entries"][15]


def double_entry(draw: File) -> None:
    draw["entries"].insert(1, draw["entries"][0])


def add_winner(draw: File) -> None:
    draw["winners"].append(["00"])


ALTERED: list[tuple[str, Callable[[File], None], str]] = [
    ("beacon", change("roll", "prizes", 0, "quota", to=4), "roll_differs"),
    ("beacon", change("roll", "title", to="别的竞赛"), "roll_differs"),
    ("beacon", change("roll", "standings", to="00" * 32), "roll_differs"),
    ("beacon", change("roll", "excluded", "staff", to=0), "roll_differs"),
    ("beacon", change("roll", "number", to=2), "roll_differs"),
    ("beacon", change("entries", 3, 1, to=10_000), "roll_differs"),
    ("beacon", change("entries", 15, 0, to="ff" * 10), "roll_differs"),
    ("beacon", drop_entry, "roll_differs"),
    ("beacon", double_entry, "roll_differs"),
    ("beacon", change("digest", to="00" * 32), "roll_differs"),
    ("beacon", change("chance", "round", to=1001), "another_beacon"),
    ("beacon", change("chance", "at_ms", to=AT_MS - 3000), "another_beacon"),
    ("beacon", change("chance", "named_ms", to=AT_MS), "chance_named_too_late"),
    ("beacon", change("frozen_ms", to=AT_MS - 3_599_999), "chance_named_too_late"),
    ("beacon", change("outcome", "drawn_ms", to=AT_MS - 1), "drawn_too_early"),
    ("beacon", change("outcome", "signature", to=SIGNED[1001]), "beacon_not_genuine"),
    ("beacon", swap_winners, "winners_differ"),
    ("beacon", add_winner, "winners_differ"),
    ("commitment", change("outcome", "secret", to="5f" * 32), "commitment_differs"),
    ("commitment", change("chance", "commitment", to="5f" * 32), "commitment_differs"),
    ("commitment", change("outcome", "number", to="0102030405062"), "winners_differ"),
    ("commitment", change("outcome", "drawn_ms", to=AT_MS + 86_400_001), "opened_too_late"),
    ("commitment", swap_winners, "winners_differ"),
    ("beacon", change("type", to="quiz-receipt"), "no_draw"),
    ("beacon", change("version", to=2), "no_draw"),
    ("beacon", change("chance", "round", to=10**30), "no_draw"),
]


@pytest.mark.parametrize(("kind", "alter", "fault"), ALTERED, ids=lambda value: getattr(value, "__name__", None))
def test_altered_and_signed_again_it_is_still_seen(kind: str, alter: Callable[[File], None], fault: str) -> None:
    draw = copy.deepcopy(made(kind)["draw"])
    alter(draw)
    assert fault_of_draw(signed(draw), KEYS) == fault
    with pytest.raises(SystemExit, match=r"^FALSE: "):  # the script needs no signature to see all of these
        check(draw, "")


@pytest.mark.parametrize(
    "alter",
    [change("frozen_ms", to=0), change("chance", "named_ms", to=AT_MS - 3_600_001), change("roll", "title", to="假")],
    ids=lambda value: value.__name__,
)
def test_altered_without_the_key_it_is_not_signed(alter: Callable[[File], None]) -> None:
    file = copy.deepcopy(made())
    alter(file["draw"])
    assert fault_of_draw(file, KEYS) == "draw_not_signed"
    assert fault_of_draw(made(), {}) == "draw_not_signed"


def test_what_is_not_signed_has_no_place_in_the_file(tmp_path: Path) -> None:
    file = made() | {"winners": [[ENTRIES[0].id]]}
    assert fault_of_draw(file, KEYS) == "more_than_signed"
    assert run_script(file, tmp_path).stderr.startswith("FALSE: something in the file is not signed")


@pytest.mark.parametrize("first", [b'"winners":[["00"]],', b'"aside":NaN,', b'"aside":1e999,', b'"aside": 1,'])
def test_the_script_reads_nothing_that_could_be_read_in_two_ways(tmp_path: Path, first: bytes) -> None:
    published = canonical(made()) + b"\n"
    assert run_script_on(published, tmp_path).stdout.endswith("TRUE\n")
    altered = published.replace(b'"draw":{', b'"draw":{' + first, 1)
    assert run_script_on(altered, tmp_path).stderr.startswith("FALSE: ")


def test_an_id_that_only_looks_like_one_is_no_entry() -> None:
    """Of two that look alike a person would take one for the other: they are hexadecimal digits in small letters."""
    for like in ("0000000000000000000F", "0000000000000000000o", "000000000000000000１0"):
        entries = sorted([*ENTRIES, Entry(like, 10_000)], key=lambda entry: entry.id)
        draw = made(drawn=False)["draw"]
        digest = roll_digest(draw["roll"], entries)
        draw |= {"entries": [[entry.id, entry.score] for entry in entries], "digest": digest}
        assert fault_of_draw(signed(draw), KEYS) == "no_draw"
        with pytest.raises(SystemExit, match=r"^FALSE: an entry has a strange id"):
            check(draw, "")


@pytest.mark.parametrize("file", [{}, [], None, {"draw": []}, {"draw": {}, "key": 5}, {"draw": None}])
def test_what_is_no_draw_is_called_so(file: Any) -> None:
    assert fault_of_draw(file, KEYS) == "no_draw"


def test_the_script_ends_with_a_failure(tmp_path: Path) -> None:
    draw = copy.deepcopy(made()["draw"])
    swap_winners(draw)
    run = run_script(signed(draw), tmp_path)
    assert run.returncode == 1
    assert run.stderr.startswith("FALSE: others win")


def test_the_script_is_short_and_needs_python_alone() -> None:
    lines = SCRIPT.read_text(encoding="utf-8").splitlines()
    assert len(lines) < 80
    modules = {line.split()[1] for line in lines if line.startswith(("import ", "from "))}
    assert modules <= sys.stdlib_module_names
