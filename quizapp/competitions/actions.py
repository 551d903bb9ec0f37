"""What an organizer can do to a competition. Each deed leaves its entry in the audit trail; the edge commits and primes.

A draft may be changed in everything. Once published only what can't hurt anybody who has started may change: words, a
later close, more minutes, extra time, a pause, more units.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import delete, select

from quizapp.accounts.audit import record
from quizapp.accounts.models import Account
from quizapp.banks.queries import held_version, version_content
from quizapp.banks.versions.reviews import contributors_of, is_seen_by_two, names_of
from quizapp.clock import to_ms
from quizapp.competitions.models import Announcement, Competition, ExtraTime, Pause
from quizapp.competitions.phase import Phase, is_paused, phase
from quizapp.competitions.queries import blueprint_of
from quizapp.competitions.terms import Terms, copied_title, one_year_later
from quizapp.errors import Invalid, Refused
from quizapp.extensions import db
from quizapp.organizations.models import Organization
from quizapp.papers.blueprint import shortfalls

LONGEST_SHIFT_MS = 20 * 86_400_000  # what the columns of attempts hold, with room to spare


def create_draft(terms: Terms, organizations: Sequence[Organization], *, actor: Account, now: datetime) -> Competition:
    """A new draft. Raises Invalid for a bank version that is retired."""
    competition = Competition(created_at=now, created_by_id=actor.id, shift_ms=0)
    _put(terms, organizations, competition)
    db.session.add(competition)
    db.session.flush()
    _record("competition_created", competition, actor, now, title=terms.title)
    return competition


def revise_draft(
    competition: Competition, terms: Terms, organizations: Sequence[Organization], *, actor: Account, now: datetime
) -> None:
    """Change anything in a draft. Raises Refused once it is published, Invalid for a bank version that is retired."""
    _draft_only(competition)
    _put(terms, organizations, competition)
    _record("competition_revised", competition, actor, now, title=terms.title)


def _put(terms: Terms, organizations: Sequence[Organization], competition: Competition) -> None:
    for name, value in vars(terms).items():
        setattr(competition, name, value.to_json() if name == "blueprint" else value)
    competition.organizations = list(organizations)
    if problem := _retirement_problem(competition.bank_version_id):
        raise problem


def _retirement_problem(version_id: int) -> Invalid | None:
    """A draft may be held by a version that was retired after it, or be copied with one; it can't be saved or opened so."""
    retirement = held_version(version_id).retirement
    return Invalid("bank_version_retired", reason=retirement.reason) if retirement else None


def delete_draft(competition: Competition, *, actor: Account, now: datetime) -> None:
    """Throw a draft away, with its notices and the extra time promised in it. Raises Refused once it is published."""
    _draft_only(competition)
    _record("competition_deleted", competition, actor, now, title=competition.title)
    for copy in db.session.scalars(select(Competition).where(Competition.copied_from_id == competition.id)):
        copy.copied_from_id = None
    db.session.execute(delete(Announcement).where(Announcement.competition_id == competition.id))
    db.session.execute(delete(ExtraTime).where(ExtraTime.competition_id == competition.id))
    competition.organizations = []
    db.session.flush()
    db.session.delete(competition)


Along = Callable[[Competition, Competition, Account, datetime], None]
COPIED_ALONG: list[Along] = []
"""What the features above copy with a competition: each adds its own, and is given source, copy, who copies and when."""


def copy_competition(source: Competition, *, actor: Account, now: datetime) -> Competition:
    """A draft with the same rules and awards, its window a year later by the clocks of its zone."""
    kept = {
        column.key: getattr(source, column.key)
        for column in Competition.__mapper__.column_attrs
        if column.key not in ("id", "published_at", "paused_at", "frozen_at", "shift_ms")
    }
    zone = ZoneInfo(source.timezone)
    copy = Competition(**kept)
    copy.title = copied_title(source.title, source.opens_at.astimezone(zone).year)
    copy.opens_at = one_year_later(source.opens_at, zone)
    copy.closes_at = one_year_later(source.closes_at, zone)
    copy.shift_ms = 0
    copy.created_at = now
    copy.created_by_id = actor.id
    copy.copied_from_id = source.id
    copy.organizations = list(source.organizations)
    db.session.add(copy)
    db.session.flush()
    _record("competition_copied", copy, actor, now, source=source.id)
    for along in COPIED_ALONG:
        along(source, copy, actor, now)
    return copy


def publish_competition(competition: Competition, *, actor: Account, now: datetime) -> None:
    """Let the public see it, and pin bank version and blueprint. Raises Refused, or Invalid with what is missing."""
    _draft_only(competition)
    if problem := publish_problem(competition, now):
        raise problem
    competition.published_at = now
    _record(
        "competition_published",
        competition,
        actor,
        now,
        bank_version=competition.bank_version_id,
        digest=competition.bank_version.digest,
        opens_at=competition.opens_at.isoformat(),
        closes_at=competition.closes_at.isoformat(),
    )


def publish_problem(competition: Competition, now: datetime) -> Invalid | None:
    """What stands in the way of publishing the draft, if anything does.

    The bank version is held until the commit: it can't be retired meanwhile.
    """
    if competition.closes_at <= now:
        return Invalid("window_is_past")
    if competition.bank_version.number is None:
        return Invalid("bank_version_unpublished")
    if problem := _retirement_problem(competition.bank_version_id):
        return problem
    version = competition.bank_version
    if competition.bank_four_eyes and not is_seen_by_two(version):
        return Invalid("bank_version_unreviewed", number=version.number, names=names_of(contributors_of(version)))
    if missing := shortfalls(blueprint_of(competition), version_content(competition.bank_version_id)):
        first = missing[0]
        return Invalid("blueprint_short", row=first.section + 1, needed=first.needed, available=first.available)
    return None


def withdraw_competition(competition: Competition, *, actor: Account, now: datetime) -> None:
    """Make a draft again of what has not opened yet. Raises Refused once it has."""
    if phase(competition, now) is not Phase.UPCOMING:
        raise Refused("withdraw_too_late")
    competition.published_at = None
    _record("competition_withdrawn", competition, actor, now)


def revise_texts(
    competition: Competition,
    *,
    title: str,
    host: str,
    introduction: str,
    contact: str,
    boards: str,
    board_minimum_people: int,
    organizations: Sequence[Organization],
    actor: Account,
    now: datetime,
) -> None:
    """Reword a published competition, show or hide its boards, invite more units. Raises Refused for one unit fewer."""
    before = set(competition.organizations)
    if not before and organizations:
        raise Refused("units_are_all")
    if before - set(organizations):
        raise Refused("units_only_more")
    changed = {
        name: value
        for name, value in {
            "title": title,
            "host": host,
            "introduction": introduction,
            "contact": contact,
            "boards": boards,
            "board_minimum_people": board_minimum_people,
        }.items()
        if getattr(competition, name) != value
    }
    for name, value in changed.items():
        setattr(competition, name, value)
    added = [unit for unit in organizations if unit not in before]
    competition.organizations = [*competition.organizations, *added]
    _record(
        "competition_reworded",
        competition,
        actor,
        now,
        changed=sorted(changed),
        units_added=[unit.id for unit in added],
    )


def change_times(
    competition: Competition,
    *,
    opens_at: datetime,
    closes_at: datetime,
    minutes: int,
    actor: Account,
    now: datetime,
) -> None:
    """Another start while it has not opened, a later close, more minutes; running attempts follow. Raises Refused."""
    if reason := times_refusal(competition, opens_at=opens_at, closes_at=closes_at, minutes=minutes, now=now):
        raise Refused(reason)
    _record(
        "competition_times_changed",
        competition,
        actor,
        now,
        opens_at=[competition.opens_at.isoformat(), opens_at.isoformat()],
        closes_at=[competition.closes_at.isoformat(), closes_at.isoformat()],
        minutes=[competition.minutes, minutes],
    )
    competition.opens_at = opens_at
    competition.closes_at = closes_at
    competition.minutes = minutes


def times_refusal(
    competition: Competition, *, opens_at: datetime, closes_at: datetime, minutes: int, now: datetime
) -> str:
    """The code of what forbids these times for a published competition; empty if nothing does."""
    at = phase(competition, now)
    if at in (Phase.DRAFT, Phase.FROZEN):
        return "competition_not_running"
    if opens_at != competition.opens_at and (at is not Phase.UPCOMING or opens_at <= now):
        return "opens_at_is_past"
    if closes_at <= opens_at:
        return "window_backward"
    if closes_at < competition.closes_at:
        return "closes_at_only_later"
    if minutes < competition.minutes:
        return "minutes_only_more"
    return ""


def pause_competition(competition: Competition, *, reason: str, actor: Account, now: datetime) -> None:
    """Let time stand still for everybody. Raises Refused unless it is open and running."""
    if phase(competition, now) is not Phase.OPEN or competition.paused_at is not None:
        raise Refused("pause_needs_running")
    competition.paused_at = now
    _record("competition_paused", competition, actor, now, reason=reason)


def resume_competition(competition: Competition, *, extend: bool, actor: Account, now: datetime) -> None:
    """Let time go on; every running attempt gets the pause back, and the close moves by it if `extend`. Raises Refused."""
    if not is_paused(competition, now) or competition.paused_at is None:
        raise Refused("resume_needs_paused")
    lasted_ms = to_ms(now) - to_ms(competition.paused_at)
    if competition.shift_ms + lasted_ms > LONGEST_SHIFT_MS:
        raise Refused("paused_too_long")
    begun_ms = to_ms(competition.paused_at)
    db.session.add(Pause(competition_id=competition.id, begun_ms=begun_ms, over_ms=begun_ms + lasted_ms))
    competition.paused_at = None
    competition.shift_ms += lasted_ms
    if extend:
        competition.closes_at += timedelta(milliseconds=lasted_ms)
    _record(
        "competition_resumed",
        competition,
        actor,
        now,
        paused_ms=lasted_ms,
        closes_at=competition.closes_at.isoformat(),
        extended=extend,
    )


def grant_extra_time(
    competition: Competition, account: Account, *, minutes: int, reason: str, actor: Account, now: datetime
) -> ExtraTime:
    """Give a person minutes on top in every attempt, the running one included; a second grant replaces the first.

    Raises Refused for fewer minutes than before: nobody loses time that was promised.
    """
    if phase(competition, now) in (Phase.DRAFT, Phase.CLOSED, Phase.FROZEN):
        raise Refused("competition_not_running")
    extra = db.session.scalar(
        select(ExtraTime).where(ExtraTime.competition_id == competition.id, ExtraTime.account_id == account.id)
    )
    if extra is None:
        extra = ExtraTime(competition_id=competition.id, account_id=account.id, minutes=0)
        db.session.add(extra)
    elif minutes < extra.minutes:
        raise Refused("extra_time_only_more", minutes=extra.minutes)
    extra.minutes = minutes
    extra.reason = reason
    extra.granted_by_id = actor.id
    extra.granted_at = now
    _record("extra_time_granted", competition, actor, now, account=account.id, minutes=minutes, reason=reason)
    return extra


def revoke_extra_time(competition: Competition, extra: ExtraTime, *, actor: Account, now: datetime) -> None:
    """Take the minutes away from attempts that start later."""
    _record("extra_time_revoked", competition, actor, now, account=extra.account_id, minutes=extra.minutes)
    db.session.delete(extra)


def announce(competition: Competition, *, title: str, body: str, actor: Account, now: datetime) -> Announcement:
    """Put a notice on the competition's pages."""
    notice = Announcement(competition_id=competition.id, title=title, body=body, published_at=now, author_id=actor.id)
    db.session.add(notice)
    _record("announcement_published", competition, actor, now, title=title)
    return notice


def remove_announcement(competition: Competition, notice: Announcement, *, actor: Account, now: datetime) -> None:
    """Take a notice off; the audit trail keeps its words."""
    _record("announcement_removed", competition, actor, now, title=notice.title, body=notice.body)
    db.session.delete(notice)


def _draft_only(competition: Competition) -> None:
    if competition.published_at is not None:
        raise Refused("competition_published")


def _record(action: str, competition: Competition, actor: Account, now: datetime, **facts: object) -> None:
    record(action, actor=actor, subject_type="competition", subject_id=competition.id, now=now, **facts)
