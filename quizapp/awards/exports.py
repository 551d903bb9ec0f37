"""A result as an XLSX file: places league by league, who is in none, and the rules."""

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _

from quizapp.awards.composite import INDICATORS
from quizapp.awards.words import INDICATOR_NAMES, REASONS, league_name, tier_name
from quizapp.organizations.words import industry_name, region_name
from quizapp.web.spreadsheets import write_workbook

Rows = list[list[object]]


def award_workbook(content: Mapping[str, Any]) -> bytes:
    """The file of a result's or preview's content. No cell is a formula."""
    rules = content["rules"]
    units = {unit["id"]: unit for unit in content["units"]}
    heading: list[object] = [
        _("组别"), _("名次"), _("等次"), _("单位"), _("综合得分"), _("参赛人数"), _("应参赛人数"), _("地区"), _("行业")
    ]  # fmt: skip
    heading += [_("%(name)s折算分", name=INDICATOR_NAMES[name]) for name in INDICATORS]
    heading += [_("%(name)s计入", name=INDICATOR_NAMES[name]) for name in INDICATORS]
    places: Rows = [heading]
    for row in content["places"]:
        unit = units[row["unit"]]
        figures: list[object] = [None] * (2 * len(INDICATORS))
        if row["place"]:
            parts = row["parts"]
            figures = [float(parts[name][at]) for at in (2, 3) for name in INDICATORS]
        places.append([
            league_name(row["league"], rules),
            row["place"] or None,
            tier_name(rules, row["tier"]),
            unit["name"],
            float(row["total"]) if row["place"] else None,
            unit["participants"],
            unit["headcount"] or None,
            region_name(unit["region"] or None),
            industry_name(unit["industry"] or None),
            *figures,
        ])  # fmt: skip
    none: Rows = [[_("单位"), _("原因")]]
    none += [[units[row["unit"]]["name"], str(REASONS[row["reason"]])] for row in content["none"]]
    facts: Rows = [[_("项目"), _("内容")], [_("奖项"), content["title"]], [_("竞赛"), content["competition"]["title"]]]
    facts += [[_("%(name)s权重（%%）", name=INDICATOR_NAMES[name]), rules["weights"][name]] for name in INDICATORS]
    facts += [
        [_("最低参赛人数"), rules["minimum"]],
        [_("人数基准"), rules["reference"]],
        [_("收缩强度（人）"), rules["shrinkage"]],
        [_("输入数据摘要（SHA-256）"), content["inputs"]],
        [_("冻结名次摘要（SHA-256）"), content["standings"] or _("预览，尚未冻结")],
    ]
    return write_workbook([(_("名次"), places), (_("未入组"), none), (_("办法"), facts)])
