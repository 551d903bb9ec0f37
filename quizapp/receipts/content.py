"""Receipts (收据): what is signed for a participant whose attempt has ended, and how anybody checks it. Pure.

A receipt says which attempt ended when, and the digest of its answers: for each position the digest of the question as it
was shown and the letters chosen. It follows from the recorded attempt alone, so whoever computes it, and when, gets the
same bytes. Nobody learns from it who the person is, what is right (a question's digest here is one without its key) or the
score; the attempt's id is a digest of its secret seed, which leads to nobody and can't be guessed.

The receipts that were entered in the ledger on one day are the leaves of a Merkle tree (`merkle`), in the order of their
entering. Its root, their number and the digest of the day before are signed and published: the day's statement.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from quizapp.banks.content import BankContent, letters
from quizapp.papers.assembly import Paper
from quizapp.receipts.merkle import leaf_hash, root_by_path
from quizapp.signing import canonical, digest_of, is_signed

RECEIPT = {"type": "quiz-receipt", "version": 1}
DAY = {"type": "quiz-receipts-of-a-day", "version": 1}
ATTEMPT_BYTES = 16
Answers = list[tuple[int, str, str]]  # position, digest of the question as shown, letters chosen


@dataclass(frozen=True, slots=True)
class Receipt:
    """What is signed. `attempt` and `answers` are digests, `ended_ms` the server's time of the end, in ms since 1970."""

    competition: int
    attempt: bytes
    answers: bytes
    ended_ms: int

    @property
    def content(self) -> dict[str, Any]:
        """The receipt as JSON values."""
        return {
            **RECEIPT,
            "competition": self.competition,
            "attempt": self.attempt.hex(),
            "answers": self.answers.hex(),
            "ended_ms": self.ended_ms,
        }

    @property
    def leaf(self) -> bytes:
        """Its digest in the day's tree."""
        return leaf_hash(canonical(self.content))

    @property
    def code(self) -> str:
        """A short name for people: the first 16 digits of the receipt's digest, in fours."""
        digest = digest_of(self.content)[:16].upper()
        return "-".join(digest[at : at + 4] for at in range(0, 16, 4))


def attempt_id(competition: int, seed: str) -> bytes:
    """The public id of an attempt."""
    return hashlib.sha256(f"quiz attempt {competition} {seed}".encode()).digest()[:ATTEMPT_BYTES]


def answers_of(paper: Paper, content: BankContent, chosen: Mapping[int, int]) -> Answers:
    """The answers of an attempt. `chosen`: position → mask of letters as shown; nothing chosen is the empty text."""
    found: Answers = []
    for position, place in enumerate(paper.places, start=1):
        question = content.questions[place.ordinal]
        options = tuple(question.options[option] for option in place.options)
        shown = _digest_as_shown(question.type, question.stem, options)
        found.append((position, shown, letters(chosen.get(position, 0))))
    return found


@lru_cache(maxsize=1 << 15)
def _digest_as_shown(kind: str, stem: str, options: tuple[str, ...]) -> str:
    """There are some twenty thousand ways to show a bank's questions, and millions of answers to them."""
    return digest_of({"type": kind, "stem": stem, "options": options})


def receipt_for(competition: int, seed: str, ended_ms: int, answers: Answers) -> Receipt:
    """The receipt of an ended attempt."""
    return Receipt(competition, attempt_id(competition, seed), bytes.fromhex(digest_of(answers)), ended_ms)


def day_statement(day: date, count: int, root: bytes, previous: str) -> dict[str, Any]:
    """What is signed and published of a day. `previous` is the digest of the statement before it, empty at the first."""
    return {
        **DAY,
        "day": day.isoformat(),
        "count": count,
        "root": root.hex(),
        "previous": previous,
    }


def fault_of_receipt(file: Mapping[str, Any], keys: Mapping[str, str], days: Sequence[Mapping[str, Any]] = ()) -> str:
    """The first thing that is wrong with a receipt's file, by a code, or "" if it holds.

    `keys`: id → public key. `days`: signed statements that were noted elsewhere; the receipt's own must then be among them.
    A file without answers, or of a day that is not over, is checked for what it has.
    """
    try:
        receipt = file["receipt"]
        if not (receipt.items() >= RECEIPT.items() and is_signed(receipt, file["key"], file["signature"], keys)):
            return "receipt_not_signed"
        if not file.keys() <= {"receipt", "key", "signature", "answers", "entry"}:
            return "more_than_signed"
        if "answers" in file and digest_of(file["answers"]) != receipt["answers"]:
            return "answers_differ"
        entry = file.get("entry")
        if entry is None:
            return ""
        signed_day = entry["day"]
        statement = signed_day["statement"]
        if not (
            statement.items() >= DAY.items() and is_signed(statement, signed_day["key"], signed_day["signature"], keys)
        ):
            return "day_not_signed"
        if entry.keys() != {"position", "path", "day"} or signed_day.keys() != {"statement", "key", "signature"}:
            return "more_than_signed"
        path = [bytes.fromhex(step) for step in entry["path"]]
        root = root_by_path(leaf_hash(canonical(receipt)), entry["position"], statement["count"], path)
        if root is None or root.hex() != statement["root"]:
            return "not_in_the_day"
        if days and statement not in [each["statement"] for each in days]:
            return "another_root_was_noted"
    except (KeyError, TypeError, ValueError, AttributeError):
        return "no_receipt"
    return ""


def fault_of_days(days: Iterable[Mapping[str, Any]], keys: Mapping[str, str]) -> str:
    """The first thing that is wrong with published days, oldest first: "code day", or "" if each follows the one before."""
    previous, last = "", ""
    for each in days:
        try:
            statement = each["statement"]
            day = statement["day"]
            if not (statement.items() >= DAY.items() and is_signed(statement, each["key"], each["signature"], keys)):
                return f"day_not_signed {day}"
            if statement["previous"] != previous or day <= last:
                return f"day_does_not_follow {day}"
        except (KeyError, TypeError, ValueError, AttributeError):
            return f"day_not_signed after {last}"
        previous, last = digest_of(statement), day
    return ""
