"""The door and the store: one round trip for a turn of the loop, honest when the store is away, and back when it is."""

import asyncio
import json
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from redis import Redis

from quizapp.attempts.actions import OpenAttempt
from quizapp.attempts.ticket import Ticket, tickets_of
from quizapp.extensions import grader
from quizapp.grader import pipeline
from quizapp.installation.store import SOCKET, start_store, stop_store, wait_until_ready
from tests.cast import Cast
from tests.conftest import SECRET
from tests.integration.attempts.conftest import Begin, held_back, until
from tests.integration.attempts.transports import DoorTransport, Reply

# Between the door and the store there is no SQL.
pytestmark = [pytest.mark.slow, pytest.mark.once]


def answer(door: DoorTransport, ticket: str, *answers: tuple[int, int, int]) -> Coroutine[Any, Any, Reply]:
    sent = [{"position": position, "chosen": chosen, "sequence": sequence} for position, chosen, sequence in answers]
    return door.request("POST", "/answer", [json.dumps({"answers": sent}).encode()], {"X-Ticket": ticket})


def submit(door: DoorTransport, ticket: str) -> Coroutine[Any, Any, Reply]:
    return door.request("POST", "/submit", [], {"X-Ticket": ticket})


def together(door: DoorTransport, work: list[Coroutine[Any, Any, Reply]]) -> list[Reply]:
    async def gather() -> list[Reply]:
        return list(await asyncio.gather(*work))

    return door.run(gather())


def served(door: DoorTransport, ticket: str, *answers: tuple[int, int, int]) -> Reply:
    """The reply of a store that is back, or is only slow: asked again until it is there."""
    deadline = time.monotonic() + 60
    while (reply := door.run(answer(door, ticket, *answers))).status == 503:
        assert time.monotonic() < deadline
    return reply


def script_calls(store: Redis) -> int:
    stats: Any = store.info("commandstats")
    return sum(stats.get(f"cmdstat_{name}", {"calls": 0})["calls"] for name in ("eval", "evalsha"))


def waiting(door: DoorTransport) -> int:
    """How many calls wait for the store."""
    found = door.door._pipeline
    assert isinstance(found, pipeline.StorePipeline)
    return found._waiting


def outcomes(reply: Reply) -> list[str]:
    return [str(result["outcome"]) for result in reply.json["results"]]


@pytest.fixture
def opened(begin: Begin, cast: Cast) -> list[OpenAttempt]:
    """Attempts of Lin, Bo and Chen."""
    return [begin(person) for person in (cast.lin, cast.bo, cast.chen)]


def test_answers_of_one_turn_share_a_call(door: DoorTransport, store: Redis, opened: list[OpenAttempt]) -> None:
    door.run(answer(door, opened[0].ticket, (1, 1, 1)))
    before = script_calls(store)
    replies = together(door, [answer(door, each.ticket, (2, 1, 5)) for each in opened])
    assert [outcomes(reply) for reply in replies] == [["saved"]] * 3
    assert script_calls(store) - before == 1


def test_what_comes_while_a_call_is_on_its_way_shares_the_next(
    door: DoorTransport, store: Redis, opened: list[OpenAttempt]
) -> None:
    door.run(answer(door, opened[0].ticket, (1, 1, 1)))
    before = script_calls(store)
    asked = []
    with held_back(store):
        for number, position in ((0, 2), (0, 3), (1, 2), (2, 2)):
            work = answer(door, opened[number].ticket, (position, 1, 5))
            asked.append(asyncio.run_coroutine_threadsafe(work, door.loop))
            until(lambda: waiting(door) == len(asked))  # each in a turn of its own
    assert [outcomes(each.result(60)) for each in asked] == [["saved"]] * 4
    assert script_calls(store) - before == 2


def test_one_persons_answers_of_one_turn_keep_their_order(
    door: DoorTransport, app: Flask, cast: Cast, opened: list[OpenAttempt]
) -> None:
    ticket = opened[0].ticket
    replies = together(
        door, [*(answer(door, ticket, (1, 1 << number % 3, 1 + number)) for number in range(7)), submit(door, ticket)]
    )
    assert [outcomes(reply) for reply in replies[:-1]] == [["saved"]] * 7
    assert replies[-1].json["outcome"] == "submitted"
    with app.app_context():
        attempt = grader.read(opened[0].competition_id, 1, cast.lin.id).attempt
    assert attempt is not None
    assert (attempt.answers[1].chosen, attempt.answers[1].sequence) == (1, 7)


def test_an_answer_after_a_submit_of_the_same_turn_comes_too_late(
    door: DoorTransport, opened: list[OpenAttempt]
) -> None:
    ticket = opened[0].ticket
    first, _, last = together(
        door, [answer(door, ticket, (1, 1, 1)), submit(door, ticket), answer(door, ticket, (1, 2, 2))]
    )
    assert (outcomes(first), outcomes(last)) == (["saved"], ["already_submitted"])


def test_one_competitions_trouble_does_not_touch_anothers(door: DoorTransport, opened: list[OpenAttempt]) -> None:
    lost = tickets_of(SECRET).issue(Ticket(999, 0, 1, 1, 1))
    replies = together(door, [answer(door, lost, (1, 1, 1)), answer(door, opened[0].ticket, (1, 1, 1))])
    assert [reply.status for reply in replies] == [503, 200]


def test_the_same_answer_fifty_times_at_once_is_one(door: DoorTransport, opened: list[OpenAttempt]) -> None:
    replies = together(door, [answer(door, opened[0].ticket, (1, 2, 1)) for _ in range(50)])
    assert {(reply.status, tuple(outcomes(reply))) for reply in replies} == {(200, ("saved",))}
    ends = together(door, [submit(door, opened[0].ticket) for _ in range(50)])
    assert len({json.dumps({**reply.json, "now_ms": 0}) for reply in ends}) == 1


def test_many_more_attempts_than_a_call_takes_are_all_served(door: DoorTransport, opened: list[OpenAttempt]) -> None:
    signer = tickets_of(SECRET)
    strangers = [
        signer.issue(Ticket(opened[0].competition_id, 0, 10_000 + number, 1, 1))
        for number in range(2 * pipeline.MOST_IN_A_CALL)
    ]
    replies = together(door, [answer(door, ticket, (1, 1, 1)) for ticket in (*strangers, opened[0].ticket)])
    assert [reply.status for reply in replies] == [404] * len(strangers) + [200]


def test_a_store_that_lost_the_scripts_gets_them_again(
    door: DoorTransport, store: Redis, opened: list[OpenAttempt]
) -> None:
    for _ in range(2):
        store.script_flush()
        sequence = time.monotonic_ns() % 2**31 + 1
        replies = together(door, [answer(door, each.ticket, (1, 1, sequence)) for each in opened])
        assert [reply.status for reply in replies] == [200] * 3


def test_beyond_what_can_wait_people_are_told_to_come_again_at_once(
    door: DoorTransport, opened: list[OpenAttempt], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "MOST_WAITING", 10)
    replies = together(door, [answer(door, opened[0].ticket, (1, 1, number)) for number in range(1, 31)])
    assert sorted(reply.status for reply in replies) == [200] * 10 + [503] * 20
    refused = replies[-1]
    assert (refused.code, refused.headers["retry-after"]) == ("overloaded", "1")
    assert door.run(answer(door, opened[0].ticket, (1, 1, 99))).status == 200


def test_a_body_in_pieces_is_one_body(door: DoorTransport, opened: list[OpenAttempt]) -> None:
    whole = b'{"answers":[{"position":1,"chosen":1,"sequence":1}]}'
    pieces = [whole[at : at + 7] for at in range(0, len(whole), 7)]
    reply = door.run(door.request("POST", "/answer", pieces, {"X-Ticket": opened[0].ticket}))
    assert outcomes(reply) == ["saved"]


def test_a_client_that_goes_away_in_the_middle_changes_nothing(
    door: DoorTransport, app: Flask, cast: Cast, opened: list[OpenAttempt]
) -> None:
    pieces = [b'{"answers":[{"position":1,', b'"chosen":1,"sequence":1}]}']
    reply = door.run(door.request("POST", "/answer", pieces, {"X-Ticket": opened[0].ticket}, complete=False))
    assert reply.status == 0
    with app.app_context():
        attempt = grader.read(opened[0].competition_id, 1, cast.lin.id).attempt
    assert attempt is not None
    assert attempt.answers == {}


class OwnStore:
    """A server that a test may stop, freeze and start again; its file stays."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = f"unix://{folder / SOCKET}"
        self.start()

    def start(self) -> None:
        with (self.folder / "log").open("ab") as output:
            self.child = start_store(self.folder, output=output)
        wait_until_ready(self.folder, self.child)

    def stop(self) -> None:
        stop_store(self.child)


@pytest.fixture
def own_store() -> Iterator[OwnStore]:
    folder = Path(tempfile.mkdtemp(prefix="quizown"))
    server = OwnStore(folder)
    yield server
    server.stop()
    shutil.rmtree(folder)


@pytest.fixture
def own_door(own_store: OwnStore, door: DoorTransport, opened: list[OpenAttempt], store: Redis) -> DoorTransport:
    """The door of a site whose store is `own_store`, with the opened attempts in it."""
    copy = Redis.from_url(own_store.url)
    for key in store.scan_iter():
        copy.restore(key, 0, store.dump(key))  # type: ignore[arg-type]
    copy.close()
    door.door._url = own_store.url
    return door


def test_while_the_store_is_away_nothing_is_called_saved_and_afterwards_all_goes_on(
    own_door: DoorTransport, own_store: OwnStore, opened: list[OpenAttempt]
) -> None:
    ticket = opened[0].ticket
    assert outcomes(own_door.run(answer(own_door, ticket, (1, 1, 1)))) == ["saved"]
    own_store.stop()
    for _ in range(20):
        for reply in together(own_door, [answer(own_door, ticket, (1, 2, 2)), submit(own_door, ticket)]):
            assert (reply.status, reply.code) == (503, "store_unavailable")
            assert int(reply.headers["retry-after"]) >= 1
    own_store.start()
    assert outcomes(served(own_door, ticket, (1, 2, 2))) == ["saved"]
    # What was saved before is still there: its repeat is no news.
    assert outcomes(own_door.run(answer(own_door, ticket, (1, 1, 1)))) == ["outdated"]


def test_a_store_that_hangs_is_given_up_after_its_time(
    own_door: DoorTransport, own_store: OwnStore, opened: list[OpenAttempt], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "REPLY_TIMEOUT_S", 0.3)
    monkeypatch.setattr(pipeline, "CONNECT_TIMEOUT_S", 0.3)
    ticket = opened[0].ticket
    assert served(own_door, ticket, (1, 1, 1)).status == 200
    os.kill(own_store.child.pid, signal.SIGSTOP)
    try:
        replies = together(own_door, [answer(own_door, each.ticket, (1, 2, 2)) for each in opened])
        assert [reply.status for reply in replies] == [503] * 3
    finally:
        os.kill(own_store.child.pid, signal.SIGCONT)
    # It may have been saved although nobody was told so: the repeat is confirmed, and counts once.
    assert outcomes(served(own_door, ticket, (1, 2, 2))) == ["saved"]


def test_a_store_that_refuses_to_write_saves_nothing(
    own_door: DoorTransport, own_store: OwnStore, opened: list[OpenAttempt]
) -> None:
    ticket = opened[0].ticket
    client = Redis.from_url(own_store.url)
    client.config_set("maxmemory", "1mb")
    reply = own_door.run(answer(own_door, ticket, (1, 1, 1)))
    assert (reply.status, reply.code) == (503, "store_unavailable")
    client.config_set("maxmemory", "0")
    assert outcomes(own_door.run(answer(own_door, ticket, (1, 2, 1)))) == ["saved"]
    client.close()
