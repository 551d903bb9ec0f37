"""Reads of competitions."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime, timedelta

from sqlalchemy import Row, bindparam, func, or_, select

from quizapp.accounts.models import Account
from quizapp.competitions.eligibility import EntryFacts, PersonFacts, Verdict, may_start
from quizapp.competitions.models import Announcement, Competition, CompetitionOrganization, ExtraTime
from quizapp.competitions.phase import Phase, is_paused, phase
from quizapp.competitions.terms import Terms
from quizapp.errors import NotFound
from quizapp.extensions import db
from quizapp.organizations.models import Membership, Organization
from quizapp.organizations.queries import membership_of
from quizapp.papers.blueprint import Blueprint

_INVITED = (
    select(Organization.path, Organization.name)
    .join(CompetitionOrganization, CompetitionOrganization.organization_id == Organization.id)
    .where(CompetitionOrganization.competition_id == bindparam("competition_id"))
    .order_by(Organization.name, Organization.id)
)
_EXTRA = select(ExtraTime.minutes).where(
    ExtraTime.competition_id == bindparam("competition_id"), ExtraTime.account_id == bindparam("account_id")
)
_ANNOUNCEMENTS = (
    select(Announcement)
    .where(Announcement.competition_id == bindparam("competition_id"))
    .order_by(Announcement.published_at.desc(), Announcement.id.desc())
)
BIGGEST_ID = 2**62  # an address may hold any number; a database takes no larger one


def competition_or_404(competition_id: int) -> Competition:
    """The competition, drafts included. Raises NotFound."""
    competition = db.session.get(Competition, min(competition_id, BIGGEST_ID))
    if competition is None:
        raise NotFound()
    return competition


def competition_for_change(competition_id: int) -> Competition:
    """The competition, its row locked until the commit, so that two organizers can't undo each other. Raises NotFound."""
    rows = select(Competition).where(Competition.id == min(competition_id, BIGGEST_ID)).with_for_update()
    competition = db.session.scalar(rows.execution_options(populate_existing=True))
    if competition is None:
        raise NotFound()
    return competition


def published_or_404(competition_id: int) -> Competition:
    """The competition, if the public may know of it. Raises NotFound for a draft too."""
    competition = competition_or_404(competition_id)
    if competition.published_at is None:
        raise NotFound()
    return competition


def published_competitions(now: datetime) -> list[Competition]:
    """Every published competition: the open ones by their close, then the upcoming by their start, then the past, newest first."""
    rows = list(db.session.scalars(select(Competition).where(Competition.published_at.is_not(None))))

    def place(competition: Competition) -> tuple[int, float]:
        of = phase(competition, now)
        if of is Phase.OPEN:
            return 0, competition.closes_at.timestamp()
        if of is Phase.UPCOMING:
            return 1, competition.opens_at.timestamp()
        return 2, -competition.closes_at.timestamp()

    return sorted(rows, key=place)


def all_competitions() -> list[Competition]:
    """Every competition, the newest first."""
    return list(db.session.scalars(select(Competition).order_by(Competition.opens_at.desc(), Competition.id.desc())))


def running_competitions(now: datetime) -> list[Competition]:
    """Published, not frozen competitions that the grader must know at `now`: what is open, near its start or just closed."""
    rows = select(Competition).where(
        Competition.published_at.is_not(None),
        Competition.frozen_at.is_(None),
        Competition.opens_at < now + timedelta(days=1),
    )
    return list(db.session.scalars(rows.order_by(Competition.id)))


def blueprint_of(competition: Competition) -> Blueprint:
    """The competition's rule for drawing papers."""
    return Blueprint.from_json(competition.blueprint)


def terms_of(competition: Competition) -> Terms:
    """The competition as its form decides it."""
    kept = {each.name: getattr(competition, each.name) for each in fields(Terms) if each.name != "blueprint"}
    return Terms(**kept, blueprint=blueprint_of(competition))


def invited_units(competition: Competition) -> Sequence[Row[str, str]]:
    """(path, name) of the units that are invited, by name: hundreds perhaps, and each page asks, so no more of them."""
    return db.session.execute(_INVITED, {"competition_id": competition.id}).all()


def start_verdict(
    competition: Competition,
    invited: Sequence[Row[str, str]],
    account: Account | None,
    membership: Membership | None,
    now: datetime,
) -> Verdict:
    """Whether `account` (None: nobody is signed in) may start, as far as SQL can say; the grader counts the attempts.

    `invited`: what `invited_units` says; `membership`: where the account belongs.
    """
    entry = EntryFacts(
        phase=phase(competition, now),
        paused=is_paused(competition, now),
        entry=competition.entry,
        invited_paths=tuple(path for path, _name in invited),
    )
    return may_start(entry, _person_facts(account, membership))


def _person_facts(account: Account | None, membership: Membership | None) -> PersonFacts:
    if account is None:
        return PersonFacts(signed_in=False)
    if membership is None:
        return PersonFacts(signed_in=True)
    return PersonFacts(
        signed_in=True,
        membership="confirmed" if membership.state == "confirmed" else "pending",
        path=membership.organization.path,
    )


def announcements_of(competition: Competition) -> Sequence[Announcement]:
    """The competition's notices, the newest first."""
    return db.session.scalars(_ANNOUNCEMENTS, {"competition_id": competition.id}).all()


def extra_minutes(competition_id: int, account_id: int) -> int:
    """The minutes that the person gets on top in each attempt; mostly 0."""
    return db.session.scalar(_EXTRA, {"competition_id": competition_id, "account_id": account_id}) or 0


def extra_times_of(competition: Competition) -> list[tuple[ExtraTime, Account]]:
    """Who has extra time in the competition, the latest first."""
    rows = (
        select(ExtraTime, Account)
        .join(Account, Account.id == ExtraTime.account_id)
        .where(ExtraTime.competition_id == competition.id)
        .order_by(ExtraTime.granted_at.desc(), ExtraTime.id.desc())
    )
    return [(extra, account) for extra, account in db.session.execute(rows)]


def organizations_by_code(codes: Sequence[str]) -> dict[str, Organization]:
    """The units of the codes as they were given; a code that no unit has is left out. Codes' case does not matter."""
    upper = {code.upper(): code for code in codes}
    rows = select(Organization).where(func.upper(Organization.code).in_(upper))
    return {upper[unit.code.upper()]: unit for unit in db.session.scalars(rows)}


def units_like(text: str, *, limit: int = 20) -> list[Organization]:
    """Units whose name holds `text` or whose code begins with it, by name."""
    rows = select(Organization).where(
        Organization.name.icontains(text, autoescape=True) | Organization.code.istartswith(text, autoescape=True)
    )
    return list(db.session.scalars(rows.order_by(Organization.name, Organization.id).limit(limit)))


def people_like(
    text: str, invited: Sequence[Organization], *, limit: int = 20
) -> list[tuple[Account, Organization | None]]:
    """People whose name, login or staff number begins with `text`, with their units; only of `invited` units if there are any."""
    rows = (
        select(Account, Organization)
        .outerjoin(Membership, (Membership.account_id == Account.id) & (Membership.state != "removed"))
        .outerjoin(Organization, Organization.id == Membership.organization_id)
        .where(
            Account.disabled_at.is_(None),
            Account.name.startswith(text, autoescape=True)
            | Account.login.startswith(text.lower(), autoescape=True)
            | Membership.staff_number.startswith(text, autoescape=True),
        )
    )
    if invited:
        rows = rows.where(or_(*(Organization.path.startswith(unit.path, autoescape=True) for unit in invited)))
    return [
        (account, unit) for account, unit in db.session.execute(rows.order_by(Account.name, Account.id).limit(limit))
    ]


def person_or_404(account_id: int) -> tuple[Account, Organization | None]:
    """An account that may take part, with its unit. Raises NotFound."""
    account = db.session.get(Account, min(account_id, BIGGEST_ID))
    if account is None or account.disabled_at is not None:
        raise NotFound()
    membership = membership_of(account)
    return account, membership.organization if membership else None
