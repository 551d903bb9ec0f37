"""`POST /answer` and `POST /submit`, through Flask's routes and through the door: the same replies and refusals."""

import json
from dataclasses import asdict
from typing import Any

from flask import Flask
from redis import Redis

from quizapp.attempts.actions import OpenAttempt, open_attempt
from quizapp.attempts.ticket import LENGTH, Ticket, Tickets, tickets_of
from quizapp.clock import utc_now
from quizapp.extensions import grader
from tests.cast import Cast, OpenCompetition, TinyBank, add_competition
from tests.conftest import SECRET
from tests.integration.attempts.conftest import Begin, counted_statements
from tests.integration.attempts.transports import DoorTransport, Reply, Transport


def answer(transport: Transport, ticket: str, *answers: tuple[int, int, int], **headers: str) -> Reply:
    sent = [{"position": position, "chosen": chosen, "sequence": sequence} for position, chosen, sequence in answers]
    return transport.post("/answer", json.dumps({"answers": sent}).encode(), {"X-Ticket": ticket, **headers})


def submit(transport: Transport, ticket: str, body: bytes = b"") -> Reply:
    return transport.post("/submit", body, {"X-Ticket": ticket})


def held(app: Flask, opened: OpenAttempt, account_id: int) -> dict[int, int]:
    with app.app_context():
        attempt = grader.read(opened.competition_id, 1, account_id).attempt
    assert attempt is not None
    return {position: answer.chosen for position, answer in attempt.answers.items()}


def test_an_answer_is_saved_and_confirmed(transport: Transport, app: Flask, cast: Cast, begin: Begin) -> None:
    opened = begin(cast.lin)
    reply = answer(transport, opened.ticket, (1, 2, 1), (4, 5, 2))
    assert reply.status == 200
    assert reply.json["results"] == [
        {"position": 1, "sequence": 1, "outcome": "saved", "chosen": 2},
        {"position": 4, "sequence": 2, "outcome": "saved", "chosen": 5},
    ]
    assert reply.json["deadline_ms"] == opened.deadline_ms
    assert abs(reply.json["now_ms"] - opened.now_ms) < 60_000
    assert held(app, opened, cast.lin.id) == {1: 2, 4: 5}
    assert reply.headers["content-type"] == "application/json"
    assert reply.headers["cache-control"] == "no-store"
    assert reply.headers["x-content-type-options"] == "nosniff"


def test_submitting_gives_the_score_and_a_repeat_the_same(transport: Transport, cast: Cast, begin: Begin) -> None:
    ticket = begin(cast.lin).ticket
    first = submit(transport, ticket)
    assert first.status == 200
    assert first.json["outcome"] == "submitted"
    assert (first.json["score"], first.json["right_count"], first.json["ended_by"]) == (0, 0, "person")
    again = submit(transport, ticket, b"{}").json
    assert {**again, "now_ms": 0} == {**first.json, "now_ms": 0}
    assert answer(transport, ticket, (1, 1, 1)).json["results"][0]["outcome"] == "already_submitted"


def test_answering_costs_no_sql(transport: Transport, cast: Cast, begin: Begin) -> None:
    ticket = begin(cast.lin).ticket
    answer(transport, ticket, (1, 1, 1))
    with counted_statements() as statements:
        for sequence in range(2, 12):
            assert answer(transport, ticket, (1, 1, sequence)).status == 200
        assert submit(transport, ticket).status == 200
    assert statements == []


def test_an_answer_costs_one_call_of_the_store(transport: Transport, store: Redis, cast: Cast, begin: Begin) -> None:
    ticket = begin(cast.lin).ticket
    answer(transport, ticket, (1, 1, 1))
    before = calls_of_clients(store)
    for sequence in range(2, 12):
        answer(transport, ticket, (1, 1, sequence), (2, 1, sequence))
    assert calls_of_clients(store) - before == 10


def calls_of_clients(store: Redis) -> int:
    """EVALSHA, EVAL and every other command that a client sent, but for INFO; what scripts call is told apart by name."""
    stats: Any = store.info("commandstats")
    inside_scripts = {"hmget", "hget", "hset", "time", "xadd", "info", "hincrby", "hgetall", "zadd", "zrem", "exists"}
    return sum(
        figures["calls"] for name, figures in stats.items() if name.removeprefix("cmdstat_") not in inside_scripts
    )


def test_a_ticket_that_is_missing_altered_or_not_ours_is_refused(
    transport: Transport, app: Flask, cast: Cast, begin: Begin
) -> None:
    opened = begin(cast.lin)
    ticket = opened.ticket
    others = Tickets("somebody else's secret").issue(Ticket(opened.competition_id, 0, cast.lin.id, 1, 1))
    for bad in (
        "",
        "x",
        "A" * LENGTH,
        ticket[:-1] + ("A" if ticket[-1] != "A" else "B"),
        others,
        ticket + "é",
        "\xff" * LENGTH,
    ):
        for path in ("/answer", "/submit"):
            body = b'{"answers":[{"position":1,"chosen":1,"sequence":1}]}' if path == "/answer" else b""
            reply = transport.post(path, body, {"X-Ticket": bad} if bad else {})
            assert (reply.status, reply.code) == (403, "ticket_invalid"), bad
    assert held(app, opened, cast.lin.id) == {}


def test_a_replayed_ticket_of_an_older_page_is_superseded(
    transport: Transport, app: Flask, competition: OpenCompetition, cast: Cast, begin: Begin
) -> None:
    old = begin(cast.lin)
    answer(transport, old.ticket, (1, 1, 1))
    with app.app_context():
        new = open_attempt(competition.competition, cast.lin.account)
    assert new.positions[0].chosen == 1
    reply = answer(transport, old.ticket, (1, 2, 2))
    assert reply.json["results"] == [{"position": 1, "sequence": 2, "outcome": "superseded", "chosen": 1}]
    refused = submit(transport, old.ticket)
    assert (refused.status, refused.code) == (409, "superseded")
    assert answer(transport, new.ticket, (1, 4, 1)).json["results"][0]["outcome"] == "saved"


def test_a_ticket_to_an_attempt_that_is_not_there_finds_none(transport: Transport, cast: Cast, begin: Begin) -> None:
    opened = begin(cast.lin)
    signer = tickets_of(SECRET)
    for ticket in (
        Ticket(opened.competition_id, 0, cast.chen.id, 1, 1),
        Ticket(opened.competition_id, 0, cast.lin.id, 2, 1),
    ):
        reply = answer(transport, signer.issue(ticket), (1, 1, 1))
        assert (reply.status, reply.code) == (404, "no_attempt")
        assert submit(transport, signer.issue(ticket)).code == "no_attempt"
    unknown = answer(transport, signer.issue(Ticket(999, 0, cast.lin.id, 1, 1)), (1, 1, 1))
    assert (unknown.status, unknown.code) == (503, "not_primed")
    assert int(unknown.headers["retry-after"]) >= 1


def test_a_body_cannot_name_another_persons_attempt(transport: Transport, app: Flask, cast: Cast, begin: Begin) -> None:
    lins, chens = begin(cast.lin), begin(cast.chen)
    body = {"answers": [{"position": 1, "chosen": 1, "sequence": 1, "account": cast.chen.id}]}
    reply = transport.post("/answer", json.dumps(body).encode(), {"X-Ticket": lins.ticket})
    assert (reply.status, reply.code) == (422, "answers_malformed")
    answer(transport, lins.ticket, (1, 1, 1))
    assert held(app, chens, cast.chen.id) == {}


ONE = '{"position":1,"chosen":1,"sequence":1}'
MALFORMED = {
    "empty": b"",
    "no object": b"[]",
    "null": b"null",
    "no answers": b"{}",
    "none": b'{"answers":[]}',
    "too many": b'{"answers":[' + b",".join([ONE.encode()] * 201) + b"]}",
    "an object for the list": b'{"answers":{}}',
    "an unknown field": b'{"answers":[' + ONE.encode() + b'],"score":100}',
    "an unknown field within": b'{"answers":[{"position":1,"chosen":1,"sequence":1,"points":400}]}',
    "a missing field": b'{"answers":[{"position":1,"chosen":1}]}',
    "text for a number": b'{"answers":[{"position":"1","chosen":1,"sequence":1}]}',
    "a fraction": b'{"answers":[{"position":1.5,"chosen":1,"sequence":1}]}',
    "a fraction that is whole": b'{"answers":[{"position":1.0,"chosen":1,"sequence":1}]}',
    "true": b'{"answers":[{"position":true,"chosen":1,"sequence":1}]}',
    "a list for a number": b'{"answers":[{"position":[1],"chosen":1,"sequence":1}]}',
    "NaN": b'{"answers":[{"position":NaN,"chosen":1,"sequence":1}]}',
    "1e400": b'{"answers":[{"position":1e400,"chosen":1,"sequence":1}]}',
    "a huge number": b'{"answers":[{"position":1,"chosen":1,"sequence":99999999999999999999}]}',
    "position 0": b'{"answers":[{"position":0,"chosen":1,"sequence":1}]}',
    "a negative choice": b'{"answers":[{"position":1,"chosen":-1,"sequence":1}]}',
    "a choice above eight letters": b'{"answers":[{"position":1,"chosen":256,"sequence":1}]}',
    "sequence 0": b'{"answers":[{"position":1,"chosen":1,"sequence":0}]}',
    "a sequence beyond SQL's integer": b'{"answers":[{"position":1,"chosen":1,"sequence":2147483648}]}',
    "deep": b"[" * 16_000,
    "deep in an unknown field": b'{"x":' + b"[" * 16_000,
    "NUL": b'{"answers":[' + ONE.encode() + b"]}\x00",
    "a NUL within": b'{"answers":[{"position":1,"chosen":1,"sequence":1,"\\u0000":1}]}',
    "no UTF-8": b'{"answers":"\xff"}',
    "a lone surrogate": b'{"\\ud800":1}',
    "form data": b"answers=1",
}


def test_malformed_bodies_are_refused_and_nothing_changes(
    transport: Transport, app: Flask, cast: Cast, begin: Begin
) -> None:
    opened = begin(cast.lin)
    for name, body in MALFORMED.items():
        reply = transport.post("/answer", body, {"X-Ticket": opened.ticket})
        assert (reply.status, reply.code) == (422, "answers_malformed"), name
    assert held(app, opened, cast.lin.id) == {}


def test_a_body_that_is_too_long_is_refused(transport: Transport, app: Flask, cast: Cast, begin: Begin) -> None:
    opened = begin(cast.lin)
    whole = b'{"answers":[' + ONE.encode() + b"]}"
    padded = whole + b" " * (16 * 1024 - len(whole))
    for path in ("/answer", "/submit"):
        reply = transport.post(path, padded + b" ", {"X-Ticket": opened.ticket})
        assert (reply.status, reply.code) == (413, "answers_too_large")
    assert held(app, opened, cast.lin.id) == {}
    assert transport.post("/answer", padded, {"X-Ticket": opened.ticket}).status == 200


def test_a_submission_says_nothing_but_its_ticket(transport: Transport, cast: Cast, begin: Begin) -> None:
    opened = begin(cast.lin)
    for body in (b"[]", b'{"score":100}', b"null", b"\x00", b"[" * 16_000):
        reply = submit(transport, opened.ticket, body)
        assert (reply.status, reply.code) == (422, "answers_malformed"), body[:20]
    assert begin(cast.lin).ordinal == opened.ordinal


def test_refusals_speak_the_readers_language(transport: Transport) -> None:
    chinese = transport.post("/answer", b"", {}).json["error"]
    assert "凭证" in chinese["message"]
    for headers in (
        {"Accept-Language": "en-GB,en;q=0.8"},
        {"Cookie": "a=b; quiz_language=en", "Accept-Language": "zh"},
    ):
        english = transport.post("/answer", b"", headers).json["error"]
        assert english["code"] == "ticket_invalid"
        assert english["message"].isascii()


def test_only_post_reaches_the_handlers(app: Flask, door: DoorTransport) -> None:
    assert app.test_client().get("/answer").status_code == 405
    assert door.run(door.request("GET", "/answer", [], {})).status == 405


def test_right_or_wrong_is_told_where_the_competition_shows_it_at_once(
    transport: Transport, app: Flask, tiny_bank: TinyBank, cast: Cast, begin: Begin
) -> None:
    opened = begin(cast.lin, add_competition(app, tiny_bank.version_id, now=utc_now(), show_answers="at_once"))
    single = next(place for place in opened.positions if place.type == "single")
    # The tiny bank's right option of single choice is the first as written.
    right = next(1 << letter for letter, text in enumerate(single.options) if text.endswith("甲"))
    wrong = 1 if right != 1 else 2
    result = answer(transport, opened.ticket, (single.position, wrong, 1)).json["results"][0]
    assert (result["outcome"], result["right"], result["right_mask"]) == ("saved", False, right)
    again = answer(transport, opened.ticket, (single.position, right, 2)).json["results"][0]
    assert (again["outcome"], again["chosen"], again["right"]) == ("already_final", wrong, False)


def test_no_byte_of_a_reply_depends_on_right_and_wrong(transport: Transport, cast: Cast, begin: Begin) -> None:
    opened = begin(cast.lin)
    replies: list[Any] = []
    for position in opened.positions:
        for letter in range(len(position.options)):
            reply = answer(transport, opened.ticket, (position.position, 1 << letter, 10 + letter))
            shown = reply.json
            shown["now_ms"] = 0
            assert len(reply.body) == len(replies[0][0]) if replies else True
            shown["results"][0] |= {"chosen": 0, "position": 0, "sequence": 0}
            replies.append((reply.body, shown))
    assert len({json.dumps(shown) for _, shown in replies}) == 1


def test_the_opened_paper_carries_no_key(app: Flask, cast: Cast, begin: Begin, tiny_bank: TinyBank) -> None:
    opened = begin(cast.lin)
    text = json.dumps(asdict(opened), ensure_ascii=False)
    for question in tiny_bank.content.questions:
        for secret in (f'"{question.code}"', question.explanation, question.reference, question.topic):
            assert secret not in text
    for position in opened.positions:
        assert position.right is None
        assert set(asdict(position)) == {
            "position", "type", "stem", "options", "points", "chosen", "sequence", "right",
        }  # fmt: skip
    with app.app_context():
        attempt = grader.read(opened.competition_id, 1, cast.lin.id).attempt
    assert attempt is not None
    assert attempt.seed not in text
