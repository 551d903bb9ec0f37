"""What organizers do to a draw, each step once; and the draw itself."""

import re
import secrets
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select

from quizapp.accounts import audit
from quizapp.accounts.models import Account
from quizapp.clock import to_ms
from quizapp.competitions.models import Competition
from quizapp.draws import beacon
from quizapp.draws.drawing import (
    ENTRY_BYTES,
    Entry,
    Prize,
    commitment_to,
    fault_of_prizes,
    roll_digest,
    winners,
)
from quizapp.draws.models import Draw, DrawApproval, DrawEntry, DrawExclusion, DrawWinner
from quizapp.draws.queries import candidates, entries_of, header_of, prizes_of, seed_of, statement_of, step_of
from quizapp.draws.steps import APPROVALS, SHORTEST_NOTICE, Step, is_over
from quizapp.errors import Invalid, Refused
from quizapp.extensions import db, signing_key
from quizapp.leaderboards.models import Freeze
from quizapp.notices.queries import NoticeState, notice_state
from quizapp.receipts.ledger import publish_key

SECRET = re.compile("[0-9a-f]{64}")


def add_draw(competition: Competition, *, reason: str, actor: Account, now: datetime) -> Draw:
    """Plan a draw: the first of the competition, or another one with its reason, once the one before is over.

    It begins with the prizes of the one before; that of a copied competition with those of the competition it was copied from.
    """
    rows = select(Draw).where(Draw.competition_id == competition.id).order_by(Draw.number.desc()).limit(1)
    last = db.session.scalar(rows)
    if last is not None and not is_over(step_of(last, now)):
        raise Refused("draw_under_way", number=last.number)
    if last is not None and not reason.strip():
        raise Invalid("another_draw_needs_reason")
    like = last or db.session.scalar(
        select(Draw).where(Draw.competition_id == competition.copied_from_id).order_by(Draw.number.desc()).limit(1)
    )
    draw = Draw(
        competition_id=competition.id,
        number=last.number + 1 if last else 1,
        reason=reason.strip() if last else "",
        prizes=like.prizes if like else [],
        created_at=now,
        created_by_id=actor.id,
        planned_by_id=actor.id,
    )
    db.session.add(draw)
    db.session.flush()
    _record("add_draw", draw, actor, now, number=draw.number, reason=draw.reason)
    return draw


def plan_draw(
    draw: Draw,
    *,
    prizes: Sequence[Prize],
    exclude_staff: bool,
    exclude_earlier: str,
    excluded: Mapping[int, str],
    actor: Account,
    now: datetime,
) -> None:
    """Decide the prizes and who is left out. `excluded`: account id → reason. Approvals of another plan don't hold for this one."""
    _must_be_at(draw, Step.PLANNED, now)
    if fault := fault_of_prizes(prizes):
        raise Invalid(fault)
    draw.prizes = [prize.to_json() for prize in prizes]
    draw.exclude_staff, draw.exclude_earlier, draw.planned_by_id = exclude_staff, exclude_earlier, actor.id
    draw.approvals.clear()
    draw.exclusions.clear()
    db.session.flush()
    draw.exclusions.extend(
        DrawExclusion(account_id=account, reason=reason, by_name=True) for account, reason in excluded.items()
    )
    db.session.flush()
    _record("plan_draw", draw, actor, now, prizes=draw.prizes, excluded=len(excluded))


def approve_draw(draw: Draw, *, actor: Account, now: datetime) -> None:
    """Agree to another draw. Whoever asked for it or planned it can't."""
    _must_be_at(draw, Step.PLANNED, now)
    if draw.number == 1:
        raise Refused("first_draw_needs_no_approval")
    if actor.id in (draw.created_by_id, draw.planned_by_id):
        raise Refused("approve_own_draw")
    if any(approval.account_id == actor.id for approval in draw.approvals):
        raise Refused("draw_already_approved")
    if not draw.prizes:
        raise Refused("draw_without_prizes")
    draw.approvals.append(DrawApproval(account_id=actor.id, approved_at=now))
    db.session.flush()
    _record("approve_draw", draw, actor, now)


def freezing_problem(competition: Competition, draw: Draw) -> Refused | None:
    """Why the roll can't be frozen yet."""
    state = notice_state(competition)
    if not draw.prizes:
        return Refused("draw_without_prizes")
    if state is NoticeState.DRAFT:
        return Refused("draw_before_freeze")
    if state is NoticeState.PUBLIC:
        return Refused("draw_during_notice")
    if draw.number > 1 and len(draw.approvals) < APPROVALS:
        return Refused("draw_needs_approvals", approvals=len(draw.approvals))
    return None


def freeze_roll(competition: Competition, draw: Draw, *, actor: Account, now: datetime) -> None:
    """Freeze who takes part, under opaque random ids, with all that is drawn; from now on none of it can change."""
    _must_be_at(draw, Step.PLANNED, now)
    if problem := freezing_problem(competition, draw):
        raise problem
    rows: list[dict[str, Any]] = []
    left_out: list[tuple[int, str]] = []
    used: set[str] = set()
    for each in candidates(draw):
        if each.excluded:
            left_out.append((each.account, each.excluded))
            continue
        entry = secrets.token_hex(ENTRY_BYTES)
        while entry in used:
            entry = secrets.token_hex(ENTRY_BYTES)
        used.add(entry)
        rows.append(
            {
                "draw_id": draw.id,
                "entry": entry,
                "account_id": each.account,
                "organization_id": each.organization,
                "score": each.score,
            }
        )
    if not rows:
        raise Refused("draw_without_entries")
    named = {exclusion.account_id for exclusion in draw.exclusions}
    found = [
        {"draw_id": draw.id, "account_id": account, "reason": reason, "by_name": False}
        for account, reason in left_out
        if account not in named
    ]
    # In the order of their ids, which says nothing of the standings.
    db.session.execute(insert(DrawEntry), sorted(rows, key=lambda row: str(row["entry"])))
    if found:
        db.session.execute(insert(DrawExclusion), found)
    draw.title, draw.standings = competition.title, db.session.get_one(Freeze, competition.id).digest
    draw.excluded = dict(sorted(Counter(reason for _account, reason in left_out).items()))
    draw.entry_count, draw.frozen_at = len(rows), now
    entries = sorted((Entry(row["entry"], row["score"]) for row in rows), key=lambda entry: entry.id)
    draw.digest = roll_digest(header_of(draw), entries)
    db.session.flush()
    db.session.expire(draw, ["exclusions"])
    _record("freeze_draw", draw, actor, now, digest=draw.digest, entries=len(rows), excluded=draw.excluded)


def name_beacon(draw: Draw, moment: datetime, *, actor: Account, now: datetime) -> None:
    """Name the first round of the beacon from a moment on as the source of chance."""
    _must_be_at(draw, Step.FROZEN, now)
    number = beacon.first_round_from(moment)
    happens_at = _later(beacon.time_of(number), now)
    draw.chance, draw.round, draw.happens_at, draw.named_at = "beacon", number, happens_at, now
    db.session.flush()
    _record("name_chance", draw, actor, now, round=number, happens_ms=to_ms(happens_at))


def name_commitment(
    draw: Draw, *, secret: str, source: str, happens_at: datetime, open_by: datetime, actor: Account, now: datetime
) -> None:
    """Name a public number of a later moment, and commit to a secret of which only the digest is kept."""
    _must_be_at(draw, Step.FROZEN, now)
    if not SECRET.fullmatch(secret):
        raise Invalid("secret_malformed")
    if open_by <= happens_at:
        raise Invalid("open_by_too_early")
    draw.chance, draw.commitment = "commitment", commitment_to(draw.digest or "", secret)
    draw.source, draw.happens_at, draw.open_by, draw.named_at = source, _later(happens_at, now), open_by, now
    db.session.flush()
    facts = {"commitment": draw.commitment, "source": source, "happens_ms": to_ms(happens_at)}
    _record("name_chance", draw, actor, now, **facts)


def _later(happens_at: datetime, now: datetime) -> datetime:
    if happens_at < now + SHORTEST_NOTICE:
        raise Invalid("chance_must_be_later")
    return happens_at


def draw_by_beacon(draw: Draw, found: beacon.Round, *, actor: Account | None, now: datetime) -> None:
    """Draw with the named round, whose signature is checked."""
    _must_be_at(draw, Step.DUE, now)
    if draw.chance != "beacon":
        raise Refused("chance_is_another")
    if found.number != draw.round:
        raise Invalid("another_round", given=found.number, named=draw.round)
    if not beacon.is_genuine(found):
        raise Invalid("round_not_genuine")
    _drawn(draw, actor, now, beacon_signature=found.signature)


def draw_by_secret(draw: Draw, *, secret: str, public_number: str, actor: Account, now: datetime) -> None:
    """Open the commitment, with the public number, and draw."""
    _must_be_at(draw, Step.DUE, now)
    if draw.chance != "commitment":
        raise Refused("chance_is_another")
    if commitment_to(draw.digest or "", secret) != draw.commitment:
        raise Invalid("secret_is_another")
    _drawn(draw, actor, now, secret=secret, public_number=public_number)


def _drawn(draw: Draw, actor: Account | None, now: datetime, **outcome: str) -> None:
    publish_key(now)
    with db.session.no_autoflush:  # what is written last is the draw itself: from then on nothing of it can change
        draw.drawn_at = now
        for name, brought in outcome.items():
            setattr(draw, name, brought)
        seed = seed_of(draw)
        assert seed is not None
        won = winners(prizes_of(draw), entries_of(draw), seed)
        signed = signing_key().sign(statement_of(draw, won))
        rows = [
            {"draw_id": draw.id, "prize": prize, "place": place, "entry": entry}
            for prize, entries in enumerate(won, start=1)
            for place, entry in enumerate(entries, start=1)
        ]
        if rows:
            db.session.execute(insert(DrawWinner), rows)
        draw.key, draw.signature = signed["key"], signed["signature"]
    db.session.flush()
    _record("draw_prizes", draw, actor, now, winners=[len(entries) for entries in won])


def people_by_login(logins: Iterable[str]) -> dict[str, int]:
    """Account ids by login, of those that exist. Logins in lower case."""
    rows = db.session.execute(select(Account.login, Account.id).where(Account.login.in_(list(logins))))
    return {row.login: row.id for row in rows}


def draw_for_change(draw: Draw) -> Draw:
    """The draw, its row locked until the commit, so that no step is taken twice."""
    rows = select(Draw).where(Draw.id == draw.id).with_for_update()
    return db.session.scalars(rows.execution_options(populate_existing=True)).one()


def _must_be_at(draw: Draw, step: Step, now: datetime) -> None:
    here = step_of(draw, now)
    if here is not step:
        raise Refused(f"draw_is_{here}")


def _record(deed: str, draw: Draw, actor: Account | None, now: datetime, **facts: object) -> None:
    facts |= {"competition": draw.competition_id, "draw": draw.number}
    audit.record(deed, actor=actor, subject_type="draw", subject_id=draw.id, now=now, **facts)
