"""The forms of awards and of locked headcounts."""

import re
from typing import Any

import wtforms
from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField
from wtforms import BooleanField, FieldList, FormField, RadioField, StringField, TextAreaField, ValidationError
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length

from quizapp.awards.composite import INDICATORS, MOST_BANDS, MOST_DECIMALS, MOST_TIERS, Composite, Tier
from quizapp.awards.words import INDICATOR_NAMES
from quizapp.competitions.forms import LocalMomentField, OneOfField, WholeNumberField, plain_text
from quizapp.web.forms import Form, required

TOO_LONG = _l("内容过长。")
DEFAULT = Composite(
    weights={"participants": 30, "coverage": 30, "mean": 20, "pass_rate": 10, "full_marks": 10},
    minimum=20,
    reference=1000,
    shrinkage=20,
    tiers=(Tier("一等奖", 2, 2), Tier("二等奖", 5, 5), Tier("优秀奖", 10, 10)),
)
_ROW = re.compile(r"tiers-\d{1,2}-(?:name|quota|central_quota)")


class TierForm(wtforms.Form):
    """A tier; a row without a name is left out."""

    name = StringField(_l("等次名称"), [Length(max=20, message=TOO_LONG), plain_text])
    quota = WholeNumberField(_l("每组名额"), least=0, most=100_000, optional=True)
    central_quota = WholeNumberField(_l("中央企业组名额"), least=0, most=100_000, optional=True)


class AwardForm(Form):
    """The composite of an award, field by field."""

    title = StringField(_l("奖项名称"), [required, Length(max=60, message=TOO_LONG), plain_text])
    competing = OneOfField(
        _l("由谁参评"), {"enterprises": _l("企业整体，下属单位并入"), "branches": _l("企业的直属单位，再下级并入")}
    )
    central_apart = BooleanField(_l("中央企业单独成组"))
    by_region = BooleanField(_l("按地区分组"))
    by_industry = BooleanField(_l("按行业分组"))
    bands = StringField(_l("按规模分组：各档的最大应参赛人数"), [Length(max=120, message=TOO_LONG)])
    participants = WholeNumberField(INDICATOR_NAMES["participants"], least=0, most=100)
    coverage = WholeNumberField(INDICATOR_NAMES["coverage"], least=0, most=100)
    mean = WholeNumberField(INDICATOR_NAMES["mean"], least=0, most=100)
    pass_rate = WholeNumberField(INDICATOR_NAMES["pass_rate"], least=0, most=100)
    full_marks = WholeNumberField(INDICATOR_NAMES["full_marks"], least=0, most=100)
    minimum = WholeNumberField(_l("最低参赛人数"), least=1, most=1_000_000)
    reference = WholeNumberField(_l("人数基准"), least=2, most=10_000_000)
    shrinkage = WholeNumberField(_l("收缩强度（人）"), least=0, most=100_000)
    tiers = FieldList(FormField(TierForm), label=_l("等次与名额"), min_entries=MOST_TIERS, max_entries=MOST_TIERS)
    quotas = OneOfField(
        _l("名额的含义"), {"count": _l("每组的单位数"), "percent": _l("占本组有名次单位的百分比，向下取整")}
    )
    ties = OneOfField(_l("并列跨过名额时"), {"all": _l("并列者一起进入较高等次"), "none": _l("并列者一起落入较低等次")})
    decimals = WholeNumberField(_l("综合得分的小数位数"), least=0, most=MOST_DECIMALS)
    rounding = OneOfField(_l("修约方式"), {"half_even": _l("四舍六入五成双（GB/T 8170）"), "half_up": _l("四舍五入")})

    def validate(self, extra_validators: Any = None) -> bool:
        """Validate each field; unknown names of rows are refused as any others."""
        valid = super().validate(extra_validators)
        if not all(_ROW.fullmatch(name) for name in request.form if name.startswith("tiers-")):
            self.form_errors.append(_("表单里有不认识的内容，没有保存。请刷新页面后再填写。"))
            return False
        return valid

    def validate_bands(self, field: wtforms.Field) -> None:
        """Whole numbers with commas between them."""
        parts = re.split(r"[\s,，、;；]+", (field.data or "").strip())
        parts = [part for part in parts if part]
        if len(parts) > MOST_BANDS or not all(re.fullmatch(r"\d{1,8}", part, re.ASCII) for part in parts):
            raise ValidationError(_("请用逗号分隔填写最多 %(most)d 个整数，例如 100, 1000。", most=MOST_BANDS))

    def composite(self) -> Composite:
        """The fields as a composite; call it on a valid form."""
        tiers = (row.form for row in self.tiers)
        named = ((row, (row.name.data or "").strip()) for row in tiers)
        chosen = (("region", self.by_region.data), ("industry", self.by_industry.data))
        return Composite(
            weights={name: self[name].data for name in INDICATORS},
            minimum=self.minimum.data or 0,
            reference=self.reference.data or 0,
            shrinkage=self.shrinkage.data or 0,
            tiers=tuple(
                Tier(name, row.quota.data or 0, row.central_quota.data or 0)
                for row, name in named
                if name or row.quota.data or row.central_quota.data
            ),
            competing=self.competing.data,
            central_apart=bool(self.central_apart.data),
            by=tuple(name for name, wanted in chosen if wanted),
            bands=tuple(int(part) for part in re.findall(r"\d+", self.bands.data or "", re.ASCII)),
            quotas=self.quotas.data,
            ties=self.ties.data,
            decimals=self.decimals.data or 0,
            rounding=self.rounding.data,
        )


def award_data(title: str, composite: Composite) -> dict[str, Any]:
    """A composite as the form's fields."""
    names = (
        "competing",
        "central_apart",
        "minimum",
        "reference",
        "shrinkage",
        "quotas",
        "ties",
        "decimals",
        "rounding",
    )
    return {
        "title": title,
        **{name: getattr(composite, name) for name in names},
        **{name: composite.weights[name] for name in INDICATORS},
        "by_region": "region" in composite.by,
        "by_industry": "industry" in composite.by,
        "bands": ", ".join(str(band) for band in composite.bands),
        "tiers": [
            {"name": tier.name, "quota": tier.quota, "central_quota": tier.central_quota} for tier in composite.tiers
        ],
    }


class PublishForm(Form):
    """The organizer says that it is meant."""

    sure = BooleanField(
        _l("我已核对，确认公布；公布之后不能撤回"), validators=[DataRequired(_l("请先确认，再公布结果。"))]
    )


class LockDateForm(Form):
    """When headcounts are locked."""

    locks_at = LocalMomentField(_l("应参赛人数的锁定时间"))


class HeadcountRequestForm(Form):
    """Another headcount, why, and what proves it."""

    headcount = WholeNumberField(_l("更正为（人，含下级单位）"), least=1, most=10_000_000)
    reason = TextAreaField(
        _l("理由和数字来源"), [required, Length(max=300, message=TOO_LONG), plain_text], render_kw={"rows": 3}
    )
    evidence = FileField(
        _l("证明文件（PDF、JPEG 或 PNG，最大 5 MB，可不传）"), render_kw={"accept": ".pdf,.jpg,.jpeg,.png"}
    )


class DecisionForm(Form):
    """What the second person says."""

    decision = RadioField(
        _l("处理意见"),
        [DataRequired(_l("请选择批准或驳回。"))],
        choices=[SelectChoice("approve", _l("批准，锁定的人数随之更改")), SelectChoice("reject", _l("驳回，人数不变"))],
    )
    reply = StringField(_l("答复"), [required, Length(max=300, message=TOO_LONG), plain_text])
