"""What can be done to units and to who belongs to them. Actions may flush and never commit."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import IntegrityError

from quizapp.accounts import audit
from quizapp.accounts.actions import create_account
from quizapp.accounts.codes import new_code
from quizapp.accounts.logins import staff_login
from quizapp.accounts.models import Account, RoleGrant
from quizapp.errors import Invalid, QuizError, Refused
from quizapp.extensions import db
from quizapp.organizations import queries
from quizapp.organizations.evidence import Evidence
from quizapp.organizations.models import HeadcountDeclaration, HeadcountEvidence, Membership, Organization
from quizapp.organizations.rosters import Person
from quizapp.organizations.unit_lists import ListedUnit

DETAILS = ("region", "industry", "league", "is_central", "headcount")
INHERITED = ("region", "industry", "league", "is_central")
DEEPEST = 12  # levels of the tree: a path must fit its column


def create_organization(
    name: str,
    code: str,
    *,
    parent: Organization | None,
    details: Mapping[str, object],
    actor: Account | None,
    now: datetime,
    log: bool = True,
) -> Organization:
    """A new unit. Region, industry, league and the flag of central enterprises come from the parent where not given."""
    if parent and len(parent.ancestor_ids) >= DEEPEST:
        raise Refused("tree_too_deep", levels=DEEPEST)
    values = {key: details.get(key) for key in DETAILS}
    values["is_central"] = bool(values["is_central"])
    if parent:
        values |= {key: getattr(parent, key) for key in INHERITED if details.get(key) is None}
    unit = Organization(
        name=name, code=code, join_code=new_code(), parent_id=parent.id if parent else None, created_at=now, **values
    )
    try:
        with db.session.begin_nested():
            db.session.add(unit)
    except IntegrityError as error:
        raise Refused("unit_code_taken", text=code) from error
    unit.path = f"{parent.path if parent else '/'}{unit.id}/"
    if log:
        audit.record("create_unit", actor=actor, subject_type="organization", subject_id=unit.id, now=now, code=code)
    return unit


def edit_organization(
    unit: Organization, name: str, details: Mapping[str, object], *, actor: Account, now: datetime, log: bool = True
) -> None:
    """Change a unit's name and details; the code is permanent, because people sign in with it."""
    changed = {key: value for key, value in details.items() if getattr(unit, key) != value}
    if unit.name != name:
        changed["name"] = name
    if "headcount" in changed:
        _add_declaration(unit, details["headcount"], note="", evidence=None, actor=actor, now=now)
    for key, value in changed.items():
        setattr(unit, key, value)
    if changed and log:
        audit.record(
            "edit_unit", actor=actor, subject_type="organization", subject_id=unit.id, now=now, changed=sorted(changed)
        )


def move_organization(unit: Organization, parent: Organization | None, *, actor: Account, now: datetime) -> None:
    """Put a unit with all below it under another one, or at the top. Results keep the unit they were made in."""
    if parent and parent.path.startswith(unit.path):
        raise Refused("unit_circle")
    old = unit.path
    above = parent.path if parent else "/"
    deepest = db.session.scalar(
        select(func.max(func.length(Organization.path))).where(Organization.path.startswith(old))
    )
    levels = max(len(below.ancestor_ids) for below in db.session.scalars(queries.subtree(unit)))
    if levels - len(unit.ancestor_ids) + len(above.strip("/").split("/")) + 1 > DEEPEST or (
        (deepest or 0) - len(old) + len(above) + len(str(unit.id)) + 1 > 200
    ):
        raise Refused("tree_too_deep", levels=DEEPEST)
    unit.parent_id = parent.id if parent else None
    db.session.flush()
    new = f"{above}{unit.id}/"
    db.session.execute(
        update(Organization)
        .where(Organization.path.startswith(old))
        .values(path=new + func.substr(Organization.path, len(old) + 1))
        .execution_options(synchronize_session=False)
    )
    db.session.expire_all()
    audit.record(
        "move_unit",
        actor=actor,
        subject_type="organization",
        subject_id=unit.id,
        now=now,
        under=parent.code if parent else "",
    )


def delete_organization(unit: Organization, *, actor: Account, now: datetime) -> None:
    """Remove a unit that was never used. Raises Refused `unit_in_use`."""
    used = (
        select(Organization.id).where(Organization.parent_id == unit.id),
        select(Membership.id).where(Membership.organization_id == unit.id),
        select(RoleGrant.id).where(RoleGrant.organization_id == unit.id),
    )
    if any(db.session.scalars(query.limit(1)).first() for query in used):
        raise Refused("unit_in_use")
    unit_id, code = unit.id, unit.code
    try:
        with db.session.begin_nested():
            db.session.execute(delete(Organization).where(Organization.id == unit_id))
    except IntegrityError as error:
        raise Refused("unit_in_use") from error
    audit.record("delete_unit", actor=actor, subject_type="organization", subject_id=unit_id, now=now, code=code)


def import_units(new: Sequence[ListedUnit], changed: Sequence[ListedUnit], *, actor: Account, now: datetime) -> None:
    """Create and change the units of a checked list, parents first, in one transaction."""
    present = {unit.code: unit for unit in db.session.scalars(select(Organization))}
    for listed in new:
        parent = present[listed.parent] if listed.parent else None
        present[listed.code] = create_organization(
            listed.name, listed.code, parent=parent, details=listed.details, actor=actor, now=now, log=False
        )
    for listed in changed:
        edit_organization(present[listed.code], listed.name, listed.details, actor=actor, now=now, log=False)
    audit.record(
        "import_units",
        actor=actor,
        subject_type="organization",
        subject_id="",
        now=now,
        created=len(new),
        changed=len(changed),
    )


def declare_headcount(
    unit: Organization,
    headcount: int | None,
    *,
    note: str,
    evidence: Evidence | None,
    actor: Account,
    now: datetime,
) -> None:
    """How many people of the unit and all below it should take part; None withdraws the declaration.

    Raises Invalid for an odd number, or one without a note of its source or a file that proves it.
    """
    if headcount is not None and not 0 < headcount <= 10_000_000:
        raise Invalid("headcount_odd", text=headcount)
    if headcount is not None and not note.strip() and evidence is None:
        raise Invalid("headcount_without_source")
    if evidence:
        keep_evidence(unit, evidence, actor=actor, now=now)
    declared = _add_declaration(unit, headcount, note=note.strip(), evidence=evidence, actor=actor, now=now)
    unit.headcount = headcount
    audit.record(
        "declare_headcount",
        actor=actor,
        subject_type="organization",
        subject_id=unit.id,
        now=now,
        before=declared.before,
        after=headcount,
        source=declared.note,
        evidence=declared.evidence,
    )


def keep_evidence(unit: Organization, evidence: Evidence, *, actor: Account, now: datetime) -> None:
    """Keep a file of the unit; one that is kept already stays as it is."""
    if db.session.get(HeadcountEvidence, (unit.id, evidence.digest)) is None:
        db.session.add(
            HeadcountEvidence(
                organization_id=unit.id,
                digest=evidence.digest,
                kind=evidence.kind,
                content=evidence.content,
                kept_at=now,
                kept_by_id=actor.id,
            )
        )
        db.session.flush()


def _add_declaration(
    unit: Organization, headcount: Any, *, note: str, evidence: Evidence | None, actor: Account | None, now: datetime
) -> HeadcountDeclaration:
    declared = HeadcountDeclaration(
        organization_id=unit.id,
        before=unit.headcount,
        headcount=headcount,
        note=note,
        evidence=evidence.digest if evidence else None,
        declared_at=now,
        declared_by_id=actor.id if actor else None,
    )
    db.session.add(declared)
    return declared


def renew_join_code(unit: Organization, *, actor: Account, now: datetime) -> None:
    """A new join code; posters and links with the old one end."""
    unit.join_code = new_code()
    audit.record("renew_join_code", actor=actor, subject_type="organization", subject_id=unit.id, now=now)


def registration_clash(unit: Organization, phone: str | None, staff_number: str | None) -> str | None:
    """Why nobody can register with these numbers: `account_waits` to be claimed, `account_exists`, or None."""
    found: list[Account] = []
    if phone:
        found += db.session.scalars(select(Account).where((Account.phone == phone) | (Account.login == phone))).all()
    if staff_number:
        if member := queries.member_named(unit, staff_number):
            found.append(member.account)
        login = staff_login(unit.code, staff_number)
        found += db.session.scalars(select(Account).where(Account.login == login)).all()
    if not found:
        return None
    return "account_exists" if all(account.password_hash for account in found) else "account_waits"


def register(
    unit: Organization,
    name: str,
    *,
    phone: str | None,
    staff_number: str | None,
    password_hash: str,
    now: datetime,
) -> Membership:
    """A new account and its membership, which the coordinator confirms. Of two at once with one number one succeeds.

    Raises Refused `account_exists` or `account_waits`.
    """
    if clash := registration_clash(unit, phone, staff_number):
        raise Refused(clash)
    login = staff_login(unit.code, staff_number) if staff_number else phone or ""
    try:
        account = create_account(login, name, phone=phone, password_hash=password_hash, consented_at=now, now=now)
    except QuizError as error:
        raise Refused("account_exists") from error
    return join(account, unit, staff_number, now=now)


def join(account: Account, unit: Organization, staff_number: str | None, *, now: datetime) -> Membership:
    """Ask for a place in a unit. Raises Refused `member_already` or `account_exists` (the staff number is another's)."""
    if queries.membership_of(account):
        raise Refused("member_already")
    return _add_member(account, unit, staff_number, "pending", now=now)


def _add_member(
    account: Account, unit: Organization, staff_number: str | None, state: str, *, now: datetime
) -> Membership:
    if staff_number and queries.member_named(unit, staff_number):
        raise Refused("account_exists")
    membership = Membership(
        account_id=account.id, organization_id=unit.id, staff_number=staff_number, state=state, joined_at=now
    )
    try:
        with db.session.begin_nested():
            db.session.add(membership)
    except IntegrityError as error:
        raise Refused("account_exists") from error
    return membership


def confirm_member(membership: Membership, *, actor: Account, now: datetime) -> None:
    """The coordinator knows the person."""
    if membership.state == "pending":
        membership.state, membership.decided_at, membership.decided_by_id = "confirmed", now, actor.id
        _record("confirm_member", membership, actor=actor, now=now)


def remove_member(membership: Membership, *, actor: Account, now: datetime) -> None:
    """The person no longer belongs to the unit. Account and results stay; the place stays as history."""
    membership.state, membership.decided_at, membership.decided_by_id = "removed", now, actor.id
    _record("remove_member", membership, actor=actor, now=now)


def move_member(membership: Membership, unit: Organization, *, actor: Account, now: datetime) -> None:
    """Put a person into another unit; a login made of unit code and staff number follows."""
    before = membership.organization
    if before.id == unit.id:
        return
    account, number = membership.account, membership.staff_number
    if number and queries.member_named(unit, number):
        raise Refused("staff_number_taken_there", text=unit.name)
    try:
        with db.session.begin_nested():
            membership.organization_id = unit.id
            if number and account.login == staff_login(before.code, number):
                account.login = staff_login(unit.code, number)
            db.session.flush()
    except IntegrityError as error:
        raise Refused("staff_number_taken_there", text=unit.name) from error
    db.session.expire(membership, ["organization"])
    _record("move_member", membership, actor=actor, now=now, moved_from=before.id)


def edit_member(
    membership: Membership,
    *,
    name: str,
    phone: str | None,
    staff_number: str | None,
    actor: Account,
    now: datetime,
) -> None:
    """Correct a person's name and numbers; the login follows the staff number or the phone number it was made of."""
    account, unit = membership.account, membership.organization
    changed = [
        key
        for key, old, new in (
            ("name", account.name, name),
            ("phone", account.phone, phone),
            ("staff_number", membership.staff_number, staff_number),
        )
        if old != new
    ]
    if not changed:
        return
    derived = {account.phone, staff_login(unit.code, membership.staff_number or "")}
    try:
        with db.session.begin_nested():
            account.name, account.phone, membership.staff_number = name, phone, staff_number
            if account.login in derived and (login := staff_login(unit.code, staff_number) if staff_number else phone):
                account.login = login
            db.session.flush()
    except IntegrityError as error:
        raise Refused("number_taken") from error
    _record("edit_member", membership, actor=actor, now=now, changed=changed)


def import_roster(
    unit: Organization, people: Sequence[Person], codes: Mapping[int, str], *, actor: Account, now: datetime
) -> None:
    """Add everybody of a checked roster, confirmed, each with an account that waits to be claimed. `codes`: by unit id."""
    accounts = [
        Account(
            login=staff_login(codes[person.unit_id], person.staff_number) if person.staff_number else person.phone,
            name=person.name,
            phone=person.phone,
            created_at=now,
            session_round=0,
        )
        for person in people
    ]
    try:
        with db.session.begin_nested():
            db.session.add_all(accounts)
            db.session.flush()
            db.session.add_all(
                Membership(
                    account_id=account.id,
                    organization_id=person.unit_id,
                    staff_number=person.staff_number,
                    state="confirmed",
                    joined_at=now,
                    decided_at=now,
                    decided_by_id=actor.id,
                )
                for account, person in zip(accounts, people, strict=True)
            )
    except IntegrityError as error:
        raise Refused("roster_outdated") from error
    audit.record(
        "import_roster",
        actor=actor,
        subject_type="organization",
        subject_id=unit.id,
        now=now,
        people=len(people),
    )


def check_may_give_code(actor: Account, account: Account) -> None:
    """Raises Refused `role_holder`: with a code for an organizer's account a coordinator would be an organizer."""
    if account.grants and "administrator" not in actor.roles:
        raise Refused("role_holder", status=403)


def _record(action: str, membership: Membership, *, actor: Account, now: datetime, **facts: object) -> None:
    audit.record(
        action,
        actor=actor,
        subject_type="account",
        subject_id=membership.account_id,
        now=now,
        organization_id=membership.organization_id,
        **facts,
    )
