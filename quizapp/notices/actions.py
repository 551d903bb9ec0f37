"""What people do on the way from the freeze to final: begin a notice, object, reply, correct, finalise."""

import secrets
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from quizapp.accounts import audit
from quizapp.accounts.models import Account
from quizapp.banks.queries import version_content
from quizapp.competitions.models import Competition
from quizapp.competitions.queries import competition_for_change
from quizapp.errors import Invalid, NotFound, Refused
from quizapp.extensions import db
from quizapp.leaderboards.actions import correct_standings
from quizapp.leaderboards.models import Snapshot
from quizapp.leaderboards.snapshots import snapshot_in_force
from quizapp.notices.calendars import CALENDAR
from quizapp.notices.models import Correction, Notice, Objection
from quizapp.notices.queries import NoticeState, notice_of, notice_state, open_correction, unanswered_count
from quizapp.notices.working_days import UnknownYear, working_day_after

NOTICE_WORKING_DAYS = 5
ANSWER_WORKING_DAYS = 2
CODE_BYTES = 12


def last_day_of_notice(competition: Competition, now: datetime) -> date:
    """The last day of a notice that begins now. Raises UnknownYear where the holidays are not known."""
    return working_day_after(local_day(competition, now), NOTICE_WORKING_DAYS, CALENDAR)


def local_day(competition: Competition, now: datetime) -> date:
    """The day in the competition's zone."""
    return now.astimezone(ZoneInfo(competition.timezone)).date()


def end_of_day(competition: Competition, day: date) -> datetime:
    """The midnight that ends a day in the competition's zone."""
    following = day + timedelta(days=1)
    return datetime(following.year, following.month, following.day, tzinfo=ZoneInfo(competition.timezone))


def begin_notice(competition_id: int, *, last_day: date | None, actor: Account, now: datetime) -> Notice:
    """Begin the public notice of the standings in force. `last_day` is given by hand where the holidays are not known.

    Raises Refused before the freeze, while a notice runs, after they are final, and while a correction waits; Invalid if
    the last day is missing, or is sooner than that many weekdays would end.
    """
    competition = competition_for_change(competition_id)
    if notice_state(competition) is not NoticeState.FROZEN:
        raise Refused("notice_not_now")
    _refuse_waiting_correction(competition)
    snapshot = snapshot_in_force(competition)
    if snapshot is None:
        raise Refused("no_snapshot")
    try:
        day, by_hand = last_day_of_notice(competition, now), False
    except UnknownYear as unknown:
        earliest = _weekdays_after(local_day(competition, now), NOTICE_WORKING_DAYS)
        if last_day is None or last_day < earliest:
            raise Invalid("last_day_needed", year=unknown.year, earliest=earliest.isoformat()) from None
        day, by_hand = last_day, True
    notice = Notice(
        competition_id=competition.id,
        number=snapshot.number,
        working_days=NOTICE_WORKING_DAYS,
        begun_at=now,
        begun_by_id=actor.id,
        last_day=day,
        ends_at=end_of_day(competition, day),
    )
    db.session.add(notice)
    _record("notice_begun", competition, actor, now, snapshot=snapshot.number, last_day=str(day), by_hand=by_hand)
    db.session.flush()
    return notice


def _weekdays_after(day: date, count: int) -> date:
    while count > 0:
        day += timedelta(days=1)
        count -= day.weekday() < 5
    return day


def file_objection(
    competition_id: int, *, account: Account | None, name: str, contact: str, body: str, now: datetime
) -> Objection:
    """File an objection to the notice that runs. Raises Refused if none does."""
    competition = competition_for_change(competition_id)  # not while the standings are made final
    notice = notice_of(competition)
    if notice is None or notice.final_at is not None or now >= notice.ends_at:
        raise Refused("no_notice_runs")
    try:
        due = working_day_after(local_day(competition, now), ANSWER_WORKING_DAYS, CALENDAR)
    except UnknownYear:  # as many days of any kind are never more
        due = local_day(competition, now) + timedelta(days=ANSWER_WORKING_DAYS)
    objection = Objection(
        competition_id=competition.id,
        notice_id=notice.id,
        code=secrets.token_hex(CODE_BYTES),
        account_id=account.id if account else None,
        name=name,
        contact=contact,
        body=body,
        filed_at=now,
        due_at=end_of_day(competition, due),
    )
    db.session.add(objection)
    db.session.flush()
    _record("objection_filed", competition, account, now, objection=objection.id)
    return objection


def answer_objection(
    competition_id: int, objection_id: int, *, outcome: str, reply: str, actor: Account, now: datetime
) -> Objection:
    """Answer an objection, once. Raises NotFound, and Refused if it has its reply."""
    competition = competition_for_change(competition_id)
    objection = db.session.get(Objection, objection_id)
    if objection is None or objection.competition_id != competition.id:
        raise NotFound()
    if objection.replied_at is not None:
        raise Refused("objection_answered")
    objection.outcome, objection.reply = outcome, reply
    objection.replied_at, objection.replied_by_id = now, actor.id
    _record(
        "objection_answered",
        competition,
        actor,
        now,
        objection=objection.id,
        outcome=outcome,
        in_time=now <= objection.due_at,
    )
    return objection


def propose_correction(
    competition_id: int, change: dict[str, Any], *, reason: str, actor: Account, now: datetime
) -> Correction:
    """Propose one change of the standings, for a second person to apply. Raises Refused."""
    competition = competition_for_change(competition_id)
    if notice_state(competition) not in (NoticeState.FROZEN, NoticeState.PUBLIC):
        raise Refused("correction_not_now")
    _refuse_waiting_correction(competition)
    correction = Correction(
        competition_id=competition.id,
        changes=changes_with(competition, change),
        reason=reason,
        proposed_at=now,
        proposed_by_id=actor.id,
        state="proposed",
    )
    db.session.add(correction)
    db.session.flush()
    _record("correction_proposed", competition, actor, now, correction=correction.id, reason=reason)
    return correction


def changes_with(competition: Competition, change: dict[str, Any]) -> list[dict[str, Any]]:
    """All changes so far and the new one, which takes the place of an earlier one of the same thing. Raises Refused."""
    snapshot = snapshot_in_force(competition)
    if snapshot is None:
        raise Refused("no_snapshot")
    if change in snapshot.changes or (change["kind"] == "question" and _is_published(competition, snapshot, change)):
        raise Refused("changes_nothing")

    def thing(one: dict[str, Any]) -> tuple[object, ...]:
        if one["kind"] == "headcount":
            return "headcount", one["unit"]
        if one["kind"] == "question":
            return "question", one["question"]
        return one["kind"], one["account"], one.get("ordinal")

    return [*(kept for kept in snapshot.changes if thing(kept) != thing(change)), change]


def _is_published(competition: Competition, snapshot: Snapshot, change: dict[str, Any]) -> bool:
    """Whether a change of a question says what the bank version says, and no correction says otherwise."""
    if any(one["kind"] == "question" and one["question"] == change["question"] for one in snapshot.changes):
        return False
    questions = version_content(competition.bank_version_id).questions
    return any(each.code == change["question"] and each.key_letters == change["key"] for each in questions)


def apply_correction(competition_id: int, correction_id: int, *, actor: Account, now: datetime) -> Snapshot:
    """Apply a proposed correction: the next snapshot, and the notice has to begin anew.

    Raises NotFound, and Refused for the person who proposed it.
    """
    competition, correction = _proposed(competition_id, correction_id)
    if correction.proposed_by_id == actor.id:
        raise Refused("correction_needs_another")
    if notice_state(competition) not in (NoticeState.FROZEN, NoticeState.PUBLIC):
        raise Refused("correction_not_now")
    snapshot = correct_standings(competition, correction.changes, reason=correction.reason, actor=actor, now=now)
    correction.state, correction.number = "applied", snapshot.number
    correction.decided_at, correction.decided_by_id = now, actor.id
    _record(
        "correction_applied",
        competition,
        actor,
        now,
        correction=correction.id,
        snapshot=snapshot.number,
        digest=snapshot.digest,
        reason=correction.reason,
    )
    db.session.flush()
    return snapshot


def refuse_correction(competition_id: int, correction_id: int, *, actor: Account, now: datetime) -> None:
    """Put a proposed correction aside; who proposed it may do so too. Raises NotFound."""
    competition, correction = _proposed(competition_id, correction_id)
    correction.state, correction.decided_at, correction.decided_by_id = "refused", now, actor.id
    _record("correction_refused", competition, actor, now, correction=correction.id)


def _proposed(competition_id: int, correction_id: int) -> tuple[Competition, Correction]:
    competition = competition_for_change(competition_id)
    correction = db.session.get(Correction, correction_id)
    if correction is None or correction.competition_id != competition.id or correction.state != "proposed":
        raise NotFound("correction_decided")
    return competition, correction


def finalise(competition_id: int, *, actor: Account, now: datetime) -> Notice:
    """Make the standings final. Raises Refused while the notice runs, an objection is unanswered or a correction waits."""
    competition = competition_for_change(competition_id)
    notice = notice_of(competition)
    if notice is None or notice.final_at is not None:
        raise Refused("final_not_now")
    if now < notice.ends_at:
        raise Refused("notice_runs")
    if count := unanswered_count(competition):
        raise Refused("objections_unanswered", count=count)
    _refuse_waiting_correction(competition)
    notice.final_at, notice.final_by_id = now, actor.id
    _record("standings_final", competition, actor, now, snapshot=notice.number)
    return notice


def _refuse_waiting_correction(competition: Competition) -> None:
    if open_correction(competition) is not None:
        raise Refused("correction_waits")


def _record(action: str, competition: Competition, actor: Account | None, now: datetime, **facts: object) -> None:
    audit.record(action, actor=actor, subject_type="competition", subject_id=competition.id, now=now, **facts)
