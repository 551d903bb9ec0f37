"""What can be done to awards and locked headcounts. Each deed leaves its entry in the audit trail; the edge commits."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from quizapp.accounts import audit
from quizapp.accounts.models import Account
from quizapp.awards import queries
from quizapp.awards.composite import Composite, problems
from quizapp.awards.judging import award_content
from quizapp.awards.models import Award, AwardResult
from quizapp.competitions.actions import COPIED_ALONG
from quizapp.competitions.models import Competition
from quizapp.competitions.queries import blueprint_of
from quizapp.errors import Invalid, Refused
from quizapp.extensions import db, signing_key
from quizapp.leaderboards.models import HeadcountLock, HeadcountRequest
from quizapp.leaderboards.snapshots import snapshot_in_force
from quizapp.organizations.actions import keep_evidence
from quizapp.organizations.evidence import Evidence
from quizapp.organizations.models import Organization
from quizapp.receipts.ledger import publish_key
from quizapp.signing import digest_of

MOST_PEOPLE = 10_000_000


def write_award(
    competition: Competition, award: Award | None, title: str, composite: Composite, *, actor: Account, now: datetime
) -> Award:
    """Write an award down, or rewrite one. Raises Refused once the competition has opened, Invalid for odd rules."""
    _refuse_opened(competition, now)
    if found := problems(composite, competition.board_minimum_people):
        raise Invalid(found[0][0], **found[0][1])
    rows = select(Award.id).where(Award.competition_id == competition.id, Award.title == title)
    if (other := db.session.scalar(rows)) is not None and (award is None or award.id != other):
        raise Invalid("award_title_taken")
    if award is None:
        award = Award(competition_id=competition.id)
        db.session.add(award)
    award.title, award.rules = title, composite.to_json()
    award.written_at, award.written_by_id = now, actor.id
    db.session.flush()
    _record("write_award", competition, actor, now, title=title, award=award.id, digest=digest_of(award.rules))
    return award


def copy_awards(source: Competition, copy: Competition, actor: Account, now: datetime) -> None:
    """Write the awards of a competition down for its copy too, and when headcounts are locked, counted from the opening.

    What the copy would not be allowed to write down (the boards may show larger units only by now) stays behind.
    """
    for award in queries.awards_of(source):
        if not problems(award.composite, copy.board_minimum_people):
            write_award(copy, None, award.title, award.composite, actor=actor, now=now)
    if (lock := db.session.get(HeadcountLock, source.id)) is not None:
        moment = copy.opens_at + (lock.locks_at - source.opens_at)
        db.session.add(HeadcountLock(competition_id=copy.id, locks_at=min(moment, copy.closes_at)))
        db.session.flush()


COPIED_ALONG.append(copy_awards)


def remove_award(award: Award, *, actor: Account, now: datetime) -> None:
    """Take an award back. Raises Refused once its competition has opened."""
    _refuse_opened(award.competition, now)
    _record("remove_award", award.competition, actor, now, title=award.title)
    db.session.delete(award)


def _refuse_opened(competition: Competition, now: datetime) -> None:
    if queries.has_opened(competition, now):
        raise Refused("award_locked")


def lock_headcounts_at(competition: Competition, moment: datetime, *, actor: Account, now: datetime) -> None:
    """Set when the headcounts are locked: a moment to come, up to the close. Raises Refused once they are, Invalid."""
    if queries.is_locked(competition, now):
        raise Refused("headcounts_locked")
    if not now < moment <= competition.closes_at:
        raise Invalid("headcount_date_odd")
    lock = db.session.get(HeadcountLock, competition.id)
    before = queries.locks_at(competition)
    if lock is None:
        lock = HeadcountLock(competition_id=competition.id)
        db.session.add(lock)
    lock.locks_at = moment
    db.session.flush()
    _record("lock_headcounts", competition, actor, now, locks_at=[before.isoformat(), moment.isoformat()])


def request_headcount(
    competition: Competition,
    unit: Organization,
    headcount: int,
    *,
    reason: str,
    evidence: Evidence | None,
    actor: Account,
    now: datetime,
) -> HeadcountRequest:
    """Ask for another locked headcount. Raises Refused before the lock, after the freeze, and while another request waits;
    Invalid."""
    if not queries.is_locked(competition, now):
        raise Refused("headcounts_not_locked")
    _refuse_frozen(competition)
    before = queries.headcounts_for(competition).get(unit.id)
    if not 0 < headcount <= MOST_PEOPLE or headcount == before:
        raise Invalid("headcount_request_odd")
    if evidence:
        keep_evidence(unit, evidence, actor=actor, now=now)
    asked = HeadcountRequest(
        competition_id=competition.id,
        organization_id=unit.id,
        before=before,
        headcount=headcount,
        reason=reason,
        evidence=evidence.digest if evidence else None,
        requested_at=now,
        requested_by_id=actor.id,
        state="pending",
    )
    try:
        with db.session.begin_nested():
            db.session.add(asked)
    except IntegrityError as error:
        raise Refused("headcount_request_waits") from error
    _record(
        "request_headcount", competition, actor, now, unit=unit.code, headcount=[before, headcount], reason=reason,
        evidence=asked.evidence,
    )  # fmt: skip
    return asked


def decide_headcount(asked: HeadcountRequest, *, approve: bool, reply: str, actor: Account, now: datetime) -> None:
    """Approve or reject a request. Raises Refused for whoever asked, for one that has been decided, and for an approval
    after the freeze."""
    db.session.refresh(asked, with_for_update=True)
    if asked.state != "pending":
        raise Refused("headcount_request_decided")
    if asked.requested_by_id == actor.id:
        raise Refused("headcount_request_own")
    if approve:
        db.session.refresh(asked.competition, with_for_update=True)  # a freeze keeps it, or the approval comes after it
        _refuse_frozen(asked.competition)
    asked.state = "approved" if approve else "rejected"
    asked.decided_at, asked.decided_by_id, asked.reply = now, actor.id, reply
    _record(
        "approve_headcount" if approve else "reject_headcount",
        asked.competition,
        actor,
        now,
        unit=asked.organization.code,
        headcount=[asked.before, asked.headcount],
        reply=reply,
    )


def _refuse_frozen(competition: Competition) -> None:
    """Boards and awards count with one number: once it is in a snapshot, a correction by two people changes it in both."""
    if snapshot_in_force(competition) is not None:
        raise Refused("headcounts_frozen")


def drafted_content(award: Award, now: datetime) -> dict[str, Any]:
    """What a result would say now. While the competition runs its `standings` are empty: a preview."""
    competition = award.competition
    field = queries.field_of(competition, award.composite, now)
    changes: list[Mapping[str, Any]] = [
        {
            "unit": asked.organization_id,
            "before": asked.before or 0,
            "headcount": asked.headcount,
            "decided_at": asked.decided_at.isoformat(timespec="seconds") if asked.decided_at else "",
        }
        for asked in reversed(queries.requests_of(competition, state="approved"))
    ]
    known = {entrant.id for entrant in field.entrants}
    corrections = [
        {"unit": unit, "headcount": headcount or 0}
        for unit, headcount in sorted(field.corrected.items())
        if unit in known
    ]
    facts = {
        "id": award.id,
        "title": award.title,
        "competition": {"id": competition.id, "title": competition.title},
        "standings": field.standings,
        "snapshot": field.snapshot,
        "headcounts_locked_at": queries.locks_at(competition).isoformat(timespec="seconds"),
        "headcount_changes": changes,
        "headcount_corrections": corrections,
    }
    return award_content(award.composite, blueprint_of(competition).full_score, field.entrants, facts)


def publish_result(award: Award, *, actor: Account, now: datetime) -> AwardResult:
    """Compute the result on the frozen standings, sign it and keep it for ever.

    Raises Refused while the standings are not frozen, while a headcount waits for its decision, and where nothing has
    changed since the last result.
    """
    competition = award.competition
    db.session.refresh(competition, with_for_update=True)  # of two at once the second finds the first one's result
    if competition.frozen_at is None:
        raise Refused("award_not_frozen")
    if waiting := queries.requests_of(competition, state="pending"):
        raise Refused("award_headcounts_wait", count=len(waiting))
    content = drafted_content(award, now)
    last = queries.last_result(award)
    digest = digest_of(content)
    if last and last.digest == digest:
        raise Refused("award_unchanged")
    publish_key(now)
    result = AwardResult(
        award_id=award.id,
        number=last.number + 1 if last else 1,
        content=content,
        digest=digest,
        made_at=now,
        made_by_id=actor.id,
        **signing_key().sign(content),
    )
    db.session.add(result)
    db.session.flush()
    _record("publish_award", competition, actor, now, title=award.title, number=result.number, digest=digest)
    return result


def _record(action: str, competition: Competition, actor: Account, now: datetime, **facts: object) -> None:
    audit.record(action, actor=actor, subject_type="competition", subject_id=competition.id, now=now, **facts)
