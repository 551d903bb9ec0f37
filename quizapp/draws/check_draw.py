"""Draws again, without the site, who won: python3 check_draw.py DRAW.json [the number of an entry]

Needs Python 3.9 and nothing else, and no network. It comes from the published roll and the published randomness to the winners and
compares them with those in the file. What to compare with other sources yourself it prints: the digest of the roll with the one
that was published before, the randomness with the beacon's servers, or the public number with the named source.
"""

import hashlib
import hmac
import json
import sys
from datetime import datetime, timezone
from typing import Any

GENESIS, PERIOD = 1692803367, 3  # the first round of the beacon drand quicknet (seconds since 1970), and a round's length

def need(holds: Any, what: str) -> None:
    if not holds:
        sys.exit("FALSE: " + what)

def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()

def canonical(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))

def check(draw: Any, asked: str) -> None:
    roll, entries, digest = draw["roll"], draw["entries"], draw["digest"]
    need([draw["type"], draw["version"], roll["type"], roll["version"]] == ["quiz-draw", 1, "quiz-draw-roll", 1], "this is no draw")
    need(all(a[0] < b[0] for a, b in zip(entries, entries[1:])), "the entries are not sorted, or one stands twice")
    need(all(len(entry) == 20 and set(entry) <= set("0123456789abcdef") for entry, _ in entries), "an entry has a strange id")
    need(sha256("".join(canonical(line) + "\n" for line in [roll, *entries])) == digest, "the roll has another digest")
    print("Draw", roll["number"], "of", roll["title"], "\n", len(entries), "entries, digest", digest)
    if "outcome" not in draw:
        print("NOT DRAWN YET: note the digest, and check again after the draw")
        return
    chance, outcome = draw["chance"], draw["outcome"]
    need(draw["frozen_ms"] <= chance["named_ms"] < chance["at_ms"] <= outcome["drawn_ms"], "the steps are not in their order")
    print(" chance was to come", datetime.fromtimestamp(chance["at_ms"] / 1000, timezone.utc))
    if chance["kind"] == "beacon":  # its signature proves that nobody chose it; whether it is genuine, any drand server knows
        need(chance["at_ms"] == 1000 * (GENESIS + PERIOD * (chance["round"] - 1)), "the round has another time")
        brought = hashlib.sha256(bytes.fromhex(outcome["signature"])).hexdigest()
        print(" compare: drand quicknet, round", chance["round"], "has the randomness", brought)
    else:  # the operator could not choose the secret afterwards, nor know the public number before
        need(sha256("quiz-draw-commitment:" + digest + ":" + outcome["secret"]) == chance["commitment"], "another secret")
        need(outcome["drawn_ms"] <= chance["open_by_ms"], "the commitment was opened too late")
        brought = outcome["secret"] + ":" + outcome["number"]
        print(" compare:", chance["source"], "gave", outcome["number"])
    seed = hashlib.sha256(("quiz-draw:" + digest + ":" + brought).encode()).digest()
    left, lows = dict(entries), {prize["low"] for prize in roll["prizes"]}
    for number, prize in enumerate(roll["prizes"], start=1):
        def lot(entry: str) -> str:
            return hmac.new(seed, (str(number) + ":" + entry).encode(), "sha256").hexdigest()
        low, high = prize["low"], prize["high"]
        won: list[str] = []
        while True:  # the prize's own band first; while places are left, the next band below joins
            pool = sorted((entry for entry, score in left.items() if low <= score <= high), key=lot)
            for entry in pool[: prize["quota"] - len(won)]:
                won.append(entry)
                del left[entry]
            below = [other for other in lows if other < low]
            if len(won) == prize["quota"] or not below:
                break
            low, high = max(below), low - 1
        need(won == draw["winners"][number - 1], "others win " + prize["name"])
        print(prize["name"], len(won), "of", prize["quota"])
        print(" ", *won)
        if asked:
            print(" the lot of", asked, "is", lot(asked), "- the last of the winners has", lot(won[-1]) if won else "-")
    need(len(draw["winners"]) == len(roll["prizes"]), "there are more winners than prizes")
    print("TRUE")

if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file:
        text = file.read()
    found = json.loads(text, parse_constant=lambda word: need(False, word + " is no number"))
    need(canonical(found) + "\n" == text, "the file is written in another way than it is published, and may be read in two ways")
    need(set(found) == {"draw", "key", "signature"}, "something in the file is not signed")
    check(found["draw"], (sys.argv + [""])[2])
