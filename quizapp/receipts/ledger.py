"""The ledger (收据总账): receipts are entered day by day, and a day that is over gets its signed root.

A day here is when a receipt is entered, by the site's own clock and zone, and entering waits for its turn with closing: so
what is recorded late goes into a later day, and a root that has been published can't change. Nothing here commits.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import current_app
from sqlalchemy import ColumnElement, and_, func, insert, select, text, tuple_, update

from quizapp.attempts.models import Attempt, Response
from quizapp.attempts.queries import attempt_or_404, drawn
from quizapp.banks.content import BankContent
from quizapp.banks.queries import version_content
from quizapp.competitions.models import Competition
from quizapp.errors import NotFound
from quizapp.extensions import db, grader, signing_key
from quizapp.receipts.content import Answers, Receipt, answers_of, day_statement, fault_of_days, receipt_for
from quizapp.receipts.merkle import path_of, root_of
from quizapp.receipts.models import PublishedKey, ReceiptDay, ReceiptEntry
from quizapp.signing import digest_of

BLOCK = 1024  # a power of two: see `merkle.root_of`
Key = tuple[int, int, int]  # competition, account, ordinal
_ADVISORY_LOCK = 0x7265_6365_6970_74  # any number that nobody else takes


@dataclass(frozen=True)
class Issued:
    """A person's receipt with the answers that it stands for; `entry` is None until it is in the ledger."""

    receipt: Receipt
    answers: Answers
    entry: ReceiptEntry | None
    day: ReceiptDay | None

    def file(self) -> dict[str, Any]:
        """What the person keeps, as JSON values: `content.fault_of_receipt` checks it."""
        content = self.receipt.content
        found = {"receipt": content, **signing_key().sign(content), "answers": self.answers}
        if self.entry and self.day:
            path = [step.hex() for step in _path(self.entry, self.day)]
            found["entry"] = {"position": self.entry.position, "path": path, "day": signed_day(self.day)}
        return found


# Receipts


def issued(competition: Competition, account_id: int, ordinal: int) -> Issued:
    """The receipt of a person's ended attempt. Raises NotFound, also while the attempt runs, and Unavailable.

    Until it is in the ledger the store is asked first (see `_ended`); what is in the ledger never changes.
    """
    view = attempt_or_404(competition, account_id, ordinal)
    if view.ending is None:
        raise NotFound()
    row = select(ReceiptEntry).filter_by(competition_id=competition.id, account_id=account_id, ordinal=ordinal)
    entry = db.session.scalar(row)
    content = version_content(competition.bank_version_id)
    if entry is not None:
        answers = _answers(competition, content, view.seed, view.chosen)
        return Issued(_receipt(entry), answers, entry, db.session.get(ReceiptDay, entry.day))
    chosen = _held_choices(competition, view.account_id, view.ordinal, view.ending.submitted_ms)
    answers = _answers(competition, content, view.seed, view.chosen if chosen is None else chosen)
    return Issued(receipt_for(competition.id, view.seed, view.ending.submitted_ms, answers), answers, None, None)


def _answers(competition: Competition, content: BankContent, seed: str, chosen: Mapping[int, int]) -> Answers:
    return answers_of(drawn(competition, content, seed), content, chosen)


def _held_choices(competition: Competition, account: int, ordinal: int, ended_ms: int) -> dict[int, int] | None:
    """What the store holds of an ended attempt's answers, or None if SQL has them all. Raises Unavailable.

    SQL may have the end of an attempt before an answer in it, for as long as another recorder has that in its hands: a
    receipt made then would be one of other answers. So the store goes first, which had them all when the attempt ended.
    What is frozen is all recorded, and nobody brings its rules to the store again.
    """
    if competition.frozen_at is not None:
        return None
    state = grader.read(competition.id, competition.shards, account, ordinal).attempt
    if state is None or state.ending is None or state.ending.submitted_ms != ended_ms:
        return None
    return {position: answer.chosen for position, answer in state.answers.items()}


def _receipt(entry: ReceiptEntry) -> Receipt:
    return Receipt(entry.competition_id, entry.attempt, entry.answers, entry.ended_ms)


# Entering


def missing_receipts(after: Key, most: int) -> Sequence[Attempt]:
    """Ended attempts whose receipts are not in the ledger, in the order of their keys, behind `after`."""
    key = tuple_(Attempt.competition_id, Attempt.account_id, Attempt.ordinal)
    # As the partial index spells it: SQLAlchemy would write "receipted = 0" for SQLite, which then reads every attempt.
    missing = text("attempt.submitted_ms IS NOT NULL AND NOT attempt.receipted")
    rows = select(Attempt).where(missing, key > after)
    return db.session.scalars(
        rows.order_by(Attempt.competition_id, Attempt.account_id, Attempt.ordinal).limit(most)
    ).all()


def key_of(row: Attempt | ReceiptEntry) -> Key:
    """The natural key of an attempt."""
    return row.competition_id, row.account_id, row.ordinal


def drawn_up(attempts: Sequence[Attempt]) -> dict[Key, Receipt]:
    """The receipts of ended attempts. Raises Unavailable."""
    recorded = _recorded_choices([key_of(attempt) for attempt in attempts])
    competitions = _competitions_of(attempts)
    found: dict[Key, Receipt] = {}
    for attempt in attempts:
        key, ended_ms = key_of(attempt), attempt.submitted_ms or 0
        competition, content = competitions[attempt.competition_id]
        chosen = _held_choices(competition, attempt.account_id, attempt.ordinal, ended_ms)
        answers = _answers(competition, content, attempt.seed, recorded.get(key, {}) if chosen is None else chosen)
        found[key] = receipt_for(competition.id, attempt.seed, ended_ms, answers)
    return found


def _competitions_of(attempts: Iterable[Attempt]) -> dict[int, tuple[Competition, BankContent]]:
    """The attempts' competitions with what their banks hold, which would else be asked for again for each paper."""
    ids = {attempt.competition_id for attempt in attempts}
    found = db.session.scalars(select(Competition).where(Competition.id.in_(ids)))
    return {each.id: (each, version_content(each.bank_version_id)) for each in found}


def _recorded_choices(keys: Sequence[Key]) -> dict[Key, dict[int, int]]:
    of = (Response.competition_id, Response.account_id, Response.ordinal)
    found: dict[Key, dict[int, int]] = {}
    for *key, position, chosen in db.session.execute(
        select(*of, Response.position, Response.chosen).where(tuple_(*of).in_(keys))
    ):
        found.setdefault((key[0], key[1], key[2]), {})[position] = chosen
    return found


def enter(receipts: Mapping[Key, Receipt], *, now: datetime) -> int:
    """Put receipts into the ledger, each once, whoever else does the same. Returns how many were new."""
    _take_turn()
    publish_key(now)
    key = tuple_(Attempt.competition_id, Attempt.account_id, Attempt.ordinal)
    among = key.in_(list(receipts))
    columns = (Attempt.competition_id, Attempt.account_id, Attempt.ordinal)
    rows = select(*columns).where(among, ~Attempt.receipted).order_by(*columns)
    new: list[Key] = [(of, account, ordinal) for of, account, ordinal in db.session.execute(rows)]
    if not new:
        return 0
    last = db.session.scalar(select(func.max(ReceiptDay.day)))
    day = local_day(now) if last is None else max(local_day(now), last + timedelta(days=1))
    first = _count(day)
    db.session.execute(
        insert(ReceiptEntry),
        [
            {
                "day": day,
                "position": position,
                "competition_id": key[0],
                "account_id": key[1],
                "ordinal": key[2],
                "attempt": receipts[key].attempt,
                "answers": receipts[key].answers,
                "ended_ms": receipts[key].ended_ms,
            }
            for position, key in enumerate(new, start=first)
        ],
    )
    db.session.execute(update(Attempt).where(among).values(receipted=True).execution_options(synchronize_session=False))
    return len(new)


def publish_key(now: datetime) -> None:
    """See that the key which this installation signs with is among the published ones."""
    own = signing_key()
    if db.session.get(PublishedKey, own.id) is None:
        db.session.add(PublishedKey(id=own.id, public=own.public, first_used_at=now))
        db.session.flush()


def local_day(now: datetime) -> date:
    """The day of the site's own zone."""
    return now.astimezone(ZoneInfo(current_app.config["BABEL_DEFAULT_TIMEZONE"])).date()


def _take_turn() -> None:
    """Let one process at a time enter or close, up to its commit. On SQLite whoever writes has the file to itself anyway."""
    if db.session.connection().dialect.name == "postgresql":
        db.session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _ADVISORY_LOCK})


def _count(day: date) -> int:
    last = db.session.scalar(select(func.max(ReceiptEntry.position)).where(ReceiptEntry.day == day))
    return 0 if last is None else last + 1


# Closing


def day_to_close(now: datetime) -> date | None:
    """The oldest day that is over, has receipts and no root."""
    last = db.session.scalar(select(func.max(ReceiptDay.day)))
    rows = select(func.min(ReceiptEntry.day)).where(ReceiptEntry.day < local_day(now))
    return db.session.scalar(rows if last is None else rows.where(ReceiptEntry.day > last))


def leaves_of(day: date, first: int) -> list[bytes]:
    """The leaves of the day's tree from `first` on, at most BLOCK. Raises ValueError where a position is missing."""
    columns = (ReceiptEntry.competition_id, ReceiptEntry.attempt, ReceiptEntry.answers, ReceiptEntry.ended_ms)
    rows = select(ReceiptEntry.position, *columns).where(
        ReceiptEntry.day == day, ReceiptEntry.position >= first, ReceiptEntry.position < first + BLOCK
    )
    found = db.session.execute(rows.order_by(ReceiptEntry.position)).all()
    if [row.position for row in found] != list(range(first, first + len(found))):
        raise ValueError(f"the ledger of {day} has a gap behind position {first}")
    return [Receipt(*row[1:]).leaf for row in found]


def close_day(day: date, blocks: Sequence[bytes], count: int, *, now: datetime) -> bool:
    """Sign the root of a day that is over. False, and nothing is done, if it has its root or has grown meanwhile."""
    _take_turn()
    publish_key(now)
    last = db.session.scalar(select(ReceiptDay).order_by(ReceiptDay.day.desc()).limit(1))
    if day >= local_day(now) or (last is not None and last.day >= day) or _count(day) != count:
        return False
    previous = digest_of(statement_of(last)) if last else ""
    root = root_of(blocks)
    signed = signing_key().sign(day_statement(day, count, root, previous))
    db.session.add(
        ReceiptDay(day=day, count=count, root=root, previous=previous, **signed, blocks=b"".join(blocks), closed_at=now)
    )
    db.session.flush()
    return True


# What is published


def statement_of(day: ReceiptDay) -> dict[str, Any]:
    """The statement that was signed."""
    return day_statement(day.day, day.count, day.root, day.previous)


def signed_day(day: ReceiptDay) -> dict[str, Any]:
    """A day as it is published."""
    return {"statement": statement_of(day), "key": day.key, "signature": day.signature}


def closed_days(latest: int | None = None) -> Sequence[ReceiptDay]:
    """The days with a root, newest first."""
    return db.session.scalars(select(ReceiptDay).order_by(ReceiptDay.day.desc()).limit(latest)).all()


def key_list() -> list[dict[str, str | None]]:
    """The keys that were used, oldest first, then the one that will be: id, public key, and since when."""
    own = signing_key()
    rows = db.session.scalars(select(PublishedKey).order_by(PublishedKey.first_used_at, PublishedKey.id)).all()
    found: list[dict[str, str | None]] = [
        {"id": key.id, "public": key.public, "first_used_at": key.first_used_at.isoformat(timespec="seconds")}
        for key in rows
    ]
    if own.id not in {key.id for key in rows}:
        found.append({"id": own.id, "public": own.public, "first_used_at": None})
    return found


def public_keys() -> dict[str, str]:
    """Key id → public key, of those in `key_list`."""
    return {str(key["id"]): str(key["public"]) for key in key_list()}


def _path(entry: ReceiptEntry, day: ReceiptDay) -> list[bytes]:
    block, place = divmod(entry.position, BLOCK)
    roots = [day.blocks[at : at + 32] for at in range(0, len(day.blocks), 32)]
    return path_of(leaves_of(entry.day, block * BLOCK), place) + path_of(roots, block)


# Proof


def faults_of_ledger() -> Iterator[str]:
    """Everything in the ledger that does not follow from the raw responses, or no longer gives what was signed.

    Reads the whole ledger in portions, and draws each paper again.
    """
    days = closed_days()[::-1]
    if fault := fault_of_days([signed_day(day) for day in days], public_keys()):
        yield fault
    for day in days:
        try:
            roots = list(_block_roots(day.day))
        except ValueError as error:
            yield str(error)
            continue
        if root_of(roots) != day.root or b"".join(roots) != day.blocks or _count(day.day) != day.count:
            yield f"day {day.day}: its receipts do not give the published root"
    yield from _entries_of_other_answers()
    yield from _attempts_without_entry()


def _block_roots(day: date) -> Iterator[bytes]:
    first = 0
    while leaves := leaves_of(day, first):
        yield root_of(leaves)
        first += BLOCK


def _entries_of_other_answers() -> Iterator[str]:
    place = tuple_(ReceiptEntry.day, ReceiptEntry.position)
    after = (date.min, -1)
    while True:
        rows = (
            select(ReceiptEntry, Attempt)
            .outerjoin(Attempt, _is_of_attempt())  # a foreign key holds up nobody who has the database for himself
            .where(place > after)
            .order_by(ReceiptEntry.day, ReceiptEntry.position)
            .limit(200)
        )
        found = db.session.execute(rows).all()
        if not found:
            return
        attempts = [attempt for _, attempt in found if attempt is not None]
        recorded = _recorded_choices([key_of(attempt) for attempt in attempts])
        competitions = _competitions_of(attempts)
        for entry, attempt in found:
            if attempt is None:
                yield f"day {entry.day}, position {entry.position}: its attempt is gone"
                continue
            competition, content = competitions[entry.competition_id]
            answers = _answers(competition, content, attempt.seed, recorded.get(key_of(attempt), {}))
            if receipt_for(competition.id, attempt.seed, attempt.submitted_ms or 0, answers) != _receipt(entry):
                yield f"day {entry.day}, position {entry.position}: what is recorded now gives another receipt"
        after = (found[-1][0].day, found[-1][0].position)


def _attempts_without_entry() -> Iterator[str]:
    """Attempts that are marked as entered and are not: put in behind the back of the recorder, or taken out of the ledger."""
    missing = select(Attempt.competition_id, Attempt.account_id, Attempt.ordinal).outerjoin(
        ReceiptEntry, _is_of_attempt()
    )
    missing = missing.where(Attempt.receipted, ReceiptEntry.position.is_(None))
    for competition, account, ordinal in db.session.execute(missing.limit(20)):
        yield f"competition {competition}, account {account}, attempt {ordinal}: its receipt is not in the ledger"


def _is_of_attempt() -> ColumnElement[bool]:
    return and_(
        Attempt.competition_id == ReceiptEntry.competition_id,
        Attempt.account_id == ReceiptEntry.account_id,
        Attempt.ordinal == ReceiptEntry.ordinal,
    )
