import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import pytest
from flask import Flask
from redis import Redis
from sqlalchemy import Engine, event

from quizapp.attempts.actions import OpenAttempt, open_attempt, start_attempt
from quizapp.clock import utc_now
from quizapp.grader import pipeline
from tests.cast import OpenCompetition, Person
from tests.integration.attempts.transports import DoorTransport, FlaskTransport, ServedTransport


class Begin(Protocol):
    """`begin(person)`: start and open an attempt, as the pages do, in the competition or in another."""

    def __call__(self, person: Person, at: OpenCompetition | None = None) -> OpenAttempt: ...


@pytest.fixture
def begin(app: Flask, competition: OpenCompetition) -> Begin:
    def start_and_open(person: Person, at: OpenCompetition | None = None) -> OpenAttempt:
        with app.app_context():
            row = (at or competition).competition
            start_attempt(row, person.account, now=utc_now())
            return open_attempt(row, person.account)

    return start_and_open


@pytest.fixture(params=[FlaskTransport, DoorTransport, ServedTransport], ids=["flask", "door", "straight"])
def transport(request: pytest.FixtureRequest, app: Flask) -> Iterator[Any]:
    """Each way to the answer handlers."""
    way = request.param(app)
    yield way
    way.close()


@pytest.fixture
def door(app: Flask) -> Iterator[DoorTransport]:
    """The door."""
    way = DoorTransport(app)
    yield way
    way.close()


@pytest.fixture(autouse=True)
def _patience_with_the_store(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that is busy for two seconds is no store that hangs."""
    monkeypatch.setattr(pipeline, "CONNECT_TIMEOUT_S", 60.0)
    monkeypatch.setattr(pipeline, "REPLY_TIMEOUT_S", 60.0)


@contextmanager
def counted_statements() -> Iterator[list[str]]:
    """The SQL statements that anybody executes meanwhile."""
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(Engine, "before_cursor_execute", note)


@contextmanager
def held_back(store: Redis) -> Iterator[None]:
    """Meanwhile the store replies to no answer."""
    store.client_pause(60_000, all=False)
    try:
        yield
    finally:
        store.client_unpause()


def until(fact: Callable[[], object]) -> None:
    """Wait for a fact."""
    deadline = time.monotonic() + 60
    while not fact():
        assert time.monotonic() < deadline
        time.sleep(0.005)
