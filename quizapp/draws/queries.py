"""Reads of draws: their rolls, their one file, who won, and one's own part."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import func, select

from quizapp.accounts.models import Account, RoleGrant
from quizapp.clock import to_ms
from quizapp.competitions.models import Competition
from quizapp.draws import content
from quizapp.draws.drawing import Entry, Prize, lot, roll_header, score_takes_part, seed_from
from quizapp.draws.models import Draw, DrawEntry, DrawExclusion, DrawWinner
from quizapp.draws.steps import Moments, Step, step_at
from quizapp.errors import NotFound
from quizapp.extensions import db, signing_key
from quizapp.leaderboards.frozen import frozen_board
from quizapp.leaderboards.models import Standing
from quizapp.leaderboards.queries import board_of, names_of, sight_of
from quizapp.leaderboards.visibility import OWNERS, Sight, unit_shown
from quizapp.notices.consent import named_by_consent, published_names

BIGGEST = 2**31 - 1
STAFF = ("administrator", "organizer", "auditor")


def draws_of(competition: Competition) -> list[Draw]:
    """All draws of a competition, the first first."""
    return list(db.session.scalars(select(Draw).where(Draw.competition_id == competition.id).order_by(Draw.number)))


def draw_or_404(competition: Competition, number: int) -> Draw:
    """A draw of the competition, whatever its step."""
    found = db.session.scalar(
        select(Draw).where(Draw.competition_id == competition.id, Draw.number == min(number, BIGGEST))
    )
    if found is None:
        raise NotFound()
    return found


def public_draw_or_404(competition: Competition, number: int) -> Draw:
    """A draw that the public may know of: its roll is frozen."""
    found = draw_or_404(competition, number)
    if found.frozen_at is None:
        raise NotFound()
    return found


def step_of(draw: Draw, now: datetime) -> Step:
    """The step that the draw is at."""
    return step_at(Moments(draw.frozen_at, draw.happens_at, draw.open_by, draw.drawn_at), now)


def prizes_of(draw: Draw) -> list[Prize]:
    """Its prizes, in their order."""
    return [Prize(**prize) for prize in draw.prizes]


def scores_now(competition: Competition) -> Mapping[int, int]:
    """How many people have each score: frozen, or live before that."""
    return board_of(competition).scores()


@dataclass(frozen=True, slots=True)
class Candidate:
    """Who stands in the frozen standings with a score that could win, and why he or she is left out, or ""."""

    account: int
    organization: int | None
    score: int
    excluded: str


def candidates(draw: Draw) -> Iterator[Candidate]:
    """All who could win by their scores, best first."""
    prizes = prizes_of(draw)
    reasons = _reasons(draw)
    columns = select(Standing.subject, Standing.organization_id, Standing.figures)
    rows = columns.where(Standing.competition_id == draw.competition_id, Standing.board == "people")
    floor = min(prize.low for prize in prizes)
    with db.session.execute(rows.order_by(Standing.place), execution_options={"yield_per": 2000}) as found:
        for subject, organization, figures in found:
            score = figures["score"]
            if score < floor:  # they stand by score, whatever orders equal ones
                return
            if score_takes_part(score, prizes):
                yield Candidate(int(subject), organization, score, reasons.get(int(subject), ""))


def _reasons(draw: Draw) -> dict[int, str]:
    found: dict[int, str] = {}
    if draw.exclude_earlier != "none":
        won = (
            select(DrawEntry.account_id)
            .join(DrawWinner, (DrawWinner.draw_id == DrawEntry.draw_id) & (DrawWinner.entry == DrawEntry.entry))
            .where(DrawEntry.draw_id != draw.id)
        )
        if draw.exclude_earlier == "competition":
            won = won.join(Draw, Draw.id == DrawEntry.draw_id).where(Draw.competition_id == draw.competition_id)
        found |= dict.fromkeys(db.session.scalars(won), "earlier_winner")
    if draw.exclude_staff:
        staff = select(RoleGrant.account_id).where(RoleGrant.role.in_(STAFF))
        found |= dict.fromkeys(db.session.scalars(staff), "staff")
    return found | {each.account_id: each.reason for each in draw.exclusions if each.by_name}


def entries_of(draw: Draw) -> list[Entry]:
    """The frozen roll, sorted by the entries' ids."""
    rows = db.session.execute(select(DrawEntry.entry, DrawEntry.score).where(DrawEntry.draw_id == draw.id))
    return sorted((Entry(entry, score) for entry, score in rows), key=lambda entry: entry.id)


def header_of(draw: Draw) -> dict[str, Any]:
    """The first line of its roll."""
    return roll_header(
        competition=draw.competition_id,
        title=draw.title or "",
        number=draw.number,
        reason=draw.reason,
        standings=draw.standings or "",
        prizes=prizes_of(draw),
        excluded=draw.excluded or {},
    )


def chance_of(draw: Draw) -> dict[str, Any] | None:
    """Where chance comes from, as it stands in the file; None while it is not named."""
    if draw.named_at is None or draw.happens_at is None:
        return None
    if draw.round is not None:
        return content.chance_by_beacon(draw.round, to_ms(draw.named_at))
    assert draw.open_by is not None
    return content.chance_by_commitment(
        draw.commitment or "", draw.source or "", to_ms(draw.happens_at), to_ms(draw.open_by), to_ms(draw.named_at)
    )


def outcome_of(draw: Draw) -> dict[str, Any] | None:
    """What chance brought, as it stands in the file; None before the draw."""
    if draw.drawn_at is None:
        return None
    if draw.beacon_signature is not None:
        return {"signature": draw.beacon_signature, "drawn_ms": to_ms(draw.drawn_at)}
    return {"secret": draw.secret, "number": draw.public_number, "drawn_ms": to_ms(draw.drawn_at)}


def statement_of(draw: Draw, won: list[list[str]] | None = None) -> dict[str, Any]:
    """What is signed of a frozen draw. `won` only while they are not recorded yet."""
    assert draw.frozen_at is not None
    assert draw.digest is not None
    if won is None:
        won = winning_entries(draw)
    frozen_ms = to_ms(draw.frozen_at)
    return content.statement(
        header_of(draw), entries_of(draw), draw.digest, frozen_ms, chance_of(draw), outcome_of(draw), won
    )


def file_of(draw: Draw) -> dict[str, Any]:
    """The one file: signed as it was at the draw, or now, as long as there is more to come."""
    found = statement_of(draw)
    if draw.drawn_at is None:
        return {"draw": found, **signing_key().sign(found)}
    return {"draw": found, "key": draw.key, "signature": draw.signature}


def winning_entries(draw: Draw) -> list[list[str]]:
    """The entries that won each prize, in the order in which they were drawn."""
    won: list[list[str]] = [[] for _ in draw.prizes]
    rows = select(DrawWinner).where(DrawWinner.draw_id == draw.id).order_by(DrawWinner.prize, DrawWinner.place)
    for row in db.session.scalars(rows):
        won[row.prize - 1].append(row.entry)
    return won


@dataclass(frozen=True, slots=True)
class Winner:
    """A winner as a page shows him or her; `name` and `unit` are empty where the reader may not know them."""

    entry: str
    score: int
    name: str
    unit: str


@dataclass(frozen=True, slots=True)
class Won:
    """A prize with how many won it, and those of them who stand on one `page` (from 1) of `pages`, the `first` of them first."""

    number: int
    prize: Prize
    count: int
    page: int
    pages: int
    first: int
    winners: list[Winner]


class Reading(StrEnum):
    """What the reader of a list of winners may know. FULL: everybody's name and unit, as organizers and auditors.

    MASKED: what the boards show: 张*, in full by consent, and nobody of a unit that is too small. NOTHING: entries alone, where
    the competition's boards are not for this reader.
    """

    FULL = "full"
    MASKED = "masked"
    NOTHING = "nothing"


def reading_of(competition: Competition, account: Account | None) -> Reading:
    """What `account` (None: a stranger) may know of winners."""
    if account is not None and account.roles & OWNERS:
        return Reading.FULL
    return Reading.MASKED if sight_of(competition, account) is Sight.YES else Reading.NOTHING


def winners_of(
    competition: Competition, draw: Draw, reading: Reading, *, most: int, number: int = 0, page: int = 1
) -> list[Won]:
    """Each prize with its first `most` winners, in the order in which they were drawn; of prize `number` those of a `page`."""
    counts = select(DrawWinner.prize, func.count()).where(DrawWinner.draw_id == draw.id).group_by(DrawWinner.prize)
    count_of = {row[0]: row[1] for row in db.session.execute(counts)}
    found: list[Won] = []
    for each, prize in enumerate(prizes_of(draw), start=1):
        count = count_of.get(each, 0)
        pages = max(1, -(-count // most))
        at = max(1, min(page, pages)) if each == number else 1
        winners = _winners(competition, draw, reading, each, (at - 1) * most, most) if count else []
        found.append(Won(each, prize, count, at, pages, (at - 1) * most + 1, winners))
    return found


def _winners(
    competition: Competition, draw: Draw, reading: Reading, prize: int, offset: int, most: int
) -> list[Winner]:
    """The winners of a prize after the first `offset`: their places count from 1 without a gap."""
    rows = db.session.scalars(
        select(DrawEntry)
        .join(DrawWinner, (DrawWinner.draw_id == DrawEntry.draw_id) & (DrawWinner.entry == DrawEntry.entry))
        .where(DrawWinner.draw_id == draw.id, DrawWinner.prize == prize)
        .where(DrawWinner.place > offset, DrawWinner.place <= offset + most)
        .order_by(DrawWinner.place)
    ).all()
    names, units = _known(competition, rows, reading)
    return [
        Winner(row.entry, row.score, names.get(row.account_id, ""), units.get(row.organization_id or 0, ""))
        for row in rows
    ]


def _known(
    competition: Competition, rows: Sequence[DrawEntry], reading: Reading
) -> tuple[dict[int, str], dict[int, str]]:
    """The names by account, and what is told of the units by unit, that a reader may know."""
    accounts, own = [row.account_id for row in rows], {row.organization_id for row in rows if row.organization_id}
    board = frozen_board(competition.id)
    if reading is Reading.NOTHING or board is None:
        return {}, {}
    if reading is Reading.FULL:
        return names_of(accounts), board.unit_names(own)
    held = board.lines(own)
    lines = {unit: held.get(unit, ()) for unit in own}
    figures = board.figures("units", {str(above) for line in lines.values() for above in line})
    shown = {unit: unit_shown(line, figures, board.minimum) for unit, line in lines.items()}
    hidden = {unit for unit, line in lines.items() if line and shown[unit] is None}
    agreed = named_by_consent(competition, accounts)
    names = published_names(competition, accounts)
    kept = {
        row.account_id: names.get(row.account_id, "")
        for row in rows
        if row.organization_id not in hidden or row.account_id in agreed
    }
    called = board.unit_names({above for above in shown.values() if above is not None})
    return kept, {unit: called.get(above, "") for unit, above in shown.items() if above is not None}


@dataclass(frozen=True, slots=True)
class OwnPart:
    """A person's own part in a draw: the entry and the prize won, if any; or why he or she was left out.

    `lots` are the entry's lots for each prize, once drawn.
    """

    entry: str = ""
    score: int = 0
    prize: Prize | None = None
    excluded: str = ""
    lots: tuple[str, ...] = ()


def own_part(draw: Draw, account: Account) -> OwnPart | None:
    """The person's part; None if the score is in no prize's reach, or there is no counted result."""
    exclusion = db.session.get(DrawExclusion, (draw.id, account.id))
    if exclusion is not None:
        return OwnPart(excluded=exclusion.reason)
    row = db.session.scalar(select(DrawEntry).where(DrawEntry.draw_id == draw.id, DrawEntry.account_id == account.id))
    if row is None:
        return None
    won = db.session.scalar(
        select(DrawWinner.prize).where(DrawWinner.draw_id == draw.id, DrawWinner.entry == row.entry)
    )
    prizes = prizes_of(draw)
    lots: tuple[str, ...] = ()
    if seed := seed_of(draw):
        lots = tuple(lot(seed, number, row.entry) for number in range(1, len(prizes) + 1))
    return OwnPart(row.entry, row.score, prizes[won - 1] if won else None, lots=lots)


def is_outdated(competition: Competition, draw: Draw) -> bool:
    """Whether the standings were corrected after the roll was frozen: who is in it, and with which score, stays as it was."""
    board = frozen_board(competition.id)
    return draw.standings is not None and board is not None and board.freeze.digest != draw.standings


def seed_of(draw: Draw) -> bytes | None:
    """The seed, once chance has come and was recorded."""
    chance, outcome = chance_of(draw), outcome_of(draw)
    if chance is None or outcome is None or draw.digest is None:
        return None
    return seed_from(draw.digest, content.chance_brought(chance, outcome))


def some_names(competition: Competition, draw: Draw, reading: Reading, most: int) -> list[str]:
    """What a hall may read of some who take part, by chance: their entries' ids are random."""
    rows = select(DrawEntry).where(DrawEntry.draw_id == draw.id).order_by(DrawEntry.entry).limit(most)
    entries = db.session.scalars(rows).all()
    names, _units = _known(competition, entries, Reading.MASKED if reading is Reading.FULL else reading)
    return [names.get(entry.account_id) or entry.entry for entry in entries]
