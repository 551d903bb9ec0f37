"""The organizer's forms. Times are entered as the clocks of the competition's zone show them."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import wtforms
from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    DateTimeLocalField,
    FieldList,
    FormField,
    HiddenField,
    IntegerField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
    ValidationError,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length, StopValidation
from wtforms.widgets import CheckboxInput, ListWidget

from quizapp.banks.checking.messages import DIFFICULTY_NAMES, TYPE_NAMES
from quizapp.banks.content import BankContent
from quizapp.banks.models import BankVersion
from quizapp.banks.queries import version_content
from quizapp.competitions.models import Competition
from quizapp.competitions.queries import blueprint_of, organizations_by_code
from quizapp.competitions.terms import Terms, local_to_utc
from quizapp.organizations.models import Organization
from quizapp.papers.blueprint import DEFAULT_BLUEPRINT, Blueprint, Section, shortfalls
from quizapp.web.forms import Form, required

MOST_SECTIONS = 30
MOST_QUESTIONS = 200
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def plain_text(_form: Any, field: wtforms.Field) -> None:
    """A validator: no control characters, which a database may refuse and no page can show."""
    if field.data and _CONTROL.search(field.data):
        raise ValidationError(_("内容含有无法显示的控制字符，请删除后再保存。"))


def _trimmed(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


class WholeNumberField(IntegerField):
    """A whole number between `least` and `most`; left empty it is None where it is `optional`."""

    def __init__(self, label: Any, *, least: int, most: int, optional: bool = False, **options: Any) -> None:
        options.setdefault("render_kw", {"inputmode": "numeric"})
        super().__init__(label, [_within] if optional else [_entered, _within], **options)
        self.least, self.most = least, most

    def process_formdata(self, valuelist: Sequence[Any]) -> None:
        self.data = None
        if not valuelist or not str(valuelist[0]).strip():
            return
        try:
            self.data = int(valuelist[0])
        except ValueError as error:
            raise ValueError(_("请填写整数。")) from error


class PointsField(StringField):
    """Points with at most two decimals; `data` is whole hundredths of a point."""

    data: Any
    _entered = ""

    def __init__(self, label: Any, *, least: int = 0, **options: Any) -> None:
        options.setdefault("render_kw", {"inputmode": "decimal"})
        super().__init__(label, [_entered], **options)
        self.least = least

    def _value(self) -> str:
        if self._entered:
            return self._entered
        return "" if self.data is None else f"{self.data / 100:.2f}".rstrip("0").rstrip(".")

    def process_formdata(self, valuelist: Sequence[Any]) -> None:
        self._entered = str(valuelist[0]).strip() if valuelist else ""
        self.data = None
        if not self._entered:
            return
        try:
            hundredths = Decimal(self._entered) * 100
            whole = int(hundredths) if abs(hundredths) <= 1_000_000 else -1
        except (InvalidOperation, ValueError, OverflowError) as error:
            raise ValueError(_("请填写分数，例如 4 或 2.5。")) from error
        if whole != hundredths or whole < self.least:
            raise ValueError(_("分数最多两位小数，不能小于 %(least)s，不能大于 10000。", least=f"{self.least / 100:g}"))
        self.data = whole


class LocalMomentField(DateTimeLocalField):
    """A moment to the second as local clocks show it; naive, because its zone is another field."""

    data: Any

    def __init__(self, label: Any, **options: Any) -> None:
        formats = ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M"]
        super().__init__(label, [_entered], format=formats, render_kw={"step": "1"}, **options)

    def process_formdata(self, valuelist: Sequence[Any]) -> None:
        try:
            super().process_formdata(valuelist)
        except ValueError as error:
            if not "".join(str(value) for value in valuelist).strip():
                return
            raise ValueError(_("请填写完整的日期和时间，例如 2026-08-25 09:00。")) from error
        if self.data is not None and not 2000 <= self.data.year <= 2100:
            self.data = None
            raise ValueError(_("年份应在 2000 到 2100 之间。"))


def _entered(_form: Any, field: wtforms.Field) -> None:
    """A validator: something was entered; what made no sense has its own sentence already."""
    if field.process_errors:
        raise StopValidation
    if field.data is None:
        raise StopValidation(_("请填写此项。"))


def _within(_form: Any, field: "WholeNumberField") -> None:
    if field.data is not None and not field.least <= field.data <= field.most:
        message = _("请填写 %(least)d 到 %(most)d 之间的整数。", least=field.least, most=field.most)
        raise ValidationError(message)


class OneOfField(SelectField):
    """One of a few: `names` maps what is sent to what is shown."""

    def __init__(self, label: Any, names: Mapping[Any, Any] | None = None, **options: Any) -> None:
        message = _l("请从列表中选择一项。")
        super().__init__(label, invalid_choice_message=message, invalid_value_message=message, **options)
        self.offer(names or {})

    def offer(self, names: Mapping[Any, Any]) -> None:
        """Let these be chosen."""
        self.names = dict(names)
        self.choices = [SelectChoice(value, name) for value, name in names.items()]


class CheckboxesField(SelectMultipleField):
    """Several of a few, as checkboxes."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


class SectionForm(wtforms.Form):
    """One row of the blueprint editor."""

    type = OneOfField(_l("题型"), TYPE_NAMES)
    topics = CheckboxesField(
        _l("主题（不选为全部）"), choices=[], invalid_choice_message=_l("题库的这一版没有所选的主题，请重新选择。")
    )
    difficulty = OneOfField(_l("难度"), {"": _l("不限"), **DIFFICULTY_NAMES})
    count = WholeNumberField(_l("题数"), least=1, most=MOST_QUESTIONS)
    points = PointsField(_l("每题分值"), least=1)

    def section(self) -> Section:
        """The row as a section; call it on a valid form."""
        return Section(
            type=self.type.data,
            count=self.count.data or 0,
            points=self.points.data or 0,
            topics=tuple(self.topics.data or ()),
            difficulty=self.difficulty.data or None,
        )


SECTION_FIELDS = ("type", "topics", "difficulty", "count", "points")


@cache
def zone_names() -> tuple[str, ...]:
    """The zones that may be chosen: the tz database's, without the ones that are no place."""
    return tuple(
        sorted(name for name in available_timezones() if "/" in name and not name.startswith(("Etc/", "posix")))
    )


class TextsForm(Form):
    """What may be reworded at any time, also while the competition runs."""

    title = StringField(
        _l("竞赛名称"), [required, Length(max=120, message=_l("最多 120 个字。")), plain_text], filters=[_trimmed]
    )
    host = StringField(
        _l("主办单位"), [required, Length(max=120, message=_l("最多 120 个字。")), plain_text], filters=[_trimmed]
    )
    introduction = TextAreaField(
        _l("竞赛说明"), [Length(max=5000, message=_l("最多 5000 个字。")), plain_text], filters=[_trimmed]
    )
    contact = StringField(
        _l("咨询方式"), [Length(max=200, message=_l("最多 200 个字。")), plain_text], filters=[_trimmed]
    )
    boards = OneOfField(_l("排行榜"), {"public": _l("公开"), "members": _l("仅登录后可见"), "off": _l("不显示")})
    board_minimum_people = WholeNumberField(_l("单位上个人榜的最少人数"), least=1, most=1000)
    unit_codes = TextAreaField(_l("受邀单位的代码"), [Length(max=20000, message=_l("内容太长。")), plain_text])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.organizations: list[Organization] = []

    def validate_unit_codes(self, field: wtforms.Field) -> None:
        """Each code must be a unit's."""
        codes = list(dict.fromkeys(re.split(r"[\s,，、;；]+", (field.data or "").strip())))
        codes = [code for code in codes if code]
        found = organizations_by_code(codes)
        if missing := [code for code in codes if code not in found]:
            raise ValidationError(_("没有代码为 %(codes)s 的单位。", codes="、".join(missing[:5])))
        self.organizations = [found[code] for code in codes]


class CompetitionForm(TextsForm):
    """Everything that a draft decides."""

    timezone = StringField(_l("时区"), [required], default="Asia/Shanghai", filters=[_trimmed])
    opens_at = LocalMomentField(_l("开始时间"))
    closes_at = LocalMomentField(_l("截止时间"))
    bank_version_id = OneOfField(_l("题库版本"), coerce=int)
    sections = FieldList(FormField(SectionForm), label=_l("组卷规则"))
    minutes = WholeNumberField(_l("答题时长（分钟）"), least=1, most=600, default=30)
    grace_seconds = WholeNumberField(_l("截止宽限（秒）"), least=0, most=60, default=2)
    attempts_total = WholeNumberField(_l("每人共可答题次数"), least=1, most=1000, optional=True, default=1)
    attempts_per_day = WholeNumberField(_l("每人每天可答题次数"), least=1, most=100, optional=True)
    keep = OneOfField(
        _l("多次答题的计分"), {"best": _l("取最好一次"), "first": _l("取第一次"), "last": _l("取最后一次")}
    )
    shuffle_questions = BooleanField(_l("打乱题目顺序"), default=True)
    shuffle_options = BooleanField(_l("打乱选项顺序"), default=True)
    multiple_scoring = OneOfField(
        _l("多选题计分"), {"exact": _l("全部选对才得分"), "partial": _l("少选按比例得分，错选不得分")}
    )
    show_answers = OneOfField(
        _l("答案与解析"),
        {
            "closed": _l("竞赛截止后显示"),
            "submitted": _l("交卷后显示"),
            "at_once": _l("每题作答后立即显示对错（作答即不可改）"),
            "never": _l("不显示"),
        },
    )
    pass_score = PointsField(_l("及格分"), default=6000)
    entry = OneOfField(
        _l("参赛资格"),
        {
            "members": _l("已加入单位的人员（含待确认）"),
            "confirmed": _l("仅经单位确认的人员"),
            "anyone": _l("任何登录的人员"),
        },
    )
    tie_keys = OneOfField(
        _l("同分排序"),
        {
            "score,time,earlier": _l("用时少者在前，再看交卷先后"),
            "score,time": _l("用时少者在前"),
            "score": _l("同分并列"),
        },
    )
    shards = WholeNumberField(_l("数据分片数"), least=1, most=64, default=1)
    bank_four_eyes = BooleanField(_l("题库须经两人：上传或修改题库的人不能独自发布"))

    def __init__(self, versions: Sequence[BankVersion], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.bank_version_id.offer({version.id: version_label(version) for version in versions})
        self._retired = {version.id: version.retirement for version in versions if version.retirement}
        self._window: tuple[datetime, datetime] | None = None
        self._give_topics()

    def _give_topics(self) -> None:
        content = self.content()
        self.topic_titles: dict[str, str] = dict(content.topics) if content else {}
        for row in self.sections:
            row.form.topics.choices = topic_choices(self.topic_titles)

    def content(self) -> BankContent | None:
        """The content of the chosen version; None while none is chosen that there is."""
        chosen = self.bank_version_id.data
        return version_content(chosen) if chosen in self.bank_version_id.names else None

    def validate(self, extra_validators: Any = None) -> bool:
        """Validate each field, then what concerns several of them; the sentence stands at the field to be changed."""
        valid = super().validate(extra_validators)
        valid &= self._validate_rows_known()
        valid &= self._validate_version()
        valid &= self._validate_window()
        valid &= self._validate_blueprint(valid)
        total, daily = self.attempts_total.data, self.attempts_per_day.data
        if total is not None and daily is not None and daily > total:
            valid = refuse(self.attempts_per_day, _("每天的次数不能多于总次数 %(total)d。", total=total))
        return valid

    def _validate_rows_known(self) -> bool:
        expected = re.compile(rf"sections-\d{{1,6}}-(?:{'|'.join(SECTION_FIELDS)})")
        if all(expected.fullmatch(name) for name in request.form if name.startswith("sections-")):
            return True
        self.form_errors.append(_("表单里有不认识的内容，没有保存。请刷新页面后再填写。"))
        return False

    def _validate_version(self) -> bool:
        retirement = self._retired.get(self.bank_version_id.data)
        if retirement is None:
            return True
        return refuse(
            self.bank_version_id, _("这一版已停用（%(reason)s）。请换一个题库版本。", reason=retirement.reason)
        )

    def _validate_window(self) -> bool:
        if self.timezone.data not in zone_names():
            return refuse(self.timezone, _("没有这个时区，请从列表中选择，例如 Asia/Shanghai。"))
        opens, closes = (moment_in(field, self.timezone.data) for field in (self.opens_at, self.closes_at))
        if opens is None or closes is None:
            return False
        if closes <= opens:
            return refuse(self.closes_at, _("截止时间必须晚于开始时间。"))
        self._window = opens, closes
        return True

    def _validate_blueprint(self, rows_valid: bool) -> bool:
        rows = list(self.sections)
        if not rows:
            return refuse(self.sections, _("请至少添加一行组卷规则。"))
        if len(rows) > MOST_SECTIONS:
            return refuse(self.sections, _("组卷规则最多 %(most)d 行。", most=MOST_SECTIONS))
        content = self.content()
        if content is None or any(row.errors for row in rows):
            return False
        blueprint = self.blueprint()
        if blueprint.question_count > MOST_QUESTIONS:
            return refuse(self.sections, _("一份试卷最多 %(most)d 题。", most=MOST_QUESTIONS))
        valid = True
        for short in shortfalls(blueprint, content):
            message = _(
                "需要 %(needed)d 题，题库只能提供 %(available)d 题（同一道题不重复使用）。",
                needed=short.needed,
                available=short.available,
            )
            valid = refuse(rows[short.section].form["count"], message)
        if not valid:
            self.form_errors.append(
                _("没有保存：题库不能满足组卷规则，各行写明了缺多少。请减少题数、放宽主题或难度，或换一个题库版本。")
            )
        if self.pass_score.data is not None and self.pass_score.data > blueprint.full_score:
            message = _("及格分不能高于总分 %(full)s。", full=f"{blueprint.full_score / 100:g}")
            valid = refuse(self.pass_score, message)
        return valid and rows_valid

    def blueprint(self) -> Blueprint:
        """The rows as a blueprint; call it on valid rows."""
        return Blueprint(tuple(row.form.section() for row in self.sections))

    def terms(self) -> Terms:
        """What was decided; call it on a valid form."""
        assert self._window is not None
        return Terms(
            title=self.title.data or "",
            host=self.host.data or "",
            introduction=self.introduction.data or "",
            contact=self.contact.data or "",
            timezone=self.timezone.data or "",
            opens_at=self._window[0],
            closes_at=self._window[1],
            bank_version_id=self.bank_version_id.data,
            blueprint=self.blueprint(),
            minutes=self.minutes.data or 0,
            grace_ms=(self.grace_seconds.data or 0) * 1000,
            attempts_total=self.attempts_total.data,
            attempts_per_day=self.attempts_per_day.data,
            keep=self.keep.data,
            shuffle_questions=self.shuffle_questions.data,
            shuffle_options=self.shuffle_options.data,
            multiple_scoring=self.multiple_scoring.data,
            show_answers=self.show_answers.data,
            pass_score=self.pass_score.data or 0,
            entry=self.entry.data,
            boards=self.boards.data,
            board_minimum_people=self.board_minimum_people.data or 0,
            tie_keys=self.tie_keys.data,
            shards=self.shards.data or 1,
            bank_four_eyes=self.bank_four_eyes.data,
        )


def topic_choices(titles: Mapping[str, str]) -> list[SelectChoice]:
    """The bank's topics for a row's checkboxes."""
    return [SelectChoice(code, title) for code, title in titles.items()]


def refuse(field: wtforms.Field, message: str) -> bool:
    """Put a sentence at the field; gives False, the verdict."""
    field.errors = [*field.errors, message]
    return False


def moment_in(field: LocalMomentField, zone_name: str) -> datetime | None:
    """The field's moment in the zone; None with a sentence at the field where the zone's clocks skip it."""
    if field.data is None:
        return None
    moment = local_to_utc(field.data, ZoneInfo(zone_name))
    if moment is None:
        refuse(field, _("这个时刻在该时区不存在（夏令时开始时被跳过），请改早或改晚一小时。"))
    return moment


def local_of(moment: datetime, zone_name: str) -> datetime:
    """The naive time that clocks in the zone show, for a form's field."""
    return moment.astimezone(ZoneInfo(zone_name)).replace(tzinfo=None)


def version_label(version: BankVersion) -> str:
    """How a bank version is named in lists."""
    label = str(_("%(title)s 第 %(number)d 版", title=version.title, number=version.number or 0))
    return str(_("%(version)s（已停用）", version=label)) if version.retirement else label


def texts_data(competition: Competition) -> dict[str, Any]:
    """The competition as the values of a TextsForm."""
    return {
        "title": competition.title,
        "host": competition.host,
        "introduction": competition.introduction,
        "contact": competition.contact,
        "boards": competition.boards,
        "board_minimum_people": competition.board_minimum_people,
        "unit_codes": "\n".join(unit.code for unit in competition.organizations),
    }


def competition_data(competition: Competition) -> dict[str, Any]:
    """The competition as the values of a CompetitionForm."""
    kept = (
        "timezone bank_version_id minutes attempts_total attempts_per_day keep shuffle_questions shuffle_options "
        "multiple_scoring show_answers pass_score entry tie_keys shards bank_four_eyes"
    )
    return {
        **texts_data(competition),
        **{name: getattr(competition, name) for name in kept.split()},
        "opens_at": local_of(competition.opens_at, competition.timezone),
        "closes_at": local_of(competition.closes_at, competition.timezone),
        "grace_seconds": competition.grace_ms // 1000,
        "sections": section_rows(blueprint_of(competition)),
    }


def section_rows(blueprint: Blueprint) -> list[dict[str, Any]]:
    """The blueprint as the values of the form's rows."""
    return [
        {
            "type": section.type,
            "topics": list(section.topics),
            "difficulty": section.difficulty or "",
            "count": section.count,
            "points": section.points,
        }
        for section in blueprint.sections
    ]


def default_rows(content: BankContent | None) -> list[dict[str, Any]]:
    """20 single + 5 multiple choice over the topics' strata where the bank has those; else without naming topics."""
    if content is not None and not shortfalls(DEFAULT_BLUEPRINT, content):
        return section_rows(DEFAULT_BLUEPRINT)
    return section_rows(Blueprint((Section("single", 20, 400), Section("multiple", 5, 400))))


class TimesForm(Form):
    """Later times and more minutes for a published competition."""

    opens_at = LocalMomentField(_l("开始时间"))
    closes_at = LocalMomentField(_l("截止时间"))
    minutes = WholeNumberField(_l("答题时长（分钟）"), least=1, most=600)
    confirmed = HiddenField()


class PauseForm(Form):
    """The word to pause; the reason goes into the audit trail, the notice onto the competition's pages."""

    reason = StringField(
        _l("原因"), [required, Length(max=200, message=_l("最多 200 个字。")), plain_text], filters=[_trimmed]
    )
    notice = TextAreaField(
        _l("公告（留空则不发布）"),
        [Length(max=5000, message=_l("最多 5000 个字。")), plain_text],
        filters=[_trimmed],
        default=lambda: _("竞赛因故暂停。暂停期间所有人的答题时间都已停住，已保存的答案不会丢失，恢复后从停住处继续。"),
    )


class ResumeForm(Form):
    """The word to go on."""

    extend = BooleanField(_l("截止时间同样顺延"))


class ExtraTimeForm(Form):
    """Minutes on top for one person."""

    minutes = WholeNumberField(_l("增加的分钟数"), least=1, most=600, default=10)
    reason = StringField(
        _l("原因"), [required, Length(max=200, message=_l("最多 200 个字。")), plain_text], filters=[_trimmed]
    )


class AnnouncementForm(Form):
    """A notice."""

    title = StringField(
        _l("标题"), [required, Length(max=120, message=_l("最多 120 个字。")), plain_text], filters=[_trimmed]
    )
    body = TextAreaField(
        _l("内容"), [required, Length(max=5000, message=_l("最多 5000 个字。")), plain_text], filters=[_trimmed]
    )


class ConfirmForm(Form):
    """A deed that needs nothing but the person's word."""
