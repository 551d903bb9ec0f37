"""Freezing leaves a signed snapshot that anybody checks, auditors down to the responses; every tampering is named."""

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import DatabaseError

from quizapp.competitions.models import Competition
from quizapp.extensions import db, signing_key
from quizapp.leaderboards.models import Snapshot, SnapshotPart
from quizapp.leaderboards.snapshot_lines import Lines
from quizapp.leaderboards.snapshots import SCRIPT, lines_of, parts_of, snapshot_or_404
from quizapp.leaderboards.verification import Fault, faults_of
from quizapp.receipts.ledger import issued, public_keys
from quizapp.signing import canonical
from tests.cast import Cast, TinyBank
from tests.integration.leaderboards.answered import Answered

Line = dict[str, Any]


@pytest.fixture
def frozen(app: Flask, cast: Cast, tiny_bank: TinyBank) -> Answered:
    answered = Answered(app, cast, tiny_bank, board_minimum_people=2)
    answered.freeze()
    return answered


def snapshot(answered: Answered) -> Snapshot:
    return snapshot_or_404(db.session.get_one(Competition, answered.id))


def content(answered: Answered, file: str) -> list[Line]:
    with answered.app.app_context():
        return [json.loads(line) for line in lines_of(snapshot(answered), file)]


def faults(lines: list[Line]) -> list[Fault]:
    return list(faults_of((canonical(line) + b"\n" for line in lines), None))


def codes(lines: list[Line]) -> set[str]:
    return {fault.code for fault in faults(lines)}


def of(lines: list[Line], kind: str) -> list[Any]:
    return [line[kind] for line in lines if kind in line]


def test_both_files_hold_and_are_signed_by_a_published_key(frozen: Answered) -> None:
    with frozen.app.app_context():
        for file in ("public", "audit"):
            assert list(faults_of(lines_of(snapshot(frozen), file), public_keys())) == []
            assert [f.code for f in faults_of(lines_of(snapshot(frozen), file), {})] == ["not_signed"]


@pytest.mark.once
def test_the_public_file_names_nobody_and_holds_no_response(frozen: Answered) -> None:
    lines = content(frozen, "public")
    assert {kind for line in lines[1:] for kind in line} == {"unit", "group", "row"}
    written = json.dumps(lines, ensure_ascii=False)
    for secret in ("林晓", "薄明", "seed", "chosen", "选项"):
        assert secret not in written
    row = of(lines, "row")[0]
    assert row.keys() == {
        "place", "rank", "participant", "attempt", "answers", "unit", "score", "used_ms", "submitted_ms",
    }  # fmt: skip
    one = next(group for group in of(lines, "group") if group["figures"]["participants"] < 2)
    assert one["figures"].keys() == {"participants", "headcount", "covered"}


@pytest.mark.once
def test_a_receipt_finds_its_row(frozen: Answered) -> None:
    rows = of(content(frozen, "public"), "row")
    with frozen.app.app_context():
        competition = db.session.get_one(Competition, frozen.id)
        found = [issued(competition, frozen.cast.lin.id, ordinal).receipt for ordinal in (1, 2)]
    mine = [row for row in rows if row["participant"] == found[0].attempt.hex()]
    assert len(mine) == 1
    assert (mine[0]["attempt"], mine[0]["answers"]) in {(each.attempt.hex(), each.answers.hex()) for each in found}


def another_score(lines: list[Line]) -> None:
    of(lines, "row")[-1]["score"] -= 100  # the last: the order stays right


def another_unit(lines: list[Line]) -> None:
    of(lines, "row")[0]["unit"] = 999_999


def two_swapped(lines: list[Line]) -> None:
    first, second = of(lines, "row")[:2]
    kept = dict(first)
    first.update({name: second[name] for name in ("score", "used_ms", "submitted_ms")})
    second.update({name: kept[name] for name in ("score", "used_ms", "submitted_ms")})


def another_response(lines: list[Line]) -> None:
    row = of(lines, "row")[2]
    evidence = of(lines, "evidence")[2]
    for attempt in evidence["attempts"]:
        attempt["chosen"][0] ^= 4
    assert row["place"] == 3


def another_key(lines: list[Line]) -> None:
    question = of(lines, "bank")[0]["questions"][0]
    question["key"] = "B"


def another_bank(lines: list[Line]) -> None:
    lines[0]["statement"]["bank"]["digest"] = "0" * 64


def another_signature(lines: list[Line]) -> None:
    signature = lines[0]["signature"]
    other = "0" if signature[64] != "0" else "1"  # of the second half, the number: the first may be no point any more
    lines[0]["signature"] = signature[:64] + other + signature[65:]


def another_headcount(lines: list[Line]) -> None:
    of(lines, "tree")[0]["headcount"] = 1


def another_title(lines: list[Line]) -> None:
    lines[0]["statement"]["title"] += "！"


def another_rank(lines: list[Line]) -> None:
    of(lines, "row")[3]["rank"] = 1


def another_sum(lines: list[Line]) -> None:
    group = next(group for group in of(lines, "group") if "score_sum" in group["figures"])
    group["figures"]["score_sum"] += 1


def one_left_out(lines: list[Line]) -> None:
    last = max(number for number, line in enumerate(lines) if "row" in line)
    del lines[last:]


def evidence_left_out(lines: list[Line]) -> None:
    del lines[max(number for number, line in enumerate(lines) if "evidence" in line)]


def somebody_twice(lines: list[Line]) -> None:
    rows = of(lines, "row")
    rows[1]["participant"] = rows[0]["participant"]


TAMPERING: list[tuple[str, Callable[[list[Line]], None], set[str]]] = [
    ("audit", another_score, {"row_differs", "rows_differ"}),
    ("public", another_score, {"rows_differ"}),
    ("audit", another_unit, {"row_differs", "rows_differ"}),
    ("public", two_swapped, {"rows_differ", "order_differs"}),
    ("audit", another_response, {"responses_differ", "evidences_differ"}),
    ("audit", another_key, {"bank_differs"}),
    ("audit", another_bank, {"not_signed", "bank_differs"}),
    ("public", another_signature, {"not_signed"}),
    ("audit", another_signature, {"not_signed"}),
    ("audit", another_headcount, {"trees_differ", "group_differs"}),
    ("public", another_sum, {"groups_differ", "group_differs"}),
    ("audit", another_sum, {"groups_differ", "group_differs"}),
    ("public", one_left_out, {"rows_differ"}),
    ("audit", evidence_left_out, {"evidence_missing", "evidences_differ"}),
    ("public", somebody_twice, {"twice"}),
]


@pytest.mark.once
def test_every_tampering_is_named(frozen: Answered) -> None:
    files = {file: json.dumps(content(frozen, file)) for file in ("public", "audit")}
    for file, tamper, wanted in TAMPERING:
        lines = json.loads(files[file])
        assert codes(lines) == set()
        tamper(lines)
        assert wanted <= codes(lines), f"{tamper.__name__} in the {file} file: {faults(lines)}"


def signed_again(answered: Answered, lines: list[bytes], **said: Any) -> list[bytes]:
    """What somebody makes of a file who has the signing key: digests, counts and signature fit the lines."""
    with answered.app.app_context():
        found = Lines()
        for line in lines[1:]:
            kind = line[2 : line.index(b'"', 2)].decode()
            if kind != "bank":
                found.add(kind, line)
        statement = json.loads(lines[0])["statement"] | {"counts": found.counts, "digests": found.digests} | said
        head = {"statement": statement, **signing_key().sign(statement), "public": signing_key().public}
    return [canonical(head) + b"\n", *lines[1:]]


@pytest.mark.once
def test_what_can_be_read_in_two_ways_is_seen_though_it_is_signed(frozen: Answered) -> None:
    with frozen.app.app_context():
        lines = list(lines_of(snapshot(frozen), "public"))
    row = next(number for number, line in enumerate(lines) if line.startswith(b'{"row"'))

    def found(old: bytes, new: bytes) -> list[str]:
        again = [*lines[:row], lines[row].replace(old, new), *lines[row + 1 :]]
        return [fault.code for fault in faults_of(signed_again(frozen, again), None)]

    assert found(b"", b"") == []
    assert found(b'"score":', b'"score":100,"score":') == ["line_unreadable"]
    score = lines[row].partition(b'"score":')[2].partition(b",")[0]
    assert found(b'"score":' + score, b'"score":' + score + b".0") == ["line_unreadable"]
    assert found(b'"score":' + score, b'"score":NaN') == ["line_unreadable"]


@pytest.mark.once
def test_nothing_stands_beside_the_signed_statement_and_the_counts_are_those_of_the_lines(frozen: Answered) -> None:
    lines = content(frozen, "public")
    assert codes([lines[0] | {"corrected": True}, *lines[1:]]) == {"more_than_signed"}
    with frozen.app.app_context():
        raw, known = list(lines_of(snapshot(frozen), "public")), public_keys()
    other = canonical(lines[0] | {"public": "00" * 32}) + b"\n"
    assert [fault.code for fault in faults_of([other, *raw[1:]], known)] == ["more_than_signed"]
    counts = lines[0]["statement"]["counts"]
    more = signed_again(frozen, raw, counts=counts | {"row": counts["row"] + 1})
    assert [fault.code for fault in faults_of(more, None)] == ["counts_differ"]


@pytest.mark.once
def test_an_auditors_file_without_its_evidence_is_told_to_be_none(frozen: Answered, tmp_path: Path) -> None:
    """What is left is the public file, and true: but nobody may believe that the scores were worked out again."""
    lines = [line for line in content(frozen, "audit") if not line.keys() & {"bank", "tree", "evidence"}]
    assert lines == content(frozen, "public")
    runner = frozen.app.test_cli_runner()
    path = tmp_path / "standings-1-1-audit.jsonl"
    for whole, said in ((content(frozen, "audit"), "监督员文件"), (lines, "没有原始作答")):
        path.write_bytes(b"".join(canonical(line) + b"\n" for line in whole))
        verdict = runner.invoke(args=["leaderboards", "verify", str(path)])
        assert verdict.exit_code == 0, verdict.output
        assert said in verdict.output


@pytest.mark.once
def test_evidence_before_the_bank_is_no_file_of_ours(frozen: Answered) -> None:
    lines = content(frozen, "audit")
    evidence = next(line for line in lines if "evidence" in line)
    assert "line_unreadable" in codes([lines[0], evidence, *lines[1:]])


@pytest.mark.once
def test_what_is_no_snapshot_is_said_to_be_none(frozen: Answered) -> None:
    for line in (b"", b"{}", b"[1]\n", b'{"statement": {}}', b"\xff\xfe", b"[" * 100_000):
        assert [fault.code for fault in faults_of([line], None)] == ["not_a_snapshot"]
    lines = content(frozen, "audit")
    broken_lines: list[Line] = [{"row": {}}, {"evidence": {"attempts": []}}, {"what": 1}, {"tree": []}]
    for broken in broken_lines:
        assert "line_unreadable" in codes([*lines[:3], broken])


@pytest.mark.once
def test_verify_needs_neither_database_nor_network(frozen: Answered, tmp_path: Path) -> None:
    with frozen.app.app_context():
        (tmp_path / "a.jsonl.gz").write_bytes(b"".join(parts_of(snapshot(frozen), "audit")))
        keys = [{"id": key, "public": public} for key, public in public_keys().items()]
    (tmp_path / "keys.json").write_text(json.dumps({"keys": keys}))
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("QUIZ_", "REDIS_"))},
        "QUIZ_DATA_DIR": str(tmp_path / "nothing"),
        "DATABASE_URL": "postgresql+psycopg://nobody@127.0.0.1:9/none",
        "REDIS_URL": "redis://127.0.0.1:9/0",
    }
    start = "import sys; sys.path.insert(0, sys.argv.pop(1)); from quizapp.cli import main; main()"
    verify = ("leaderboards", "verify", "a.jsonl.gz", "--keys", "keys.json")
    command = [sys.executable, "-c", start, str(Path.cwd()), *verify]
    called = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert called.returncode == 0, called.stdout + called.stderr
    assert "真 TRUE" in called.stdout
    lines = gzip.decompress((tmp_path / "a.jsonl.gz").read_bytes()).replace(b'"score":', b'"score":1', 1)
    (tmp_path / "b.jsonl").write_bytes(lines)
    called_here = frozen.app.test_cli_runner().invoke(args=["leaderboards", "verify", str(tmp_path / "b.jsonl")])
    assert called_here.exit_code == 1
    assert "假 FALSE: 与原始作答重算结果不符，个人榜第几行： The raw responses give another row" in called_here.output


@pytest.mark.once
def test_the_script_for_strangers_says_the_same_with_python_alone(frozen: Answered, tmp_path: Path) -> None:
    with frozen.app.app_context():
        keys = [{"id": key, "public": public} for key, public in public_keys().items()]
    (tmp_path / "keys.json").write_text(json.dumps({"keys": keys}))
    tampering: list[tuple[Callable[[list[Line]], None], str]] = [
        (lambda lines: None, "TRUE: 4 people, snapshot 1"),
        (another_signature, "FALSE: the signature is not of this snapshot"),
        (another_title, "FALSE: the signature is not of this snapshot"),
        (another_score, "FALSE: lines of kind row were changed"),
        (another_rank, "FALSE: the rank of row 4, or somebody stands there twice"),
        (two_swapped, "FALSE: the order of row 2"),
        (another_sum, "FALSE: lines of kind group were changed"),
        (one_left_out, "FALSE: lines of kind row were changed"),
    ]
    for tamper, verdict in tampering:
        lines = content(frozen, "public")
        tamper(lines)
        written = b"".join(canonical(line) + b"\n" for line in lines)
        (tmp_path / "s.jsonl.gz").write_bytes(gzip.compress(written))
        command = [sys.executable, "-I", "-S", str(SCRIPT), "s.jsonl.gz", "keys.json"]
        called = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert (called.stdout + called.stderr).startswith(verdict), tamper
        assert called.returncode == int(verdict.startswith("FALSE"))


@pytest.mark.parametrize("table", [Snapshot, SnapshotPart])
def test_a_snapshot_can_be_neither_changed_nor_removed(
    frozen: Answered, table: type[Snapshot] | type[SnapshotPart]
) -> None:
    with frozen.app.app_context():
        for statement in (update(table).values(number=7), delete(table)):
            with pytest.raises(DatabaseError, match="immutable"):
                db.session.execute(statement)
            db.session.rollback()
        if db.engine.dialect.name == "sqlite":
            name = table.__tablename__
            with pytest.raises(DatabaseError, match="immutable"):
                db.session.execute(text(f"INSERT OR REPLACE INTO {name} SELECT * FROM {name} LIMIT 1"))
            db.session.rollback()
        assert db.session.scalars(select(table)).first() is not None
