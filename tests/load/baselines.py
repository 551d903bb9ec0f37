"""What the door is measured against, each served by the same gunicorn in the same run.

`hello`: the native ASGI worker doing nothing. `redis_view`: a plain Flask view that does what the door does, by redis-py.
`sql_view`: the usual Flask site: a session, a user load and one SQL transaction an answer.
"""

import os
from collections.abc import Awaitable, Callable
from typing import Any

from flask import Flask, Response, abort, jsonify, request
from flask_login import LoginManager, UserMixin, current_user, login_required, login_user
from sqlalchemy import BigInteger, create_engine, event, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from quizapp.attempts.ticket import tickets_of
from quizapp.config import read_settings
from quizapp.grader.engine import AnswerCall, Grader

_HELLO = b'{"hello":"world"}'


async def hello(
    scope: dict[str, Any], receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]
) -> None:
    """Takes the request and replies with 17 bytes."""
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                return
    await receive()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(_HELLO))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": _HELLO})


def redis_view() -> Flask:
    """Ticket, JSON, one call of the answer script through redis-py, JSON."""
    settings = read_settings()
    tickets = tickets_of(settings.secret_key)
    grader = Grader()
    grader.bind(settings.store_url)
    app = Flask("redis_view")

    @app.post("/answer")
    def answer() -> Response:
        ticket = tickets.read(request.headers.get("X-Ticket", "").encode())
        if ticket is None:
            abort(403)
        answers = [(int(a["position"]), int(a["chosen"]), int(a["sequence"])) for a in request.get_json()["answers"]]
        call = AnswerCall(ticket.account, ticket.ordinal, ticket.epoch, answers)
        [reply] = grader.answer(ticket.competition, ticket.shard, [call])
        results = [
            {"position": position, "sequence": sequence, "outcome": held.outcome.value, "chosen": held.chosen}
            for (position, _, sequence), held in zip(answers, reply.outcomes, strict=True)
        ]
        return jsonify(now_ms=reply.now_ms, deadline_ms=reply.deadline_ms, results=results)

    return app


class Base(DeclarativeBase):
    """The tables of `sql_view`."""


class Person(UserMixin, Base):
    """Who is signed in."""

    __tablename__ = "person"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(default="")


class Choice(Base):
    """What was chosen at a position."""

    __tablename__ = "choice"
    person_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    chosen: Mapped[int]
    sequence: Mapped[int]


def sql_view() -> Flask:
    """A session cookie, a user load, one transaction an answer, on SQLite as the site itself uses it."""
    app = Flask("sql_view")
    app.secret_key = "for the baseline only"
    engine = create_engine(f"sqlite:///{os.environ['BASELINE_SQLITE']}", connect_args={"timeout": 30})

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: Any) -> None:
        for pragma in ("journal_mode=WAL", "synchronous=FULL"):
            connection.execute(f"PRAGMA {pragma}")

    login = LoginManager(app)

    @login.user_loader  # type: ignore[untyped-decorator]
    def load(person: str) -> Person | None:
        with Session(engine, expire_on_commit=False) as session:
            return session.get(Person, int(person))

    @app.post("/sign-in/<int:person>")
    def sign_in(person: int) -> str:
        with Session(engine, expire_on_commit=False) as session:
            found = session.get(Person, person) or Person(id=person, name=f"Person {person}")
            session.add(found)
            session.commit()
        login_user(found)
        return "ok"

    @app.post("/answer")
    @login_required  # type: ignore[untyped-decorator]
    def answer() -> Response:
        results = []
        with Session(engine) as session, session.begin():
            for given in request.get_json()["answers"]:
                where = (Choice.person_id == current_user.id, Choice.position == int(given["position"]))
                held = session.scalars(select(Choice).where(*where)).one_or_none()
                if held is None:
                    held = Choice(person_id=current_user.id, position=int(given["position"]), chosen=0, sequence=-1)
                    session.add(held)
                if int(given["sequence"]) > held.sequence:
                    held.chosen, held.sequence = int(given["chosen"]), int(given["sequence"])
                results.append({"position": held.position, "sequence": held.sequence, "outcome": "saved"})
        return jsonify(results=results)

    return app


def make_tables(path: str) -> None:
    """The tables of `sql_view` in an empty file."""
    engine = create_engine(f"sqlite:///{path}")
    Base.metadata.create_all(engine)
    engine.dispose()
