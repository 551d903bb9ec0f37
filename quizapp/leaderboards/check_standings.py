"""Checks the public snapshot of frozen standings without the site: python3 check_standings.py STANDINGS.jsonl.gz KEYS.json

Needs Python 3.9 and nothing else. It checks the signature (Ed25519, RFC 8032 section 5.1.7), that no line was changed, that
everybody stands in the right order with the right rank, and the sums of all units that are large enough to show them.
"""

import gzip
import json
import sys
from hashlib import sha256, sha512
from typing import Any

P, L = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
Point = tuple[int, int]

def add(a: Point, b: Point) -> Point:
    product, cross = D * a[0] * b[0] * a[1] * b[1], a[0] * b[1] + b[0] * a[1]
    return cross * pow(1 + product, -1, P) % P, (a[1] * b[1] + a[0] * b[0]) * pow(1 - product, -1, P) % P

def times(number: int, point: Point) -> Point:
    found = (0, 1)
    while number:
        found = add(found, point) if number & 1 else found
        point, number = add(point, point), number >> 1
    return found

def point_from(data: bytes) -> Point:
    sign, y = divmod(int.from_bytes(data, "little"), 2**255)
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    x = x if (x * x - square) % P == 0 else x * pow(2, (P - 1) // 4, P) % P
    need(y < P and (x * x - square) % P == 0 and (x or not sign), "no point of the curve")
    return (x if x & 1 == sign else P - x), y

def canonical(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()

def need(holds: Any, what: str) -> None:
    if not holds:
        sys.exit("FALSE: " + what)

def each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    need(len(dict(pairs)) == len(pairs), "a name stands twice, and might be read in two ways")
    return dict(pairs)

def not_whole(number: str) -> None:
    need(False, number + " is no whole number")

READ: dict[str, Any] = {"object_pairs_hook": each_once, "parse_float": not_whole, "parse_constant": not_whole}

def check_signed(value: Any, key: str, signed: str, keys: dict[str, str]) -> None:
    public, signature = bytes.fromhex(keys.get(key, "")), bytes.fromhex(signed)
    need((value["type"], value["version"]) == ("quiz-standings", 1), "this is no snapshot of standings")
    need(sha256(public).hexdigest()[:16] == key and len(signature) == 64, "not signed by a published key")
    r, s = signature[:32], int.from_bytes(signature[32:], "little")
    k = int.from_bytes(sha512(r + public + canonical(value)).digest(), "little") % L
    base = point_from((4 * pow(5, -1, P) % P).to_bytes(32, "little"))
    need(s < L and times(s, base) == add(point_from(r), times(k, point_from(public))), "the signature is not of this snapshot")

def check(lines: Any, statement: Any) -> None:
    formula, digests = statement["formula"], {kind: sha256() for kind in ("unit", "group", "row")}
    units, sums, groups, seen = dict[Any, Any](), dict[str, list[int]](), list[Any](), set[bytes]()
    before, rank = None, 0
    for line in lines:
        ((kind, value),) = json.loads(line, **READ).items()
        digests[kind].update(line)
        if kind == "unit":
            units[value["unit"]] = value["line"]
        elif kind == "group":
            groups.append(value)
        else:
            order = [-value["score"], value["used_ms"], value["submitted_ms"]][: formula["tie_keys"].count(",") + 1]
            rank = rank if before and before[0] == order else len(seen) + 1
            seen.add(bytes.fromhex(value["participant"]))
            where = " of row " + str(value["place"])
            need(not before or before <= (order, value["submitted_ms"]), "the order" + where)
            need((value["place"], value["rank"]) == (len(seen), rank), "the rank" + where + ", or somebody stands there twice")
            before, score = (order, value["submitted_ms"]), value["score"]
            for unit in units.get(value["unit"], ()):
                of = sums.setdefault(str(unit), [0, 0, 0, 0, 0])
                more = (1, score, value["used_ms"], score == formula["full_score"], score >= formula["pass_score"])
                of[:] = [one + other for one, other in zip(of, more)]
    for kind, digest in digests.items():
        need(digest.hexdigest() == statement["digests"][kind], "lines of kind " + kind + " were changed")
    for group in groups:
        names, stated = ("participants", "score_sum", "used_ms_sum", "full_marks", "passed"), group["figures"]
        if group["board"] == "units" and "score_sum" in stated:
            need(sums[group["subject"]] == [stated[name] for name in names], "the sums of unit " + group["subject"])
    print("TRUE:", len(seen), "people, snapshot", statement["number"], sha256(canonical(statement)).hexdigest())

if __name__ == "__main__":
    with gzip.open(sys.argv[1]) as file, open(sys.argv[2], encoding="utf-8") as listed:
        head = json.loads(file.readline(), **READ)
        need(set(head) == {"statement", "key", "signature", "public"}, "something in the file is not signed")
        check_signed(head["statement"], head["key"], head["signature"], {k["id"]: k["public"] for k in json.load(listed, **READ)["keys"]})
        check(file, head["statement"])
