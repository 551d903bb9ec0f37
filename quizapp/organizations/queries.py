"""Reads of the tree and of who belongs where. Who may see which unit is decided here and nowhere else."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from flask_sqlalchemy.pagination import Pagination
from sqlalchemy import Select, and_, bindparam, case, exists, false, func, or_, select
from sqlalchemy.orm import aliased, contains_eager, joinedload

from quizapp.accounts.logins import read_phone, staff_login
from quizapp.accounts.models import Account, RoleGrant
from quizapp.errors import NotFound
from quizapp.extensions import db
from quizapp.organizations.coverage import Coverage, coverage
from quizapp.organizations.models import HeadcountDeclaration, HeadcountEvidence, Membership, Organization
from quizapp.organizations.rosters import Known
from quizapp.organizations.unit_lists import KnownUnit

EVERYWHERE = frozenset({"administrator", "organizer", "auditor"})
CHANGES_EVERYWHERE = frozenset({"administrator", "organizer"})
# Asked at each page of a competition, so built once.
_MEMBERSHIP = (
    select(Membership)
    .where(Membership.account_id == bindparam("account_id"), Membership.state != "removed")
    .options(joinedload(Membership.organization))
)


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


def declarations_of(organization: Organization, most: int = 10) -> Sequence[HeadcountDeclaration]:
    """The unit's declarations of its headcount, the latest first."""
    rows = select(HeadcountDeclaration).where(HeadcountDeclaration.organization_id == organization.id)
    return db.session.scalars(rows.order_by(HeadcountDeclaration.id.desc()).limit(most)).all()


def evidence_or_404(organization: Organization, digest: str) -> HeadcountEvidence:
    """A file that proves the unit's headcount. Raises NotFound."""
    found = db.session.get(HeadcountEvidence, (organization.id, digest))
    if found is None:
        raise NotFound()
    return found


def ancestors(organization: Organization) -> list[Organization]:
    """The units above, the root first, the unit itself last."""
    found = db.session.scalars(select(Organization).where(Organization.id.in_(organization.ancestor_ids)))
    return sorted(found, key=lambda unit: len(unit.path))


def children(organization: Organization, among: Select[Organization]) -> list[Organization]:
    """The units directly below that are among others."""
    query = among.where(Organization.parent_id == organization.id).order_by(Organization.code)
    return list(db.session.scalars(query))


def membership_of(account: Account) -> Membership | None:
    """The account's current membership, pending or confirmed."""
    return db.session.scalars(_MEMBERSHIP, {"account_id": account.id}).first()


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
    """How many current members a unit and all below it have: in all, and waiting to be confirmed."""

    people: int = 0
    pending: int = 0


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
        )
        .select_from(top)
        .join(Organization, Organization.path.startswith(top.path))
        .join(Membership, and_(Membership.organization_id == Organization.id, Membership.state != "removed"))
        .where(top.id.in_(units))
        .group_by(top.id)
    )
    counts = {unit_id: PeopleCount(int(people), int(pending)) for unit_id, people, pending in rows}
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


def unclaimed_members(organization: Organization) -> Select[Membership]:
    """The current members, of the unit and all below it, whose accounts nobody has claimed yet. Holders of roles get
    their codes from an administrator."""
    return people_of(organization, "", "unclaimed", below=True).where(
        Account.disabled_at.is_(None), ~exists().where(RoleGrant.account_id == Account.id)
    )


def count(query: Select[Any]) -> int:
    """How many rows a query has."""
    return db.session.scalar(select(func.count()).select_from(query.order_by(None).subquery())) or 0


def coordinators_of(organization: Organization) -> list[tuple[Account, Organization]]:
    """Who coordinates the unit, directly or from above, each with the unit of the role."""
    rows = db.session.execute(
        select(Account, Organization)
        .join(RoleGrant, RoleGrant.account_id == Account.id)
        .join(Organization, Organization.id == RoleGrant.organization_id)
        .where(RoleGrant.role == "coordinator", Organization.id.in_(organization.ancestor_ids))
        .order_by(Organization.path.desc(), Account.id)
    )
    return [(account, unit) for account, unit in rows]


def roster_knowledge(
    units: Sequence[Organization], default: Organization, phones: set[str], staff: set[tuple[str, str]]
) -> Known:
    """What a roster is checked against: whose these phone and staff numbers are."""
    known_phones: dict[str, tuple[str, int | None]] = {}
    known_staff: dict[tuple[int, str], str] = {}
    ids = {unit.code: unit.id for unit in units}
    logins = {
        staff_login(code, number): (ids[code], number.lower())
        for code, number in ((unit_code or default.code, number) for unit_code, number in staff)
        if code in ids
    }
    for some in _chunks(sorted(phones)):
        rows = db.session.execute(
            select(Account.login, Account.phone, Account.name, Membership.organization_id)
            .outerjoin(Membership, and_(Membership.account_id == Account.id, Membership.state != "removed"))
            .where(or_(Account.phone.in_(some), Account.login.in_(some)))
        )
        known_phones |= {phone or login: (name, unit_id) for login, phone, name, unit_id in rows}
    for some in _chunks(sorted({number for _unit_id, number in logins.values()})):
        members = db.session.execute(
            select(Membership.organization_id, Membership.staff_number, Account.name)
            .join(Membership.account)
            .where(func.lower(Membership.staff_number).in_(some), Membership.state != "removed")
        )
        known_staff |= {(unit_id, (number or "").lower()): name for unit_id, number, name in members}
    for some in _chunks(sorted(logins)):
        for login in db.session.scalars(select(Account.login).where(Account.login.in_(some))):
            known_staff.setdefault(logins[login], "")  # a login outlives its membership: its number is not free
    return Known(ids, default.id, known_phones, known_staff)


def _chunks(values: list[str], size: int = 500) -> Iterator[list[str]]:
    for start in range(0, len(values), size):
        yield values[start : start + size]


def known_units() -> list[KnownUnit]:
    """Every unit, as a list of units is checked against."""
    units = list(db.session.scalars(select(Organization)))
    codes = {unit.id: unit.code for unit in units}
    details = ("region", "industry", "league", "is_central", "headcount")
    return [
        KnownUnit(
            unit.id,
            unit.code,
            unit.name,
            codes[unit.parent_id] if unit.parent_id else None,
            {key: getattr(unit, key) for key in details},
        )
        for unit in units
    ]
