"""Reads of the tree and of who belongs where. Who may see which unit is decided here and nowhere else."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from flask_sqlalchemy.pagination import Pagination
from sqlalchemy import Select, and_, case, false, func, or_, select
from sqlalchemy.orm import aliased, contains_eager, joinedload

from quizapp.accounts.logins import read_phone
from quizapp.accounts.models import Account, OneTimeCode
from quizapp.errors import NotFound
from quizapp.extensions import db
from quizapp.organizations.coverage import Coverage, coverage
from quizapp.organizations.models import Membership, Organization

EVERYWHERE = frozenset({"administrator", "organizer", "auditor"})
CHANGES_EVERYWHERE = frozenset({"administrator", "organizer"})


def subtree(organization: Organization) -> Select[Organization]:
    """The unit and all below it."""
    return select(Organization).where(Organization.path.startswith(organization.path))


def visible_organizations(account: Account) -> Select[Organization]:
    """The units whose people and progress an account may see, by its roles; a participant's is none."""
    if account.roles & EVERYWHERE:
        return select(Organization)
    fields = [
        and_(
            *(
                column == value
                for column, value in ((Organization.region, grant.region), (Organization.industry, grant.industry))
                if value
            )
        )
        for grant in account.grants
        if grant.role == "association"
    ]
    return select(Organization).where(or_(false(), *fields, *_own_subtrees(account)))


def managed_organizations(account: Account) -> Select[Organization]:
    """The units whose people an account may change: a coordinator's own and all below, an organizer's every one."""
    if account.roles & CHANGES_EVERYWHERE:
        return select(Organization)
    return select(Organization).where(or_(false(), *_own_subtrees(account)))


def _own_subtrees(account: Account) -> list[Any]:
    ids = [grant.organization_id for grant in account.grants if grant.role == "coordinator"]
    paths = db.session.scalars(select(Organization.path).where(Organization.id.in_(ids))).all() if ids else []
    return [Organization.path.startswith(path) for path in paths]


def coordinated_organizations(account: Account) -> list[Organization]:
    """The units that the account is coordinator of, by name."""
    ids = [grant.organization_id for grant in account.grants if grant.role == "coordinator"]
    return list(db.session.scalars(select(Organization).where(Organization.id.in_(ids)).order_by(Organization.path)))


def visible_organization(organization_id: int, account: Account) -> Organization:
    """A unit that the account may see; any other looks like a missing one."""
    return _one(visible_organizations(account), organization_id)


def managed_organization(organization_id: int, account: Account) -> Organization:
    """A unit whose people the account may change; any other looks like a missing one."""
    return _one(managed_organizations(account), organization_id)


def may_manage(organization: Organization, account: Account) -> bool:
    """Whether the account may change the unit's people."""
    query = managed_organizations(account).where(Organization.id == organization.id)
    return db.session.scalars(query).first() is not None


def _one(query: Select[Organization], organization_id: int) -> Organization:
    found = db.session.scalars(query.where(Organization.id == min(organization_id, 2**62))).first()
    if found is None:
        raise NotFound()
    return found


def organization_by_code(code: str) -> Organization | None:
    """The unit with this code, in whatever case it was typed."""
    return db.session.scalars(select(Organization).where(Organization.code == code.strip().upper())).first()


def organization_by_join_code(code: str) -> Organization | None:
    """The unit that a join code leads to."""
    return db.session.scalars(select(Organization).where(Organization.join_code == code)).first()


def ancestors(organization: Organization) -> list[Organization]:
    """The units above, the root first, the unit itself last."""
    found = db.session.scalars(select(Organization).where(Organization.id.in_(organization.ancestor_ids)))
    return sorted(found, key=lambda unit: len(unit.path))


def children(organization: Organization) -> list[Organization]:
    """The units directly below."""
    query = select(Organization).where(Organization.parent_id == organization.id).order_by(Organization.code)
    return list(db.session.scalars(query))


def membership_of(account: Account) -> Membership | None:
    """The account's current membership, pending or confirmed."""
    return db.session.scalars(
        select(Membership)
        .where(Membership.account_id == account.id, Membership.state != "removed")
        .options(joinedload(Membership.organization))
    ).first()


def managed_membership(membership_id: int, account: Account) -> Membership:
    """A current membership in a unit that the account manages; any other looks like a missing one."""
    found = db.session.scalars(
        select(Membership)
        .where(Membership.id == min(membership_id, 2**62), Membership.state != "removed")
        .where(Membership.organization_id.in_(managed_organizations(account).with_only_columns(Organization.id)))
        .options(joinedload(Membership.organization), joinedload(Membership.account))
    ).first()
    if found is None:
        raise NotFound()
    return found


def member_named(organization: Organization, text: str) -> Membership | None:
    """The current member of a unit with this staff number or phone number."""
    query = (
        select(Membership)
        .join(Membership.account)
        .where(Membership.organization_id == organization.id, Membership.state != "removed")
        .options(contains_eager(Membership.account))
    )
    by_number = db.session.scalars(query.where(func.lower(Membership.staff_number) == text.lower())).first()
    if by_number is None and (phone := read_phone(text)):
        return db.session.scalars(query.where(Account.phone == phone)).first()
    return by_number


def people_of(organization: Organization, text: str, state: str, *, below: bool) -> Select[Membership]:
    """Current members by a part of the name, a staff or phone number, and a state; with `below` those of all sub-units."""
    query = (
        select(Membership)
        .join(Membership.account)
        .join(Membership.organization)
        .where(Membership.state != "removed")
        .options(contains_eager(Membership.account), contains_eager(Membership.organization))
        .order_by(case((Membership.state == "pending", 0), else_=1), Organization.path, Membership.id)
    )
    if below:
        query = query.where(Organization.path.startswith(organization.path))
    else:
        query = query.where(Membership.organization_id == organization.id)
    if text := text.strip():
        tests = [
            Account.name.contains(text, autoescape=True),
            Membership.staff_number.contains(text, autoescape=True),
        ]
        if phone := read_phone(text):
            tests.append(Account.phone == phone)
        query = query.where(or_(*tests))
    if state in ("pending", "confirmed"):
        query = query.where(Membership.state == state)
    elif state == "unclaimed":
        query = query.where(Account.password_hash.is_(None))
    return query


@dataclass(frozen=True)
class PeopleCount:
    """How many current members a unit and all below it have: in all, waiting to be confirmed, not claimed yet."""

    people: int = 0
    pending: int = 0
    unclaimed: int = 0


def people_counts(organizations: Iterable[Organization]) -> dict[int, PeopleCount]:
    """The people of each unit and all below it, by unit id, in one statement."""
    units = {unit.id: unit for unit in organizations}
    if not units:
        return {}
    top = aliased(Organization)
    rows = db.session.execute(
        select(
            top.id,
            func.count(),
            func.sum(case((Membership.state == "pending", 1), else_=0)),
            func.sum(case((Account.password_hash.is_(None), 1), else_=0)),
        )
        .select_from(top)
        .join(Organization, Organization.path.startswith(top.path))
        .join(Membership, and_(Membership.organization_id == Organization.id, Membership.state != "removed"))
        .join(Account, Account.id == Membership.account_id)
        .where(top.id.in_(units))
        .group_by(top.id)
    )
    counts = {
        unit_id: PeopleCount(int(people), int(pending), int(unclaimed)) for unit_id, people, pending, unclaimed in rows
    }
    return {unit_id: counts.get(unit_id, PeopleCount()) for unit_id in units}


@dataclass(frozen=True)
class UnitRow:
    """A unit as a row of a list: `depth` below the list's own top, its people, and how they cover the headcount."""

    unit: Organization
    depth: int
    count: PeopleCount
    coverage: Coverage


def unit_rows(units: list[Organization]) -> list[UnitRow]:
    """The units with their people, in the order given."""
    counts = people_counts(units)
    top = min((len(unit.ancestor_ids) for unit in units), default=0)
    return [
        UnitRow(
            unit,
            len(unit.ancestor_ids) - top,
            counts[unit.id],
            coverage(counts[unit.id].people, unit.headcount),
        )
        for unit in units
    ]


def matching(query: Select[Organization], text: str, region: str = "", industry: str = "") -> Select[Organization]:
    """Those units of a query whose name or code holds a text, of a region, of an industry; parents before children."""
    if text := text.strip():
        query = query.where(
            or_(
                Organization.name.contains(text, autoescape=True),
                Organization.code.contains(text.upper(), autoescape=True),
            )
        )
    if region:
        query = query.where(Organization.region == region)
    if industry:
        query = query.where(Organization.industry == industry)
    return query.order_by(Organization.path)


def page_of(query: Select[Any], page: int, size: int = 50) -> Pagination:
    """One page of a query's rows; a page beyond the end is an empty one."""
    return db.paginate(query, page=max(1, min(page, 1_000_000)), per_page=size, error_out=False)


def unclaimed_members(organization: Organization) -> list[Membership]:
    """The current members, of the unit and all below it, whose accounts nobody has claimed yet."""
    query = people_of(organization, "", "unclaimed", below=True).where(Account.disabled_at.is_(None))
    return list(db.session.scalars(query))


def has_open_code(account: Account, now: Any) -> bool:
    """Whether the account has a one-time code that can still be used."""
    query = select(OneTimeCode.id).where(
        OneTimeCode.account_id == account.id, OneTimeCode.used_at.is_(None), OneTimeCode.expires_at > now
    )
    return db.session.scalars(query).first() is not None
