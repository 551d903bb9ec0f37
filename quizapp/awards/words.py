"""What leagues, indicators and reasons are called in the reader's language."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from quizapp.organizations.words import industry_name, region_name

INDICATOR_NAMES = {
    "participants": _l("参赛人数"),
    "coverage": _l("覆盖率"),
    "mean": _l("平均分"),
    "pass_rate": _l("及格率"),
    "full_marks": _l("满分率"),
}
REASONS = {
    "registered_late": _l("在应参赛人数锁定之后才登记、移动或受邀"),
    "no_headcount": _l("没有申报应参赛人数"),
    "no_region": _l("没有填写地区"),
    "no_industry": _l("没有填写行业"),
}
STATES = {"pending": _l("待审批"), "approved": _l("已批准"), "rejected": _l("已驳回")}


def league_name(key: str, rules: Mapping[str, Any]) -> str:
    """A league's key as people call it by its award's rules: 中央企业组, 北京市 · 制造业 · 101–1000 人."""
    if key == "central":
        return str(_("中央企业组"))
    if key == "all":
        return str(_("其他单位") if rules["central_apart"] else _("全部单位"))
    parts = dict(part.split(":") for part in key.split("/"))
    names = [region_name(parts.get("region")), industry_name(parts.get("industry"))]
    if "size" in parts:
        names.append(band_name(int(parts["size"]), rules["bands"]))
    return " · ".join(name for name in names if name)


def band_name(number: int, bands: Sequence[int]) -> str:
    """A size band by its borders."""
    if number == 0:
        return str(_("%(most)d 人及以下", most=bands[0]))
    if number == len(bands):
        return str(_("超过 %(most)d 人", most=bands[-1]))
    return str(_("%(least)d–%(most)d 人", least=bands[number - 1] + 1, most=bands[number]))


def tier_name(rules: Mapping[str, Any], tier: int) -> str:
    """The name of a place's tier; none is empty."""
    return str(rules["tiers"][tier - 1]["name"]) if tier else ""


def without_zeros(figure: str, most: int = 2) -> str:
    """A figure of a result for people: at most so many decimals, half to even, and no zeros at the end."""
    shown = Decimal(figure).quantize(Decimal(1).scaleb(-most)).normalize()
    return f"{shown:f}" if shown else "0"
