"""Checks a receipt without the site: python3 check_receipt.py RECEIPT.json KEYS.json [DAYS.json, as noted earlier]

Needs Python 3.9 and nothing else. It checks the signatures (Ed25519, RFC 8032 section 5.1.7), that the answers are the
receipt's, that the receipt is in its day (Merkle tree of RFC 6962), and that none of the noted days is missing or changed.
"""

import json
import sys
from datetime import datetime, timezone
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

def check_signed(kind: str, value: Any, key: str, signed: str, keys: dict[str, str]) -> None:
    public, signature = bytes.fromhex(keys.get(key, "")), bytes.fromhex(signed)
    need((value["type"], value["version"]) == (kind, 1), "this is no " + kind)
    need(sha256(public).hexdigest()[:16] == key and len(signature) == 64, "not signed by a published key")
    r, s = signature[:32], int.from_bytes(signature[32:], "little")
    k = int.from_bytes(sha512(r + public + canonical(value)).digest(), "little") % L
    base = point_from((4 * pow(5, -1, P) % P).to_bytes(32, "little"))
    need(s < L and times(s, base) == add(point_from(r), times(k, point_from(public))), "the signature is not of this " + kind)

def check_receipt(file: Any, keys: dict[str, str], days: list[Any]) -> None:
    receipt, previous, last = file["receipt"], "", ""
    need(set(file) <= {"receipt", "key", "signature", "answers", "entry"}, "something in the file is not signed")
    check_signed("quiz-receipt", receipt, file["key"], file["signature"], keys)
    print("Attempt", receipt["attempt"], "ended", datetime.fromtimestamp(receipt["ended_ms"] / 1000, timezone.utc))
    if "answers" in file:
        need(sha256(canonical(file["answers"])).hexdigest() == receipt["answers"], "the answers are other ones")
        print("Answers", *(f"{position}:{letters or '-'}" for position, _, letters in file["answers"]))
    if entry := file.get("entry"):
        day, place, path = entry["day"]["statement"], entry["position"], list(map(bytes.fromhex, entry["path"]))
        need(set(entry) | set(entry["day"]) == {"position", "path", "day", "statement", "key", "signature"}, "something is not signed")
        check_signed("quiz-receipts-of-a-day", day, entry["day"]["key"], entry["day"]["signature"], keys)
        found, end, at = sha256(b"\0" + canonical(receipt)).digest(), day["count"] - 1, place
        while end and path:
            if at % 2 or at < end:
                found = sha256(b"\1" + (path.pop(0) + found if at % 2 else found + path.pop(0))).digest()
            at, end = at // 2, end // 2
        need(0 <= place < day["count"] and not (path or end) and found.hex() == day["root"], "it is not in its day")
        need(not days or day in [each["statement"] for each in days], "another root was noted for its day")
        print("Number", place + 1, "of", day["count"], "receipts of", day["day"], "root", day["root"])
    for each in days:
        check_signed("quiz-receipts-of-a-day", each["statement"], each["key"], each["signature"], keys)
        follows = each["statement"]["previous"] == previous and each["statement"]["day"] > last
        need(follows, "before " + each["statement"]["day"] + " a day is missing or changed")
        previous, last = sha256(canonical(each["statement"])).hexdigest(), each["statement"]["day"]
    print("TRUE" if entry else "TRUE, but not in a published day yet: fetch the receipt again after its day")

if __name__ == "__main__":
    files = [json.load(open(name, encoding="utf-8"), **READ) for name in sys.argv[1:4]]
    check_receipt(files[0], {key["id"]: key["public"] for key in files[1]["keys"]}, (files + [{}])[2].get("days", []))
