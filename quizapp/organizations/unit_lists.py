"""A list of units → the units to create and to change, or findings in plain words. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from quizapp.organizations.regions import read_industry, read_region
from quizapp.organizations.tables import Finding, Line, Sheet, read_sheet

MOST_UNITS = 5000
ALIASES = {
    "name": ("单位名称", "名称", "单位", "部门名称", "unit name", "name"),
    "code": ("单位代码", "代码", "编码", "unit code", "code"),
    "parent": ("上级单位代码", "上级单位", "上级代码", "上级", "parent"),
    "region": ("地区", "省份", "省", "所在地区", "region"),
    "industry": ("行业", "所属行业", "industry"),
    "league": ("组别", "league"),
    "central": ("是否央企", "央企", "中央企业", "central"),
    "headcount": ("应参赛人数", "职工人数", "人数", "headcount"),
}
YES = {"是", "y", "yes", "true", "1", "√", "✓"}
NO = {"否", "n", "no", "false", "0", "×", "x"}


@dataclass(frozen=True)
class KnownUnit:
    """A unit that is there already."""

    id: int
    code: str
    name: str
    parent_code: str | None
    details: Mapping[str, object]


@dataclass(frozen=True)
class ListedUnit:
    """A unit of the list. `parent` is a unit code, "" for the top; `details` has only what its row says."""

    row: int
    name: str
    code: str
    parent: str
    details: Mapping[str, object]


@dataclass
class UnitList:
    """What a list says: parents stand before their children. Anything in `faults` keeps all of it out."""

    new: list[ListedUnit] = field(default_factory=list)
    changed: list[ListedUnit] = field(default_factory=list)
    unchanged: int = 0
    faults: list[Finding] = field(default_factory=list)
    notes: list[Finding] = field(default_factory=list)


def read_sheets(tables: Iterable[tuple[str, Sequence[Sequence[str]]]]) -> list[Sheet]:
    """The sheets that have columns of unit names and codes."""
    return [sheet for name, rows in tables if (sheet := read_sheet(name, rows, ALIASES, ("name", "code")))]


def is_unit_code(text: str) -> bool:
    """Whether a text can be a unit code: 1 to 20 capital letters, digits and hyphens."""
    return 1 <= len(text) <= 20 and text.isascii() and text.replace("-", "").isalnum() and text == text.upper()


def check_units(sheets: list[Sheet], known: Sequence[KnownUnit]) -> UnitList:
    """Every unit of the sheets. A parent is named by its code, or by its name where only one unit has it."""
    result = UnitList()
    if not sheets:
        result.faults.append(Finding("", 1, "", "no_unit_column"))
    by_code = {unit.code: unit for unit in known}
    names: dict[str, set[str]] = {}
    for present in known:
        names.setdefault(present.name, set()).add(present.code)
    rows: list[tuple[Sheet, Line, ListedUnit]] = []
    seen: dict[str, int] = {}
    for sheet in sheets:
        result.faults += [finding for finding in sheet.findings if finding.code == "column_twice"]
        result.notes += [finding for finding in sheet.findings if finding.code == "column_unknown"]
        for line in sheet.lines:
            unit, faults = _read_unit(sheet, line)
            result.faults += faults
            if unit.code and unit.code in seen:
                result.faults.append(sheet.finding(line, "code", "repeated", other=seen[unit.code]))
            seen.setdefault(unit.code, line.row)
            names.setdefault(unit.name, set()).add(unit.code)
            rows.append((sheet, line, unit))
    if sheets and not rows:
        result.faults.append(Finding(sheets[0].name, 1, "", "no_rows"))
    if len(rows) > MOST_UNITS:
        result.faults.append(Finding("", MOST_UNITS + 2, "", "too_many_rows", {"most": MOST_UNITS}))
    if result.faults:
        return result
    listed = {unit.code for _, _, unit in rows}
    new: dict[str, tuple[Sheet, Line, ListedUnit]] = {}
    for sheet, line, unit in rows:
        parent, fault = _parent_code(unit.parent, by_code, listed, names)
        if fault:
            result.faults.append(sheet.finding(line, "parent", fault, text=unit.parent[:40]))
            continue
        placed = ListedUnit(unit.row, unit.name, unit.code, parent, unit.details)
        old = by_code.get(unit.code)
        if old is None:
            new[unit.code] = (sheet, line, placed)
        elif unit.parent and parent != (old.parent_code or ""):
            result.faults.append(sheet.finding(line, "parent", "unit_elsewhere", text=old.parent_code or "—"))
        elif unit.name != old.name or any(old.details.get(key) != value for key, value in unit.details.items()):
            result.changed.append(placed)
        else:
            result.unchanged += 1
    result.new, circle = _parents_first(new, set(by_code))
    result.faults += [sheet.finding(line, "parent", "unit_circle") for sheet, line, _unit in circle]
    return result


def _read_unit(sheet: Sheet, line: Line) -> tuple[ListedUnit, list[Finding]]:
    faults = []
    name = line["name"]
    if not name:
        faults.append(sheet.finding(line, "name", "unit_name_missing"))
    elif len(name) > 120:
        faults.append(sheet.finding(line, "name", "name_long"))
    code = line["code"].upper()
    if not code:
        faults.append(sheet.finding(line, "code", "unit_code_missing"))
    elif not is_unit_code(code):
        faults.append(sheet.finding(line, "code", "unit_code_odd", text=code[:30]))
    details: dict[str, object] = {}
    if line["region"]:
        details["region"] = read_region(line["region"])
        if details["region"] is None:
            faults.append(sheet.finding(line, "region", "region_unknown", text=line["region"][:30]))
    if line["industry"]:
        details["industry"] = read_industry(line["industry"])
        if details["industry"] is None:
            faults.append(sheet.finding(line, "industry", "industry_unknown", text=line["industry"][:30]))
    if line["league"]:
        details["league"] = line["league"]
        if len(line["league"]) > 40:
            faults.append(sheet.finding(line, "league", "name_long"))
    if line["central"]:
        word = line["central"].lower()
        details["is_central"] = word in YES
        if word not in YES | NO:
            faults.append(sheet.finding(line, "central", "yes_or_no", text=line["central"][:30]))
    if line["headcount"]:
        number = line["headcount"].replace(",", "").removesuffix("人")
        if number.isascii() and number.isdecimal() and 0 < int(number) <= 10_000_000:
            details["headcount"] = int(number)
        else:
            faults.append(sheet.finding(line, "headcount", "headcount_odd", text=line["headcount"][:30]))
    return ListedUnit(line.row, name, code, line["parent"], details), faults


def _parent_code(
    text: str, known: Mapping[str, KnownUnit], listed: set[str], names: Mapping[str, set[str]]
) -> tuple[str, str]:
    """(The parent's code, "") or ("", what is wrong)."""
    if not text:
        return "", ""
    if text.upper() in known or text.upper() in listed:
        return text.upper(), ""
    found = names.get(text, set())
    if len(found) == 1:
        return next(iter(found)), ""
    return "", "parent_ambiguous" if found else "parent_unknown"


Placed = tuple[Sheet, Line, ListedUnit]


def _parents_first(new: Mapping[str, Placed], present: set[str]) -> tuple[list[ListedUnit], list[Placed]]:
    """The new units, each after its parent; and those that are, in a circle, above themselves."""
    done = set(present) | {""}
    ordered: list[ListedUnit] = []
    waiting = dict(new)
    while waiting:
        ready = [code for code, (_, _, unit) in waiting.items() if unit.parent in done]
        if not ready:
            break
        for code in ready:
            ordered.append(waiting.pop(code)[2])
            done.add(code)
    return ordered, list(waiting.values())
