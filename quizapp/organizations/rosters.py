"""A roster's rows → the people to add, or findings in plain words. Pure: what is in the database comes in as `Known`."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from quizapp.accounts.logins import read_phone, read_staff_number, tidy_name
from quizapp.organizations.tables import Finding, Line, Sheet, read_sheet

MOST_PEOPLE = 5000
ALIASES = {
    "name": ("姓名", "员工姓名", "名字", "name"),
    "staff_number": ("工号", "员工编号", "员工号", "人员编号", "职工号", "staff number", "staff no"),
    "phone": ("手机号", "手机", "手机号码", "联系电话", "电话", "phone", "mobile"),
    "unit": ("单位代码", "所在单位代码", "部门代码", "unit code"),
}


@dataclass(frozen=True)
class Known:
    """What the database holds: units in scope, and whose the phone and staff numbers are.

    `units`: unit code → id, of the units that may be imported into. `phones`: phone number → (name, unit id or None).
    `staff`: (unit id, staff number in lower case) → name.
    """

    units: Mapping[str, int]
    default_unit: int
    phones: Mapping[str, tuple[str, int | None]] = field(default_factory=dict)
    staff: Mapping[tuple[int, str], str] = field(default_factory=dict)


@dataclass(frozen=True)
class Person:
    """Somebody to add to a unit."""

    row: int
    name: str
    unit_id: int
    staff_number: str | None
    phone: str | None


@dataclass
class Roster:
    """What a roster file says. Anything in `faults` keeps all of it out; `notes` do not."""

    people: list[Person] = field(default_factory=list)
    present: int = 0
    faults: list[Finding] = field(default_factory=list)
    notes: list[Finding] = field(default_factory=list)


def read_sheets(tables: Iterable[tuple[str, Sequence[Sequence[str]]]]) -> list[Sheet]:
    """The sheets that have a column of names."""
    return [sheet for name, rows in tables if (sheet := read_sheet(name, rows, ALIASES, ("name",)))]


def numbers_in(sheets: Iterable[Sheet]) -> tuple[set[str], set[tuple[str, str]]]:
    """The phone numbers, and the (unit code or "", staff number), that occur: to be looked up before `check_roster`."""
    phones, staff = set(), set()
    for sheet in sheets:
        for line in sheet.lines:
            if phone := read_phone(line["phone"]):
                phones.add(phone)
            if number := read_staff_number(line["staff_number"]):
                staff.add((line["unit"].upper(), number))
    return phones, staff


def check_roster(sheets: list[Sheet], known: Known) -> Roster:
    """Everybody in the sheets, each fault with its row and column; all or nothing is the caller's to keep."""
    roster = Roster()
    if not sheets:
        roster.faults.append(Finding("", 1, "", "no_name_column"))
    for sheet in sheets:
        roster.faults += [finding for finding in sheet.findings if finding.code == "column_twice"]
        roster.notes += [finding for finding in sheet.findings if finding.code == "column_unknown"]
    seen_phones: dict[str, int] = {}
    seen_staff: dict[tuple[int, str], int] = {}
    for sheet in sheets:
        for line in sheet.lines:
            person, faults = _read_person(sheet, line, known)
            if person and not faults:
                faults = _repeats(sheet, line, person, seen_phones, seen_staff)
            if person and not faults:
                faults = _clashes(sheet, line, person, known)
            roster.faults += faults
            if person and not faults:
                if _is_present(person, known):
                    roster.present += 1
                else:
                    roster.people.append(person)
    if sheets and not any(sheet.lines for sheet in sheets):
        roster.faults.append(Finding(sheets[0].name, 1, "", "no_rows"))
    if len(roster.people) > MOST_PEOPLE:
        roster.faults.append(Finding("", MOST_PEOPLE + 2, "", "too_many_rows", {"most": MOST_PEOPLE}))
    return roster


def _read_person(sheet: Sheet, line: Line, known: Known) -> tuple[Person | None, list[Finding]]:
    faults = []
    name = tidy_name(line["name"])
    if not name:
        faults.append(sheet.finding(line, "name", "name_missing"))
    elif len(name) > 60:
        faults.append(sheet.finding(line, "name", "name_long"))
    elif any(char in name for char in "<>\\/|=@+") or name.isdecimal():
        faults.append(sheet.finding(line, "name", "name_odd", text=name[:30]))
    phone = staff_number = None
    if line["phone"] and (phone := read_phone(line["phone"])) is None:
        faults.append(sheet.finding(line, "phone", _number_fault(line["phone"], "phone_odd"), text=line["phone"][:30]))
    if line["staff_number"] and (staff_number := read_staff_number(line["staff_number"])) is None:
        code = _number_fault(line["staff_number"], "staff_number_odd")
        faults.append(sheet.finding(line, "staff_number", code, text=line["staff_number"][:30]))
    elif staff_number and _looks_rounded(staff_number):
        faults.append(sheet.finding(line, "staff_number", "number_rounded", text=staff_number[:30]))
    if not line["phone"] and not line["staff_number"]:
        faults.append(sheet.finding(line, "staff_number", "number_missing"))
    unit_id = known.units.get(line["unit"].upper()) if line["unit"] else known.default_unit
    if unit_id is None:
        faults.append(sheet.finding(line, "unit", "unit_unknown", text=line["unit"][:30]))
        return None, faults
    return Person(line.row, name, unit_id, staff_number, phone), faults


def _looks_rounded(text: str) -> bool:
    # What Excel makes of a long number: 1.23456E+17.
    head, mark, tail = text.upper().partition("E")
    return bool(mark) and tail.lstrip("+-").isdecimal() and head.replace(".", "", 1).isdecimal() and "." in head


def _number_fault(text: str, otherwise: str) -> str:
    return "number_rounded" if _looks_rounded(text) else otherwise


def _repeats(
    sheet: Sheet,
    line: Line,
    person: Person,
    seen_phones: dict[str, int],
    seen_staff: dict[tuple[int, str], int],
) -> list[Finding]:
    faults = []
    if person.phone:
        if person.phone in seen_phones:
            faults.append(sheet.finding(line, "phone", "repeated", other=seen_phones[person.phone]))
        seen_phones.setdefault(person.phone, line.row)
    if person.staff_number:
        key = (person.unit_id, person.staff_number.lower())
        if key in seen_staff:
            faults.append(sheet.finding(line, "staff_number", "repeated", other=seen_staff[key]))
        seen_staff.setdefault(key, line.row)
    return faults


def _clashes(sheet: Sheet, line: Line, person: Person, known: Known) -> list[Finding]:
    if _is_present(person, known):
        return []
    faults = []
    if person.phone and person.phone in known.phones:
        faults.append(sheet.finding(line, "phone", "phone_taken"))
    if person.staff_number and (person.unit_id, person.staff_number.lower()) in known.staff:
        faults.append(sheet.finding(line, "staff_number", "staff_number_taken"))
    return faults


def _is_present(person: Person, known: Known) -> bool:
    """Whether the unit already has this very person: a roster may be imported again after it has grown."""
    if person.phone and person.phone in known.phones:
        return known.phones[person.phone] == (person.name, person.unit_id)
    if person.staff_number:
        return known.staff.get((person.unit_id, person.staff_number.lower())) == person.name
    return False
