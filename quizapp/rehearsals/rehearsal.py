"""One rehearsal: a scratch installation, people who answer in it, what was recorded, and the note."""

import os
import platform
import signal
import sqlite3
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
from flask import Flask
from redis import Redis
from sqlalchemy import func, select, text

from quizapp import create_app
from quizapp.attempts.lag import recorder_lag
from quizapp.attempts.models import Attempt, Response, Result
from quizapp.clock import to_ms
from quizapp.competitions.models import Competition
from quizapp.competitions.phase import Phase, phase
from quizapp.competitions.queries import blueprint_of, running_competitions
from quizapp.config import Settings, read_settings, signing_seed
from quizapp.extensions import begin_reading, db
from quizapp.installation.checks import CannotStart, check_database, database_revisions
from quizapp.leaderboards import sources
from quizapp.leaderboards.proof import score_differences
from quizapp.leaderboards.snapshots import code_digest
from quizapp.receipts.ledger import public_keys
from quizapp.rehearsals.note import KIND, compared, fault_of_note, times_of
from quizapp.rehearsals.player import STEPS, Visitor
from quizapp.rehearsals.scratch import (
    COMPETITION,
    ROOT,
    RehearsalError,
    Scratch,
    Source,
    read_source,
    scratch_installation,
)
from quizapp.signing import parsed, signing_key_from

DEFAULT_PEOPLE = 300
CONNECTIONS = 64
WARMING_UP = 8  # people who go the whole way first: a competition opens on processes that have served pages before
RUNS = 3
RUN_S = 5.0
DRAIN_S = 600.0
CORES_A_PLAYER = 4
STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

FAULT_SENTENCES = {
    "no_note": "文件不是容量说明，或不完整。 This is no capacity note, or not all of it.",
    "more_than_signed": "文件里夹带了没有签名的内容。 Something was put into this file that is not signed.",
    "note_not_signed": "说明不是由公布的密钥签名的，或签名后被改过。 No published key signed this note as it is.",
}

Say = Callable[[str, str], None]


class Players:
    """The processes that play the people; each has its share of them, and all do the same step at the same time."""

    def __init__(self, environ: Mapping[str, str], port: int, visitors: list[Visitor], seed: int, say: Say) -> None:
        self._say = say
        count = max(1, min((os.cpu_count() or 1) // CORES_A_PLAYER, len(visitors)))
        command = [sys.executable, "-m", "quizapp.rehearsals.player"]
        self._processes = [
            subprocess.Popen(
                command,
                env=dict(environ),
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                start_new_session=True,
            )
            for _ in range(count)
        ]
        for number, process in enumerate(self._processes):
            first = {
                "port": port,
                "competition": COMPETITION,
                "visitors": visitors[number::count],
                "seed": seed + number,
            }
            self._send(process, first)
        self.again: Counter[str] = Counter()
        self.failed: list[str] = []
        self.answers = 0

    def __len__(self) -> int:
        return len(self._processes)

    def play(self, step: str, *arguments: float) -> list[dict[str, Any]]:
        """What each process says of the step. Raises RehearsalError if one has ended."""
        for process in self._processes:
            self._send(process, [step, *arguments])
        replies = []
        for process in self._processes:
            assert process.stdout is not None
            while True:
                line = process.stdout.readline()
                if not line:
                    raise RehearsalError("模拟参赛者的进程意外退出。 A process of simulated people ended unexpectedly.")
                reply = msgspec.json.decode(line)
                if "seconds" in reply:
                    replies.append(reply)
                    break
                if process is self._processes[0]:  # the others are about as far
                    papers, answers = (reply[name] * len(self) for name in ("papers", "answers"))
                    self._say(f"  约 {papers} 人拿到试卷，作答 {answers} 次", "have their papers; answers so far")
        for reply in replies:
            self.again.update(reply["again"])
            self.failed += reply["failed"]
            self.answers += reply["answers"]
        return replies

    def stop(self) -> None:
        """End them."""
        for process in self._processes:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()

    def _send(self, process: subprocess.Popen[bytes], command: Any) -> None:
        assert process.stdin is not None
        try:
            process.stdin.write(msgspec.json.encode(command) + b"\n")
            process.stdin.flush()
        except BrokenPipeError:  # its reply, which is missing, says it
            pass


def rehearse(
    competition_id: int,
    *,
    environ: Mapping[str, str],
    people: int | None,
    minutes: float,
    beside: bool,
    seed: int,
    now: datetime,
    say: Say,
) -> dict[str, Any]:
    """Rehearse the competition and return the signed note. Raises RehearsalError.

    Ctrl-C and SIGTERM end it early; the scratch installation is cleared away all the same.
    """
    settings = read_settings(dict(environ))
    _check_database(settings)
    app = create_app(settings)
    with app.app_context():
        try:
            begin_reading()
            source, facts = _read_source(competition_id, now, beside=beside)
        finally:
            db.session.rollback()
            db.engine.dispose()
    key = signing_key_from(signing_seed(settings))
    people = people or min(facts["roster"] or DEFAULT_PEOPLE, DEFAULT_PEOPLE)
    with _ended_by_signals(), scratch_installation(settings, environ) as scratch:
        say("正在建立预演用的副本……", "Making the scratch installation …")
        found = _rehearse_in(scratch, source, people, minutes, seed, now, say)
    statement = {**KIND, **facts, "people": people, "seed": seed, "rehearsed_ms": to_ms(now), **found}
    return {"statement": statement, **key.sign(statement)}


def _check_database(settings: Settings) -> None:
    try:
        check_database(settings)
        current, newest = database_revisions(settings)
    except CannotStart as error:
        raise RehearsalError(str(error)) from error
    if current != newest:
        raise RehearsalError(
            "数据库还没有升级到这一版程序：请先运行 flask --app wsgi db upgrade，或启动一次 quizapp up。 The database is not that of"
            " this version of the program: run flask --app wsgi db upgrade first, or start quizapp up once."
        )


def _read_source(competition_id: int, now: datetime, *, beside: bool) -> tuple[Source, dict[str, Any]]:
    competition = db.session.get(Competition, competition_id)
    if competition is None:
        raise RehearsalError(
            f"没有编号为 {competition_id} 的竞赛。 There is no competition with the number {competition_id}."
        )
    if competition.bank_version.number is None:
        raise RehearsalError(
            "竞赛的题库版本还没有发布，不能组卷：请先发布它。 The competition's bank version is a draft, from which no paper is"
            " drawn: publish it first."
        )
    if not beside and any(phase(each, now) is Phase.OPEN for each in running_competitions(now)):
        raise RehearsalError(
            "有竞赛正在进行，预演会占用这台机器、拖慢作答。确实要现在做，请加 --beside-a-running-competition。"
            " A competition is open, and a rehearsal loads the machine. If it must be now, add"
            " --beside-a-running-competition."
        )
    source = read_source(competition)
    return source, _facts_of(competition, source)


def verified(file: Path, keys: Path | None) -> dict[str, Any]:
    """The statement of a note that holds, by this installation's keys or those of a file. Ends the program, saying why, with
    status 1 if it does not hold."""
    if keys:
        known = {key["id"]: key["public"] for key in _read(keys)["keys"]}
    else:
        app = create_app()
        with app.app_context():
            known = public_keys()
    found = _read(file)
    if fault := fault_of_note(found, known):
        sys.exit(f"假 FALSE: {FAULT_SENTENCES[fault]}")
    statement: dict[str, Any] = found["statement"]
    return statement


def _read(path: Path) -> Any:
    try:
        return parsed(path.read_bytes())
    except ValueError:
        raise RehearsalError(f"{path.name} 不是 JSON 文件。 It is no JSON file.") from None


def _facts_of(competition: Competition, source: Source) -> dict[str, Any]:
    version = competition.bank_version
    return {
        "competition": {
            "id": competition.id,
            "title": competition.title,
            "minutes": competition.minutes,
            "shards": competition.shards,
            "questions": blueprint_of(competition).question_count,
            "blueprint": competition.blueprint,
        },
        "bank": {"code": version.bank.code, "number": version.number, "digest": version.digest},
        "roster": sum(source.people_of_units.values()),
        "units": len(source.people_of_units),
    }


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """The first signal raises KeyboardInterrupt; while all is cleared away no further one is heard."""

    def stop(*_: Any) -> None:
        for number in STOPPING:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = {number: signal.signal(number, stop) for number in STOPPING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _rehearse_in(
    scratch: Scratch, source: Source, people: int, minutes: float, seed: int, now: datetime, say: Say
) -> dict[str, Any]:
    app = create_app(read_settings(scratch.environ))
    players = None
    try:
        visitors = scratch.fill(app, source, people + WARMING_UP, now=now, seed=seed)
        scratch.start()
        say("预热……", "Warming up …")
        players = Players(scratch.environ, scratch.port, visitors[people:], seed, say)
        for step in (("begin", 1.0, 0.0), ("submit", 0.0)):
            players.play(*step)
        players.stop()
        players = Players(scratch.environ, scratch.port, visitors[:people], seed, say)
        found = _played(players, source, people, minutes, say)
        say("等待全部落库并核对……", "Waiting until all is recorded, and comparing …")
        drained_ms = _drain(app)
        with app.app_context():
            begin_reading()
            found["machine"] = _machine(read_settings(scratch.environ), len(players))
            found["checks"] = {
                **_checks(found.pop("told"), people),
                "gave_up": len(players.failed),
                "drained_ms": drained_ms,
            }
        found["checks"]["acknowledged"] = players.answers
        found["come_again"] = dict(players.again)
        for failure in players.failed[:3]:
            say(f"没能完成：{failure}", "Gave up.")
        return found
    finally:
        if players:
            players.stop()
        with app.app_context():
            db.engine.dispose()


def _played(players: Players, source: Source, people: int, minutes: float, say: Say) -> dict[str, Any]:
    """The scenes, one after the other, and what they took."""
    questions = sum(section["count"] for section in source.competition["blueprint"])
    run_s = min(RUN_S, minutes * 60 / 4)
    say(
        f"{people} 人在一秒内到来，随后边想边答约 {minutes:g} 分钟……",
        f"{people} people arrive within one second, then think and answer for some {minutes:g} minutes …",
    )
    opened = players.play("begin", 1.0, minutes * 60 / questions)
    answered, finished = players.answers, people - len(players.failed)
    opening = {
        "last_paper_ms": max(
            (round(at * 1000) for reply in opened for step, at, _ in reply["requests"] if step == "paper"), default=0
        ),
        "steps": _steps(opened),
    }
    say("全速作答……", "As fast as it goes …")
    connections = max(1, min(CONNECTIONS, people) // len(players))
    players.play("answer_at_once", run_s / 5, connections)  # to warm up
    runs, own_us = [], []
    for _ in range(RUNS):
        replies = players.play("answer_at_once", run_s, connections)
        runs.append(round(sum(reply["answers"] / reply["seconds"] for reply in replies)))
        own_us.append(
            round(sum(reply["cpu_s"] for reply in replies) * 1e6 / max(1, sum(reply["answers"] for reply in replies)))
        )
        say(f"  {runs[-1]} 次作答/秒", "answers a second")
    highest = int(statistics.median(runs))
    say("按一半速率、边想边答……", "At half of it, everybody thinking between answers …")
    replies = players.play("answer_at", max(1, highest / 2 / len(players)), run_s * 2)
    paced = {
        "answers_per_s": round(sum(reply["answers"] / reply["seconds"] for reply in replies)),
        **times_of([ms for reply in replies for step, _, ms in reply["requests"] if step == "answer"]),
    }
    say("全部在最后一秒内交卷……", "Everybody submits within the last second …")
    closed = players.play("submit", 1.0)
    closing = {
        "last_submit_ms": max(
            (round(at * 1000) for reply in closed for step, at, _ in reply["requests"] if step == "submit"), default=0
        ),
        "steps": _steps(closed),
    }
    return {
        "opening": opening,
        "highest": {
            "answers_per_s": highest,
            "runs": runs,
            "connections": connections * len(players),
            "players_cpu_us": int(statistics.median(own_us)),
        },
        "paced": paced,
        "closing": closing,
        "answers_a_person_x100": max(1, round(answered / max(1, finished) * 100)),
        "told": closed,
    }


def _steps(replies: list[dict[str, Any]]) -> dict[str, dict[str, int]]:
    latencies: dict[str, list[float]] = {}
    for reply in replies:
        for step, _, ms in reply["requests"]:
            latencies.setdefault(step, []).append(ms)
    return {step: times_of(latencies[step]) for step in STEPS if step in latencies}


def _drain(app: Flask) -> int:
    """Wait until all is recorded; returns milliseconds. Raises RehearsalError."""
    begun = time.monotonic()
    while time.monotonic() < begun + DRAIN_S:
        with app.app_context():
            begin_reading()
            if recorder_lag().entries == 0:
                return round((time.monotonic() - begun) * 1000)
        time.sleep(0.1)
    raise RehearsalError(
        f"落库进程在 {DRAIN_S:.0f} 秒内没有赶上：数据库太慢，或有条目无法落库。 The recorder did not catch up within"
        f" {DRAIN_S:.0f} s: the database is too slow, or entries can't be recorded."
    )


def _checks(told: list[dict[str, Any]], people: int) -> dict[str, int]:
    """What was acknowledged against what is recorded, and scores against their recomputation by the boards' proof."""
    chosen = {(account, position): choice for reply in told for account, position, choice in reply["chosen"]}
    unsure = {(account, position) for reply in told for account, position in reply["unsure"]}
    scores = {account: score for reply in told for account, score in reply["scores"]}
    rows = select(Response.account_id, Response.position, Response.chosen).where(
        Response.competition_id == COMPETITION,
        Response.account_id <= people,  # those after them warmed it up
    )
    recorded = {(account, position): choice for account, position, choice in db.session.execute(rows)}
    results = select(Result.account_id, Result.score).where(Result.competition_id == COMPETITION)
    kept = {account: score for account, score in db.session.execute(results)}  # noqa: C416  # rows are no tuples
    attempts, persons = db.session.execute(
        select(func.count(), func.count(Attempt.account_id.distinct())).where(Attempt.competition_id == COMPETITION)
    ).one()
    competition = db.session.get_one(Competition, COMPETITION)
    with sources.reading(snapshot=True) as connection:
        otherwise = sum(1 for _ in score_differences(connection, competition, lambda _: None))
    db.session.rollback()
    checks = compared(chosen, unsure, recorded, shown=scores, kept=kept)
    return {**checks, "doubled": attempts - persons, "recomputed_otherwise": otherwise}


def _machine(settings: Settings, players: int) -> dict[str, Any]:
    """What the figures were found on. The people's processes are on the same machine, and share its cores."""
    if settings.embedded_database:
        sql = f"SQLite {sqlite3.sqlite_version}"
    else:
        sql = f"PostgreSQL {db.session.scalar(text('SHOW server_version'))}"
    with Redis.from_url(settings.store_url, decode_responses=True) as client:
        server: Any = client.info("server")
        store = (
            f"Valkey {server['valkey_version']}" if "valkey_version" in server else f"Redis {server['redis_version']}"
        )
    return {
        "cores": os.cpu_count() or 0,
        "memory_mib": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 1024**2,
        "architecture": platform.machine(),
        "python": platform.python_version(),
        "program": code_digest(),
        "sql": sql,
        "store": store,
        "store_fsync": settings.store_fsync if settings.embedded_redis else "own",
        "web_workers": settings.web_workers,
        "web_threads": settings.web_threads,
        "player_processes": players,
    }
