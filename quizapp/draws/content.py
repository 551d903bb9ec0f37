"""The one file of a draw: everything that a stranger needs, signed, and the check of it. Pure.

Before the draw it holds the roll and where chance will come from; afterwards what chance brought and who won, too. Nobody's name
or account is in it.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from quizapp.draws import beacon
from quizapp.draws.drawing import (
    ENTRY_BYTES,
    ROLL,
    Entry,
    Prize,
    commitment_to,
    fault_of_prizes,
    roll_digest,
    score_takes_part,
    seed_from,
    winners,
)
from quizapp.signing import is_signed

DRAW = {"type": "quiz-draw", "version": 1}
ENTRY = re.compile(f"[0-9a-f]{{{2 * ENTRY_BYTES}}}")


def chance_by_beacon(round_number: int, named_ms: int) -> dict[str, Any]:
    """That the randomness will be that of a round of the beacon."""
    at_ms = int(beacon.time_of(round_number).timestamp() * 1000)
    return {"kind": "beacon", "chain": beacon.CHAIN, "round": round_number, "at_ms": at_ms, "named_ms": named_ms}


def chance_by_commitment(commitment: str, source: str, at_ms: int, open_by_ms: int, named_ms: int) -> dict[str, Any]:
    """That it will be a secret, to which the operator is committed, together with a public number of a later moment."""
    return {
        "kind": "commitment",
        "commitment": commitment,
        "source": source,
        "at_ms": at_ms,
        "open_by_ms": open_by_ms,
        "named_ms": named_ms,
    }


def statement(
    header: Mapping[str, Any],
    entries: Sequence[Entry],
    digest: str,
    frozen_ms: int,
    chance: Mapping[str, Any] | None,
    outcome: Mapping[str, Any] | None,
    won: Sequence[Sequence[str]] = (),
) -> dict[str, Any]:
    """What is signed. `chance` and `outcome` are left out while there are none; `outcome` then has `drawn_ms`."""
    found: dict[str, Any] = {
        **DRAW,
        "roll": dict(header),
        "entries": [[entry.id, entry.score] for entry in entries],
        "digest": digest,
        "frozen_ms": frozen_ms,
    }
    if chance is not None:
        found["chance"] = dict(chance)
    if outcome is not None:
        found |= {"outcome": dict(outcome), "winners": [list(each) for each in won]}
    return found


def chance_brought(chance: Mapping[str, Any], outcome: Mapping[str, Any]) -> str:
    """What the seed is made from, besides the roll."""
    if chance["kind"] == "beacon":
        return beacon.Round(chance["round"], outcome["signature"]).randomness
    return f"{outcome['secret']}:{outcome['number']}"


def fault_of_draw(file: Mapping[str, Any], keys: Mapping[str, str]) -> str:
    """The first thing that is wrong with a draw's file, by a code, or "" if it holds. `keys`: id → public key.

    A file from before the draw is checked for what it has.
    """
    try:
        draw = file["draw"]
        if not (draw.items() >= DRAW.items() and draw["roll"].items() >= ROLL.items()):
            return "no_draw"
        if not is_signed(draw, file["key"], file["signature"], keys):
            return "draw_not_signed"
        if file.keys() != {"draw", "key", "signature"}:
            return "more_than_signed"
        entries = [Entry(each, score) for each, score in draw["entries"]]
        ids = [entry.id for entry in entries]
        if any(not ENTRY.fullmatch(each) for each in ids):
            return "no_draw"
        if ids != sorted(set(ids)) or roll_digest(draw["roll"], entries) != draw["digest"]:
            return "roll_differs"
        prizes = [Prize(**prize) for prize in draw["roll"]["prizes"]]
        if fault_of_prizes(prizes):
            return "no_draw"
        if "chance" not in draw:
            return "winners_differ" if draw.get("winners") else ""
        if fault := _fault_of_chance(draw["frozen_ms"], draw["chance"]):
            return fault
        if "outcome" not in draw:
            return "winners_differ" if draw.get("winners") else ""
        if fault := _fault_of_outcome(draw["digest"], draw["chance"], draw["outcome"]):
            return fault
        seed = seed_from(draw["digest"], chance_brought(draw["chance"], draw["outcome"]))
        if draw["winners"] != winners(prizes, entries, seed):
            return "winners_differ"
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        return "no_draw"
    return ""


def fault_against(draw: Mapping[str, Any], competition: int, scores: Mapping[int, int]) -> str:
    """What in a draw is not as the standings of `competition` have it, by a code, or "". `scores`: score → people.

    The roll's ids lead to nobody, but each stands for one of the standings, and whoever could win is in it or counted among
    those who were left out.
    """
    if draw["roll"]["competition"] != competition:
        return "another_competition"
    prizes = [Prize(**prize) for prize in draw["roll"]["prizes"]]
    could = {score: people for score, people in scores.items() if score_takes_part(score, prizes)}
    entered = Counter(score for _entry, score in draw["entries"])
    if any(people > could.get(score, 0) for score, people in entered.items()):
        return "entry_of_nobody"
    missing = sum(could.values()) - entered.total()
    return "" if missing == sum(draw["roll"]["excluded"].values()) else "somebody_missing"


def _fault_of_chance(frozen_ms: int, chance: Mapping[str, Any]) -> str:
    if not frozen_ms <= chance["named_ms"] < chance["at_ms"]:
        return "chance_named_too_late"
    if chance["kind"] == "beacon":
        expected = chance_by_beacon(chance["round"], chance["named_ms"])
        return "" if dict(chance) == expected else "another_beacon"
    if chance["kind"] != "commitment" or not re.fullmatch("[0-9a-f]{64}", chance["commitment"]):
        return "no_draw"
    return "" if chance["at_ms"] < chance["open_by_ms"] else "opened_too_late"


def _fault_of_outcome(digest: str, chance: Mapping[str, Any], outcome: Mapping[str, Any]) -> str:
    if outcome["drawn_ms"] < chance["at_ms"]:
        return "drawn_too_early"
    if chance["kind"] == "beacon":
        return "" if beacon.is_genuine(beacon.Round(chance["round"], outcome["signature"])) else "beacon_not_genuine"
    if outcome["drawn_ms"] > chance["open_by_ms"]:
        return "opened_too_late"
    return "" if commitment_to(digest, outcome["secret"]) == chance["commitment"] else "commitment_differs"
