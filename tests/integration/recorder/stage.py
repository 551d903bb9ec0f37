"""A competition with people in two units and none, a stream that tests write, and what SQL should hold in the end."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import Flask
from sqlalchemy import select

from quizapp.accounts.models import Account
from quizapp.attempts.models import Attempt, Response, Result, Tally, Unrecordable
from quizapp.attempts.recorder import Recorder
from quizapp.clock import utc_now
from quizapp.extensions import db, grader
from quizapp.grader.keys import ShardKeys
from quizapp.grader.stream import Answered, ExtraTimeSet, Finished, Record, Started, encode
from tests.cast import BORN, Cast, TinyBank, add_competition

PASS, FULL = 6000, 10_000


@dataclass
class Stage:
    """One competition of one shard. `people` are account ids; `units` two organization ids."""

    app: Flask
    id: int
    people: list[int]
    units: tuple[int, int]
    keep: str
    recorders: list[Recorder] = field(default_factory=list)

    @property
    def stream(self) -> str:
        return ShardKeys(self.id, 0).stream

    def publish(self, *entries: Sequence[Record] | dict[str, str]) -> list[str]:
        """Write each argument as one entry; returns the ids."""
        raw = [entry if isinstance(entry, dict) else encode(entry) for entry in entries]
        return [str(grader.store.xadd(self.stream, fields)) for fields in raw]  # type: ignore[arg-type]

    def recorder(self, name: str = "one") -> Recorder:
        """A recorder that has looked around."""
        recorder = Recorder(self.app, name)
        recorder.look_around()
        self.recorders.append(recorder)
        return recorder

    def record_all(self) -> None:
        """Let a recorder take until nothing is left."""
        recorder = self.recorders[0] if self.recorders else self.recorder()
        while recorder.take():
            pass

    def close(self) -> None:
        for recorder in self.recorders:
            recorder.close()

    # What SQL holds

    def rows(self, model: type[Any], *names: str) -> list[tuple[Any, ...]]:
        """The competition's rows as tuples, sorted."""
        with self.app.app_context():
            columns = [getattr(model, name) for name in names]
            return sorted(
                tuple(row) for row in db.session.execute(select(*columns).where(model.competition_id == self.id))
            )

    def attempts(self) -> list[tuple[Any, ...]]:
        return self.rows(Attempt, "account_id", "ordinal", "seed", "extra_ms", "submitted_ms", "score", "points")

    def responses(self) -> list[tuple[Any, ...]]:
        return self.rows(Response, "account_id", "ordinal", "position", "chosen", "epoch", "sequence", "answered_ms")

    def results(self) -> list[tuple[Any, ...]]:
        return self.rows(Result, "account_id", "ordinal", "score", "used_ms", "submitted_ms", "full_marks", "passed")

    def tallies(self) -> dict[int, tuple[int, ...]]:
        names = ["organization_id", "started", "participants", "score_sum", "used_ms_sum", "full_marks", "passed"]
        return {row[0]: row[1:] for row in self.rows(Tally, *names) if any(row[1:])}

    def unrecordable(self) -> list[str]:
        return [reason for _, reason in self.rows(Unrecordable, "entry_id", "reason")]

    def everything(self) -> tuple[Any, ...]:
        return self.attempts(), self.responses(), self.results(), self.tallies(), self.unrecordable()

    def left(self) -> tuple[int, int]:
        """Entries that nobody recorded: in all, and in some recorder's hands."""
        recorder = self.recorders[-1] if self.recorders else self.recorder()
        backlog = recorder._consumer.backlog(self.stream)
        return backlog.entries, backlog.pending

    def rewind(self) -> None:
        """Let the group begin at the first entry again, as if nothing had ever been acknowledged."""
        grader.store.xgroup_destroy(self.stream, "recorder")
        grader.store.xgroup_create(self.stream, "recorder", id="0")


def add_stage(app: Flask, cast: Cast, tiny_bank: TinyBank, *, keep: str = "best", people: int = 6) -> Stage:
    """A fresh competition; the people are made once a database."""
    with app.app_context():
        held = list(db.session.scalars(select(Account.id).where(Account.login.like("stage-%")).order_by(Account.id)))
        for number in range(len(held), people):
            account = Account(login=f"stage-{number}", name=f"人{number}", session_round=0, created_at=BORN)
            db.session.add(account)
            db.session.flush()
            held.append(account.id)
        db.session.commit()
    opened = add_competition(
        app, tiny_bank.version_id, now=utc_now(), keep=keep, pass_score=PASS, attempts_total=None, primed=False
    )
    return Stage(app, opened.id, held[:people], (cast.unit_a.id, cast.unit_b.id), keep)


def started(account: int, ordinal: int = 1, unit: int | None = None, at: int = 1_800_000_000_000) -> Started:
    return Started(account, ordinal, unit, f"seed{account}.{ordinal}", at + ordinal, 0, 0)


def answered(account: int, position: int, chosen: int, sequence: int, epoch: int = 1, ordinal: int = 1) -> Answered:
    return Answered(account, ordinal, position, chosen, epoch, sequence, 1_800_000_001_000 + sequence)


def finished(
    account: int, score: int, ordinal: int = 1, used_ms: int = 60_000, at: int = 1_800_000_100_000
) -> Finished:
    each = (score // 5,) * 4 + (score - score // 5 * 4,)
    return Finished(account, ordinal, at + ordinal, used_ms, "person", score, score // 2000, each)


def expected(stage: Stage, records: Iterable[Record]) -> tuple[Any, ...]:
    """What SQL must hold after the records, computed plainly: no deltas, no batches, no order."""
    records = list(dict.fromkeys(records))
    attempts = {(r.account, r.ordinal): r for r in records if isinstance(r, Started)}
    ends: dict[tuple[int, int], Finished] = {}
    extras: dict[tuple[int, int], int] = {}
    responses: dict[tuple[int, int, int], Answered] = {}
    for record in records:
        if isinstance(record, Finished):
            ends.setdefault((record.account, record.ordinal), record)
        elif isinstance(record, ExtraTimeSet):
            extras[record.account, record.ordinal] = record.extra_ms
        elif isinstance(record, Answered):
            place = (record.account, record.ordinal, record.position)
            if place not in responses or (record.epoch, record.sequence) > (
                responses[place].epoch,
                responses[place].sequence,
            ):
                responses[place] = record
    results: dict[int, Finished] = {}
    for end in sorted(ends.values(), key=lambda each: each.ordinal):
        held = results.get(end.account)
        better = held is None or (
            stage.keep == "last"
            or (
                stage.keep == "best"
                and (-end.score, end.used_ms, end.submitted_ms) < (-held.score, held.used_ms, held.submitted_ms)
            )
        )
        if better:
            results[end.account] = end
    tallies: dict[int, list[int]] = {}
    for account in {account for account, _ in attempts}:
        first = min(ordinal for whose, ordinal in attempts if whose == account)
        if unit := attempts[account, first].organization:
            tallies.setdefault(unit, [0] * 6)[0] += 1
    for account, counted in results.items():
        if unit := attempts[account, counted.ordinal].organization:
            row = tallies.setdefault(unit, [0] * 6)
            for index, value in enumerate(
                (1, counted.score, counted.used_ms, counted.score >= FULL, counted.score >= PASS), 1
            ):
                row[index] += int(value)
    return (
        sorted(
            (
                *(account, ordinal, start.seed, extras.get((account, ordinal), start.extra_ms)),
                *(
                    (ended.submitted_ms, ended.score, list(ended.points))
                    if (ended := ends.get((account, ordinal)))
                    else (None, None, None)
                ),
            )
            for (account, ordinal), start in attempts.items()
        ),
        sorted(
            (a.account, a.ordinal, a.position, a.chosen, a.epoch, a.sequence, a.answered_ms) for a in responses.values()
        ),
        sorted(
            (e.account, e.ordinal, e.score, e.used_ms, e.submitted_ms, int(e.score >= FULL), int(e.score >= PASS))
            for e in results.values()
        ),
        {unit: tuple(row) for unit, row in tallies.items() if any(row)},
        [],
    )
