"""From a batch of stream entries to rows: one transaction's work, exact however often and in whatever order it is done.

An attempt is inserted once, a response holds the highest (epoch, sequence), an attempt ends once, and a tally moves by
what really changed. `record` writes and never commits: if anything fails, the transaction is given up as a whole and the
entries, which are still unacknowledged, come again.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, bindparam, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError

from quizapp.attempts.models import Attempt, Response, Unrecordable
from quizapp.attempts.tallies import CountingRules, Graded, TallyChange, TallyChanges, counted
from quizapp.grader.consumer import Entry
from quizapp.grader.keys import ShardKeys
from quizapp.grader.stream import Answered, ExtraTimeSet, Finished, Malformed, Record, Started, parse

AttemptKey = tuple[int, int]
LONGEST_REASON = 200

_attempt: Table = Attempt.__table__  # type: ignore[assignment]
_unrecordable: Table = Unrecordable.__table__  # type: ignore[assignment]
_RESPONSE_COLUMNS = [column.name for column in Response.__table__.columns]


@dataclass(frozen=True, slots=True)
class Source:
    """A shard, and what the recorder must know of its competition."""

    keys: ShardKeys
    rules: CountingRules

    @property
    def competition(self) -> int:
        """The competition's id."""
        return self.keys.competition

    @property
    def shard(self) -> int:
        """The shard's number."""
        return self.keys.shard

    @property
    def stream(self) -> str:
        """The name of the shard's stream."""
        return self.keys.stream


@dataclass(slots=True)
class Batch:
    """Records by kind, in the stream's order."""

    started: list[Started] = field(default_factory=list)
    answered: list[Answered] = field(default_factory=list)
    finished: list[Finished] = field(default_factory=list)
    extended: list[ExtraTimeSet] = field(default_factory=list)

    def add(self, records: Iterable[Record]) -> None:
        """Append an entry's records."""
        for record in records:
            match record:
                case Answered():
                    self.answered.append(record)
                case Started():
                    self.started.append(record)
                case Finished():
                    self.finished.append(record)
                case ExtraTimeSet():
                    self.extended.append(record)


@dataclass(frozen=True, slots=True)
class Known:
    """An attempt as SQL holds it."""

    organization: int | None
    submitted: bool


@dataclass(slots=True)
class Recorded:
    """What became of a batch: `put_off` waits because an attempt is not known (yet); `refused` was noted, with reasons.

    `answers` counts those written, repeats included.
    """

    put_off: list[Entry] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    answers: int = 0


def record(
    connection: Connection, source: Source, entries: Sequence[Entry], *, now: datetime, now_ms: int, final: bool
) -> Recorded:
    """Write the entries. With `final` nothing that stands before them can still come, so an unknown attempt is an error.

    Raises what SQL raises: IntegrityError or DataError if an entry can't be stored as it is (see `refuse`).
    """
    outcome = Recorded()
    parsed: list[tuple[Entry, list[Record]]] = []
    for entry in entries:
        try:
            parsed.append((entry, parse(entry.fields)))
        except Malformed as error:
            outcome.refused[entry.id] = f"malformed: {error}"
    _lock(connection, source)
    known = _known_attempts(connection, source, {record.account for _, records in parsed for record in records})
    batch, at_hand = Batch(), set(known)
    for entry, records in parsed:
        begun = {(record.account, record.ordinal) for record in records if isinstance(record, Started)}
        there = [r for r in records if (r.account, r.ordinal) in at_hand or (r.account, r.ordinal) in begun]
        if len(there) < len(records):
            if not final:
                outcome.put_off.append(entry)
                continue
            outcome.refused[entry.id] = f"unknown attempt in {len(records) - len(there)} of {len(records)} records"
        batch.add(there)
        at_hand |= begun

    changes = TallyChanges()
    _insert_attempts(connection, source, batch.started, known, changes)
    _upsert_responses(connection, source, batch.answered)
    outcome.answers = len(batch.answered)
    _set_extra_time(connection, source, batch.extended)
    _finish_attempts(connection, source, batch.finished, known, changes, now_ms)
    _change_tallies(connection, source, changes.in_order(), now_ms)
    for entry in entries:
        if reason := outcome.refused.get(entry.id):
            refuse(connection, source, entry, reason, now)
    return outcome


def refuse(connection: Connection, source: Source, entry: Entry, reason: str, now: datetime) -> None:
    """Keep an entry that can't be recorded, with the reason; once, however often it comes."""
    row = {
        "competition_id": source.competition,
        "stream": source.stream,
        "entry_id": entry.id,
        "fields": dict(entry.fields),
        "reason": reason[:LONGEST_REASON],
        "seen_at": now,
    }
    connection.execute(_insert(connection, _unrecordable).on_conflict_do_nothing(), row)


def _insert(connection: Connection, table: Table) -> Any:
    """An INSERT that knows ON CONFLICT, which SQLAlchemy has a dialect at a time."""
    return (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(table)


def _lock(connection: Connection, source: Source) -> None:
    """Let one recorder at a time write for a shard, so that what is read below holds until the commit.

    No statement of the transaction joins by nested loops: of a partition without statistics, as each is at its first herd,
    PostgreSQL expects one open attempt, and compared all open ones with all that end. SQLite's transactions have the whole
    file to themselves already (BEGIN IMMEDIATE), and its rows are told one by one.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(
            text("SELECT pg_advisory_xact_lock(:competition, :shard), set_config('enable_nestloop', 'off', true)"),
            {"competition": source.competition, "shard": source.shard},
        )


def _rows_of(
    connection: Connection, columns: str, table: str, source: Source, accounts: Iterable[int]
) -> Iterable[Any]:
    """The rows of a competition that belong to the accounts: one parameter, however many they are."""
    ids = sorted(set(accounts))
    rows = f"SELECT {columns} FROM {table} WHERE competition_id = "  # noqa: S608
    if connection.dialect.name == "postgresql":
        parameters = (source.competition, _array(ids))
        return _execute(connection, f"{rows}%s AND account_id = ANY(%s::bigint[])", parameters)
    return connection.execute(
        text(f"{rows}:competition AND account_id IN (SELECT value FROM json_each(:accounts))"),  # noqa: S608
        {"competition": source.competition, "accounts": json.dumps(ids)},
    )


def _array(numbers: Iterable[object]) -> str:
    """Whole numbers as PostgreSQL spells an array."""
    return "{" + ",".join(map(str, numbers)) + "}"


def _execute(connection: Connection, statement: str, parameters: Sequence[object]) -> list[Any]:
    """Let PostgreSQL plan and execute a statement on many rows. Returns the rows that it gives.

    Planned each time: a plan that is kept was made for a table that has grown a thousandfold since.
    """
    with _drivers_cursor(connection, statement) as cursor:
        cursor.execute(statement, parameters, prepare=False)
        return list(cursor.fetchall()) if cursor.description else []


@contextmanager
def _drivers_cursor(connection: Connection, statement: str) -> Iterator[Any]:
    """psycopg's own cursor, for what SQLAlchemy has no word for; errors are put into SQLAlchemy's words here."""
    driver = connection.dialect.loaded_dbapi
    cursor = connection.connection.cursor()
    try:
        yield cursor
    except driver.Error as error:
        raise DBAPIError.instance(statement, None, error, driver.Error, dialect=connection.dialect) from error
    finally:
        cursor.close()


def _insert_rows(connection: Connection, table: str, rows: Sequence[Mapping[str, object]], otherwise: str) -> None:
    """Insert rows in their order; `otherwise` is what is done with one that is there already."""
    key = ", ".join(Attempt.metadata.tables[table].primary_key.columns.keys())
    columns, conflict = ", ".join(rows[0]), f"ON CONFLICT ({key}) DO {otherwise}"
    insert = f"INSERT INTO {table} ({columns})"
    if connection.dialect.name == "postgresql":
        _execute(connection, f"{insert} SELECT {columns} FROM {_incoming(table)} {conflict}", (json.dumps(rows),))  # noqa: S608
    else:
        connection.execute(text(f"{insert} VALUES ({', '.join(f':{name}' for name in rows[0])}) {conflict}"), rows)


def _incoming(table: str) -> str:
    """Rows of a table that come in a parameter, as JSON: a statement takes all of them at once, which is several times cheaper
    than one row after the other."""
    return f"json_populate_recordset(NULL::{table}, %s::json)"


def _known_attempts(connection: Connection, source: Source, accounts: Iterable[int]) -> dict[AttemptKey, Known]:
    columns = "account_id, ordinal, organization_id, submitted_ms"
    rows = _rows_of(connection, columns, "attempt", source, accounts)
    return {(account, ordinal): Known(unit, submitted is not None) for account, ordinal, unit, submitted in rows}


def _insert_attempts(
    connection: Connection,
    source: Source,
    started: Sequence[Started],
    known: dict[AttemptKey, Known],
    changes: TallyChanges,
) -> None:
    """Insert the attempts that are new, add them to `known`, and count each person once: for the first attempt's unit."""
    distinct = {(record.account, record.ordinal): record for record in reversed(started)}
    new = {key: record for key, record in sorted(distinct.items()) if key not in known}
    if not new:
        return
    rows = [
        {
            "competition_id": source.competition,
            "account_id": record.account,
            "ordinal": record.ordinal,
            "organization_id": record.organization,
            "seed": record.seed,
            "started_ms": record.started_ms,
            "extra_ms": record.extra_ms,
            "shift_ms": record.shift_ms,
        }
        for record in new.values()
    ]
    _insert_rows(connection, "attempt", rows, "NOTHING")
    first = _first_attempts(known)
    known.update({key: Known(record.organization, False) for key, record in new.items()})
    then = _first_attempts(known)
    for account in sorted({account for account, _ in new}):
        before = known[account, first[account]].organization if account in first else None
        changes.move_start(before, known[account, then[account]].organization)


def _first_attempts(known: Iterable[AttemptKey]) -> dict[int, int]:
    """The lowest ordinal of each account."""
    lowest: dict[int, int] = {}
    for account, ordinal in known:
        lowest[account] = min(ordinal, lowest.get(account, ordinal))
    return lowest


_NEWER = """ON CONFLICT (competition_id, account_id, ordinal, position) DO UPDATE SET
    chosen = excluded.chosen, epoch = excluded.epoch, sequence = excluded.sequence, answered_ms = excluded.answered_ms
    WHERE (excluded.epoch, excluded.sequence) > (response.epoch, response.sequence)"""


def _upsert_responses(connection: Connection, source: Source, answered: Sequence[Answered]) -> None:
    newest: dict[tuple[int, int, int], Answered] = {}
    for answer in answered:
        place = (answer.account, answer.ordinal, answer.position)
        held = newest.get(place)
        if held is None or (answer.epoch, answer.sequence) > (held.epoch, held.sequence):
            newest[place] = answer
    if not newest:
        return
    # The columns stand as the record does, behind the competition; sorted, the rows go into neighbouring pages.
    rows = [(source.competition, *answer) for _, answer in sorted(newest.items())]
    columns = ", ".join(_RESPONSE_COLUMNS)
    if connection.dialect.name == "postgresql":
        # COPY is several times cheaper than INSERT, but knows no ON CONFLICT: so by way of a table of the session's own.
        connection.exec_driver_sql(
            "CREATE TEMPORARY TABLE IF NOT EXISTS incoming_response (LIKE response) ON COMMIT DELETE ROWS"
        )
        _copy(connection, f"COPY incoming_response ({columns}) FROM STDIN", rows)
        connection.exec_driver_sql(
            f"INSERT INTO response ({columns}) SELECT {columns} FROM incoming_response {_NEWER}"  # noqa: S608
        )
    else:
        places = ", ".join("?" * len(_RESPONSE_COLUMNS))
        connection.exec_driver_sql(f"INSERT INTO response ({columns}) VALUES ({places}) {_NEWER}", rows)  # noqa: S608


def _copy(connection: Connection, statement: str, rows: Iterable[Sequence[int]]) -> None:
    """COPY rows of whole numbers."""
    with _drivers_cursor(connection, statement) as cursor, cursor.copy(statement) as copy:
        copy.write("".join("\t".join(map(str, row)) + "\n" for row in rows))


def _set_extra_time(connection: Connection, source: Source, extended: Sequence[ExtraTimeSet]) -> None:
    last = {(record.account, record.ordinal): record.extra_ms for record in extended}
    if last:
        connection.execute(
            update(_attempt)
            .where(
                _attempt.c.competition_id == source.competition,
                _attempt.c.account_id == bindparam("account"),
                _attempt.c.ordinal == bindparam("of"),
            )
            .values(extra_ms=bindparam("extra")),
            [{"account": account, "of": ordinal, "extra": extra} for (account, ordinal), extra in sorted(last.items())],
        )


_END = f"""UPDATE attempt SET submitted_ms = ended.submitted_ms, used_ms = ended.used_ms, ended_by = ended.ended_by,
        score = ended.score, right_count = ended.right_count, points = ended.points
    FROM {_incoming("attempt")} ended
    WHERE attempt.competition_id = %s AND attempt.account_id = ANY(%s::bigint[])
        AND attempt.account_id = ended.account_id AND attempt.ordinal = ended.ordinal
        AND attempt.submitted_ms IS NULL"""  # noqa: S608


def _finish_attempts(
    connection: Connection,
    source: Source,
    finished: Sequence[Finished],
    known: Mapping[AttemptKey, Known],
    changes: TallyChanges,
    now_ms: int,
) -> None:
    """End the attempts that are still open, and let the results follow."""
    first = {(record.account, record.ordinal): record for record in reversed(finished)}
    ended = [record for key, record in sorted(first.items()) if not known[key].submitted]
    if not ended:
        return
    rows = [
        {
            "account_id": record.account,
            "ordinal": record.ordinal,
            "submitted_ms": record.submitted_ms,
            "used_ms": record.used_ms,
            "ended_by": record.ended_by,
            "score": record.score,
            "right_count": record.right_count,
            "points": list(record.points),
        }
        for record in ended
    ]
    if connection.dialect.name == "postgresql":
        _execute(connection, _END, (json.dumps(rows), source.competition, _array(row["account_id"] for row in rows)))
    else:
        names = list(rows[0])
        connection.execute(
            update(_attempt)
            .where(
                _attempt.c.competition_id == source.competition,
                _attempt.c.account_id == bindparam("of_account_id"),
                _attempt.c.ordinal == bindparam("of_ordinal"),
                _attempt.c.submitted_ms.is_(None),
            )
            .values({name: bindparam(f"of_{name}") for name in names[2:]}),
            [{f"of_{name}": value for name, value in row.items()} for row in rows],
        )
    _count_results(connection, source, ended, known, changes, now_ms)


def _count_results(
    connection: Connection,
    source: Source,
    ended: Sequence[Finished],
    known: Mapping[AttemptKey, Known],
    changes: TallyChanges,
    now_ms: int,
) -> None:
    columns = "account_id, ordinal, organization_id, score, right_count, used_ms, submitted_ms, full_marks, passed"
    rows = _rows_of(connection, columns, "result", source, (record.account for record in ended))
    held = {row[0]: Graded(*row[1:]) for row in rows}
    rules = source.rules
    candidates: dict[int, list[Graded]] = {account: [graded] for account, graded in held.items()}
    for record in ended:
        candidates.setdefault(record.account, []).append(
            Graded(
                ordinal=record.ordinal,
                organization=known[record.account, record.ordinal].organization,
                score=record.score,
                right_count=record.right_count,
                used_ms=record.used_ms,
                submitted_ms=record.submitted_ms,
                full_marks=int(record.score >= rules.full_score),
                passed=int(record.score >= rules.pass_score),
            )
        )
    values = []
    for account, attempts in sorted(candidates.items()):
        now_counted = counted(rules.keep, attempts)
        if now_counted is None or now_counted == held.get(account):
            continue
        changes.move_result(held.get(account), now_counted)
        values.append(
            {
                "competition_id": source.competition,
                "account_id": account,
                "ordinal": now_counted.ordinal,
                "organization_id": now_counted.organization,
                "score": now_counted.score,
                "right_count": now_counted.right_count,
                "used_ms": now_counted.used_ms,
                "submitted_ms": now_counted.submitted_ms,
                "full_marks": now_counted.full_marks,
                "passed": now_counted.passed,
                "change": now_ms,
            }
        )
    if values:
        replaced = ", ".join(f"{name} = excluded.{name}" for name in values[0])
        _insert_rows(connection, "result", values, f"UPDATE SET {replaced}")


def _change_tallies(connection: Connection, source: Source, changes: Mapping[int, TallyChange], now_ms: int) -> None:
    """Add to the rows of the units, in the order in which everybody locks them."""
    if not changes:
        return
    names = [entry.name for entry in fields(TallyChange)]
    rows = [
        {"competition_id": source.competition, "organization_id": organization, "change": now_ms}
        | {name: getattr(change, name) for name in names}
        for organization, change in changes.items()
    ]
    added = ", ".join(f"{name} = tally.{name} + excluded.{name}" for name in names)
    _insert_rows(connection, "tally", rows, f"UPDATE SET {added}, change = excluded.change")
