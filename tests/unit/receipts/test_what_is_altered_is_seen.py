"""Receipts and the tree over them: whatever is altered is seen, by the program and by the script that stands alone."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Sequence
from copy import deepcopy
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quizapp.receipts.content import Receipt, day_statement, fault_of_days, fault_of_receipt, receipt_for
from quizapp.receipts.merkle import EMPTY, leaf_hash, node_hash, path_of, root_by_path, root_of
from quizapp.signing import SigningKey, canonical, digest_of, is_signed, key_id, parsed

KEY, OTHER = SigningKey(b"k" * 32), SigningKey(b"o" * 32)
KEYS = {KEY.id: KEY.public}


def by_the_rfc(leaves: Sequence[bytes]) -> bytes:
    """MTH as RFC 6962 section 2.1 writes it."""
    if len(leaves) < 2:
        return leaves[0] if leaves else hashlib.sha256(b"").digest()
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    left, right = by_the_rfc(leaves[:split]), by_the_rfc(leaves[split:])
    return hashlib.sha256(b"\x01" + left + right).digest()


def leaves(count: int) -> list[bytes]:
    return [leaf_hash(str(number).encode()) for number in range(count)]


@pytest.mark.parametrize("count", [*range(20), 31, 32, 33, 100])
def test_the_root_is_that_of_the_rfc_in_blocks_too(count: int) -> None:
    expected = by_the_rfc(leaves(count))
    assert root_of(leaves(count)) == expected
    for block in (1, 2, 8):
        roots = [root_of(leaves(count)[first : first + block]) for first in range(0, count, block)]
        assert root_of(roots) == expected


def test_the_tree_of_the_rfcs_own_examples() -> None:
    """The empty tree and the leaf of an empty entry, as Certificate Transparency's test vectors have them."""
    assert EMPTY.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert leaf_hash(b"").hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"


@given(st.integers(1, 70), st.data())
def test_a_proof_leads_to_the_root_from_its_own_place_only(count: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, count - 1))
    all_leaves = leaves(count)
    root, path = root_of(all_leaves), path_of(all_leaves, index)
    assert root_by_path(all_leaves[index], index, count, path) == root
    for wrong in range(count):
        if wrong != index:
            assert root_by_path(all_leaves[index], wrong, count, path) != root
            assert root_by_path(all_leaves[wrong], index, count, path) != root
    assert root_by_path(all_leaves[index], index, count, [*path, b"0" * 32]) is None
    assert root_by_path(all_leaves[index], count, count, path) is None
    if path:
        assert root_by_path(all_leaves[index], index, count, path[:-1]) is None


def test_an_inner_node_is_no_entry() -> None:
    left, right = leaves(2)
    assert leaf_hash(left + right) != node_hash(left, right)


def test_the_signature_is_that_of_rfc_8032() -> None:
    """Section 7.1, test 1, whose message is empty, can't be written as JSON: so the public key, and another's check."""
    seed = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    assert SigningKey(seed).public == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"


def test_equal_values_have_equal_bytes() -> None:
    assert canonical({"b": [1, "质"], "a": 2}) == '{"a":2,"b":[1,"质"]}'.encode()
    with pytest.raises(ValueError):
        canonical({"a": float("nan")})


def test_what_two_readers_may_read_differently_is_not_read() -> None:
    assert parsed('{"a":[1,"质"]}') == {"a": [1, "质"]}
    for text in (
        '{"a":1,"a":2}',
        '[{"b":{"a":1,"a":1}}]',
        "[NaN]",
        "[Infinity]",
        "1.5",
        "1e400",
        "[" * 100_000,
        b"\xff",
    ):
        with pytest.raises(ValueError):
            parsed(text)


def test_a_key_can_not_take_anothers_name() -> None:
    signed = OTHER.sign({"a": 1})
    assert is_signed({"a": 1}, signed["key"], signed["signature"], {OTHER.id: OTHER.public})
    assert not is_signed({"a": 1}, KEY.id, signed["signature"], {KEY.id: OTHER.public})
    assert key_id(OTHER.public) == OTHER.id


# The files


def a_file(key: SigningKey = KEY) -> dict[str, Any]:
    """The third of seven receipts of a day, with its proof."""
    answers = [(1, "ab" * 32, "A"), (2, "cd" * 32, "BC"), (3, "ef" * 32, "")]
    receipts = [receipt_for(1, f"seed{number}", 1_800_000_000_000 + number, answers) for number in range(7)]
    all_leaves = [receipt.leaf for receipt in receipts]
    statement = day_statement(date(2026, 11, 22), 7, root_of(all_leaves), "")
    content = receipts[2].content
    file = {
        "receipt": content,
        **key.sign(content),
        "answers": answers,
        "entry": {
            "position": 2,
            "path": [step.hex() for step in path_of(all_leaves, 2)],
            "day": {"statement": statement, **key.sign(statement)},
        },
    }
    parsed: dict[str, Any] = json.loads(json.dumps(file))
    return parsed


def altered(*path: str | int, to: Any) -> dict[str, Any]:
    file = a_file()
    at: Any = file
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = to
    return file


def signed_anew() -> dict[str, Any]:
    """An altered receipt, signed with a key that is not the published one."""
    file = a_file()
    file["receipt"]["ended_ms"] -= 60_000
    return file | OTHER.sign(file["receipt"])


def added_afterwards() -> dict[str, Any]:
    """A receipt that the holder of the key signed later, with the proof of another."""
    file = a_file()
    file["receipt"]["ended_ms"] -= 60_000
    return file | KEY.sign(file["receipt"])


def a_day_as_a_receipt() -> dict[str, Any]:
    statement = a_file()["entry"]["day"]
    return {"receipt": statement["statement"], "key": statement["key"], "signature": statement["signature"]}


FORGED: dict[str, tuple[dict[str, Any], str]] = {
    "another answer": (altered("answers", 1, 2, to="B"), "answers_differ"),
    "another question": (altered("answers", 1, 1, to="00" * 32), "answers_differ"),
    "an answer left out": (altered("answers", to=a_file()["answers"][:2]), "answers_differ"),
    "the answers' digest": (altered("receipt", "answers", to="00" * 32), "receipt_not_signed"),
    "another time": (altered("receipt", "ended_ms", to=1), "receipt_not_signed"),
    "another attempt": (altered("receipt", "attempt", to="00" * 16), "receipt_not_signed"),
    "another field": (altered("receipt", "score", to=100), "receipt_not_signed"),
    "another's key": (signed_anew(), "receipt_not_signed"),
    "another's key under our key's name": (signed_anew() | {"key": KEY.id}, "receipt_not_signed"),
    "added after the root": (added_afterwards(), "not_in_the_day"),
    "another place": (altered("entry", "position", to=3), "not_in_the_day"),
    "a place beyond the day": (altered("entry", "position", to=7), "not_in_the_day"),
    "another path": (altered("entry", "path", 0, to="00" * 32), "not_in_the_day"),
    "another root": (altered("entry", "day", "statement", "root", to="00" * 32), "day_not_signed"),
    "another count": (altered("entry", "day", "statement", "count", to=8), "day_not_signed"),
    "a day's statement for a receipt": (a_day_as_a_receipt(), "receipt_not_signed"),
    "something that is not signed": (a_file() | {"score": 10_000}, "more_than_signed"),
    "something in the proof": (altered("entry", "note", to="更正后 100 分"), "more_than_signed"),
    "something beside the day": (altered("entry", "day", "closed", to=1), "more_than_signed"),
    "no receipt": ({"hello": 1}, "no_receipt"),
    "a list": (altered("receipt", to=[1]), "no_receipt"),
    "a signature that is no number": (altered("signature", to="xyz"), "receipt_not_signed"),
}


def test_a_receipt_holds_with_its_proof_without_it_and_without_answers() -> None:
    file = a_file()
    noted = [file["entry"]["day"]]
    assert fault_of_receipt(file, KEYS) == fault_of_receipt(file, KEYS, noted) == ""
    assert fault_of_receipt({name: file[name] for name in ("receipt", "key", "signature")}, KEYS) == ""


@pytest.mark.parametrize(("file", "fault"), FORGED.values(), ids=FORGED.keys())
def test_what_is_forged_is_seen(file: dict[str, Any], fault: str) -> None:
    assert fault_of_receipt(file, KEYS) == fault


def test_a_day_that_was_signed_twice_is_seen_by_who_noted_the_first_root() -> None:
    file = added_afterwards()
    leaf = Receipt(
        1,
        bytes.fromhex(file["receipt"]["attempt"]),
        bytes.fromhex(file["receipt"]["answers"]),
        file["receipt"]["ended_ms"],
    ).leaf
    statement = day_statement(date(2026, 11, 22), 1, leaf, "")
    file["entry"] = {"position": 0, "path": [], "day": {"statement": statement, **KEY.sign(statement)}}
    assert fault_of_receipt(file, KEYS) == ""
    assert fault_of_receipt(file, KEYS, [a_file()["entry"]["day"]]) == "another_root_was_noted"


def days(*numbers: int) -> list[dict[str, Any]]:
    previous, found = "", []
    for number in numbers:
        statement = day_statement(date(2026, 11, number), number, bytes(32), previous)
        previous = digest_of(statement)
        found.append({"statement": statement, **KEY.sign(statement)})
    return found


def test_days_follow_one_another_and_a_missing_or_a_replayed_one_is_seen() -> None:
    chain = days(1, 2, 5)
    assert fault_of_days(chain, KEYS) == ""
    assert fault_of_days([chain[0], chain[2]], KEYS) == "day_does_not_follow 2026-11-05"
    assert fault_of_days([*chain[:2], chain[1], chain[2]], KEYS) == "day_does_not_follow 2026-11-02"
    assert fault_of_days(days(2, 2), KEYS) == "day_does_not_follow 2026-11-02"
    forged = deepcopy(chain)
    forged[1]["statement"]["count"] = 1
    assert fault_of_days(forged, KEYS) == "day_not_signed 2026-11-02"
    assert fault_of_days([chain[0], {"statement": []}], KEYS) == "day_not_signed after 2026-11-01"


# The script that stands alone

SCRIPT = Path(__file__).parents[3] / "quizapp" / "receipts" / "check_receipt.py"


def script_says(
    folder: Path, file: dict[str, Any], noted: list[dict[str, Any]] | None = None, *, shown_first: str = ""
) -> str:
    """What the script prints last; -I keeps everything but the standard library from it."""
    documents: dict[str, Any] = {
        "receipt.json": file,
        "keys.json": {"keys": [{"id": key, "public": public} for key, public in KEYS.items()]},
        **({"days.json": {"days": noted}} if noted is not None else {}),
    }
    for name, document in documents.items():
        text = json.dumps(document)
        (folder / name).write_text(text.replace('"receipt":', shown_first + '"receipt":', 1) if shown_first else text)
    command = [sys.executable, "-I", "-S", str(SCRIPT), *(str(folder / name) for name in documents)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (run.returncode == 0) == run.stdout.strip().rpartition("\n")[2].startswith("TRUE")
    return (run.stdout + run.stderr).strip().rpartition("\n")[2]


@pytest.mark.once
def test_the_script_finds_true_what_is_true(tmp_path: Path) -> None:
    file = a_file()
    assert script_says(tmp_path, file) == "TRUE"
    assert script_says(tmp_path, file, [file["entry"]["day"]]) == "TRUE"
    assert script_says(tmp_path, {name: file[name] for name in ("receipt", "key", "signature")}).startswith("TRUE, but")
    assert script_says(tmp_path, {**file, "entry": None}, days(1, 2, 5)).startswith("TRUE, but")


@pytest.mark.once
@pytest.mark.parametrize("file", [file for file, _ in FORGED.values()], ids=FORGED.keys())
def test_the_script_sees_what_the_program_sees(tmp_path: Path, file: dict[str, Any]) -> None:
    assert not script_says(tmp_path, file).startswith("TRUE")


@pytest.mark.once
@pytest.mark.parametrize("first", ['"receipt": {"ended_ms": 1}, ', '"entry": 1.0, '])
def test_the_script_reads_nothing_that_could_be_read_in_two_ways(tmp_path: Path, first: str) -> None:
    assert script_says(tmp_path, a_file(), shown_first=first).startswith("FALSE: ")


@pytest.mark.once
def test_the_script_sees_days_that_were_changed(tmp_path: Path) -> None:
    chain = days(1, 2, 5)
    alone = {**a_file(), "entry": None}
    assert "2026-11-05" in script_says(tmp_path, alone, [chain[0], chain[2]])
    assert script_says(tmp_path, a_file(), chain) == "FALSE: another root was noted for its day"


def test_the_script_is_short() -> None:
    assert len(SCRIPT.read_text().splitlines()) < 100
