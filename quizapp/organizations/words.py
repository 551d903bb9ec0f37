"""What regions, industries, states and findings are called in the reader's language."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from quizapp.organizations.regions import INDUSTRIES, REGIONS
from quizapp.organizations.tables import Finding

SHOWN_FINDINGS = 200  # of a checked file on its page

STATE_NAMES = {"pending": _l("待确认"), "confirmed": _l("已确认"), "removed": _l("已移出")}

FINDINGS = {
    "no_name_column": _l("没有找到“姓名”这一列。请使用模板，或在前十行内写上列名。"),
    "no_unit_column": _l("没有找到“单位名称”和“单位代码”两列。请使用模板，或在前十行内写上列名。"),
    "no_rows": _l("列名下面没有内容。"),
    "too_many_rows": _l("一次最多导入 {most} 行，请分成几个文件。"),
    "column_twice": _l("这一列与“{other}”是同一内容，请只留一列。"),
    "column_unknown": _l("不认识这一列，内容不会导入。"),
    "name_missing": _l("没有姓名。"),
    "name_long": _l("内容过长。"),
    "name_odd": _l("“{text}”不像姓名，请检查是否错列。"),
    "phone_odd": _l("“{text}”不是有效的手机号。"),
    "staff_number_odd": _l("工号“{text}”含有不能使用的符号，只能用字母、数字、汉字和 . _ -。"),
    "number_rounded": _l("“{text}”已被表格软件改写成科学记数。请把这一列设为“文本”格式后重新填写。"),
    "number_missing": _l("手机号和工号至少填一项，否则本人无法登录。"),
    "unit_unknown": _l("单位代码“{text}”不存在，或不在您负责的范围内。"),
    "repeated": _l("与第 {other} 行重复。"),
    "phone_taken": _l("这个手机号已有账号，且姓名或单位与此行不同。请核对，或在人员列表中移动此人。"),
    "staff_number_taken": _l("这个工号已有账号，且姓名与此行不同。请核对。"),
    "unit_name_missing": _l("没有单位名称。"),
    "unit_code_missing": _l("没有单位代码。代码用于登录和再次导入时辨认单位。"),
    "unit_code_odd": _l("单位代码“{text}”须为 1–20 位字母、数字或 -。"),
    "region_unknown": _l("不认识地区“{text}”，请填省级地区名称，例如“陕西省”。"),
    "industry_unknown": _l("不认识行业“{text}”，请填国民经济行业门类，例如“制造业”或 C。"),
    "yes_or_no": _l("“{text}”请改为“是”或“否”。"),
    "headcount_odd": _l("应参赛人数“{text}”须为大于 0 的整数。"),
    "parent_unknown": _l("上级单位“{text}”不在表中，系统里也没有。"),
    "parent_ambiguous": _l("名为“{text}”的单位不止一个，请改填上级单位代码。"),
    "unit_elsewhere": _l("这个单位已在系统中，上级是 {text}。要移动单位，请到单位页面操作。"),
    "unit_circle": _l("上级关系绕成了圈，请检查。"),
}


def region_name(code: str | None) -> str:
    """A region's name, or nothing."""
    return _(REGIONS[code]) if code in REGIONS else ""


def industry_name(code: str | None) -> str:
    """An industry's name, or nothing."""
    return _(INDUSTRIES[code]) if code in INDUSTRIES else ""


def finding_text(finding: Finding) -> str:
    """What is wrong, and what to do."""
    return str(FINDINGS[finding.code]).format(**finding.facts)


def finding_place(finding: Finding) -> str:
    """Where: sheet, row and column."""
    parts = [f"“{finding.sheet}”"] if finding.sheet else []
    parts.append(_("第 %(row)s 行", row=finding.row))
    if finding.column:
        parts.append(_("“%(column)s”列", column=finding.column))
    return " ".join(parts)
