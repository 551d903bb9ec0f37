"""The operators' page as plain data: texts and the heights of its bars, the same for the template and for its script."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from quizapp.clock import from_ms
from quizapp.counting import BUCKETS_S, Totals
from quizapp.operations.readiness import Observed, Past, missing, warnings
from quizapp.web.error_pages import sentence

ZONE = ZoneInfo("Asia/Shanghai")
SLOTS_A_MINUTE = 6
WIDTH, HEIGHT = 10, 100
"""A slot's width and the picture's height, in the picture's own units."""

WORDS: Mapping[str, Any] = {
    "saved": _l("已保存"),
    "outdated": _l("已有更新的答案"),
    "superseded": _l("已在别处打开"),
    "already_final": _l("已显示对错，不能再改"),
    "bad_position": _l("没有这一题"),
    "bad_choice": _l("没有这个选项"),
    "deadline_passed": _l("时间已到"),
    "already_submitted": _l("已经交卷"),
    "paused": _l("竞赛暂停"),
    "fenced": _l("正在冻结成绩"),
    "no_attempt": _l("没有这份答卷"),
    "not_primed": _l("竞赛数据未就绪"),
    "ticket_invalid": _l("凭证无效"),
    "answers_malformed": _l("格式无法识别"),
    "answers_too_large": _l("内容太多"),
    "overloaded": _l("人数过多，稍后重试"),
    "store_unavailable": _l("存储无法访问"),
    "unexpected": _l("意外错误"),
    "person": _l("本人交卷"),
    "deadline": _l("到时自动交卷"),
}


def board(observed: Observed | None, totals: Totals, now: datetime) -> dict[str, Any]:
    """Everything on the page that changes."""
    found = missing(observed)
    past = observed.past if observed else ()
    return {
        "at": f"{now.astimezone(ZONE):%H:%M:%S}",
        "ready": not found,
        "missing": [sentence(each.code, each.facts) for each in [*found, *warnings(observed)]],
        "stats": _stats(observed),
        "chart": _chart(past),
        "minutes": _minutes(past),
        "tables": {
            "answers": _rows(totals.answers),
            "refusals": _rows(totals.refusals),
            "submissions": _rows(totals.submissions),
            "requests": _rows(dict(sorted(totals.requests.items())), by_count=False),
            "took": _took(totals),
        },
    }


def _stats(observed: Observed | None) -> dict[str, str]:
    waiting = observed.waiting if observed else None
    recording = observed.recording if observed else None
    memory = observed.memory if observed else None
    rate = observed.recorded_a_second if observed else None
    unrecordable = observed.unrecordable if observed else None
    return {
        "rate": "—" if rate is None else f"{rate:,.1f}",
        "waiting": "—" if waiting is None else f"{waiting.entries:,}",
        "oldest": "—" if waiting is None else _seconds(waiting.oldest_ms),
        "unrecordable": "—" if unrecordable is None else f"{unrecordable:,}",
        "recorder": "—" if recording is None else _seconds(recording.silent_ms),
        "headroom": "—" if memory is None else f"{memory.headroom / 1024**2:,.0f} MB",
        "headroom_note": ""
        if memory is None
        else str(
            _("内存不足一成，请增加内存或 maxmemory")
            if memory.is_low
            else _("共 %(limit)s MB", limit=f"{memory.limit / 1024**2:,.0f}")
        ),
    }


def _seconds(milliseconds: int) -> str:
    return str(_("%(seconds)s 秒", seconds=f"{milliseconds / 1000:,.1f}"))


def _chart(past: tuple[Past, ...]) -> dict[str, Any]:
    """Bars of answers recorded, and a line of entries waiting; both on scales of their own, which the texts beside name."""
    most = max((slot.recorded for slot in past), default=0)
    deepest = max((slot.entries or 0 for slot in past), default=0)
    return {
        "bars": [round(HEIGHT * slot.recorded / most) if most else 0 for slot in past],
        "line": " ".join(
            f"{number * WIDTH + WIDTH // 2},{HEIGHT - (round(HEIGHT * slot.entries / deepest) if deepest else 0)}"
            for number, slot in enumerate(past)
            if slot.entries is not None
        ),
        "sum": f"{sum(slot.recorded for slot in past):,}",
        "most": f"{most:,}",
        "deepest": f"{deepest:,}",
    }


def _minutes(past: tuple[Past, ...]) -> list[list[str]]:
    """The last minutes as rows, the present one first: from when on, answers, the most that waited, the oldest's age."""
    rows = []
    for begin in range(len(past) % SLOTS_A_MINUTE, len(past), SLOTS_A_MINUTE):
        slots = past[begin : begin + SLOTS_A_MINUTE]
        told = [slot for slot in slots if slot.entries is not None]
        rows.append(
            [
                f"{from_ms(slots[0].begins_ms).astimezone(ZONE):%H:%M:%S}",
                f"{sum(slot.recorded for slot in slots):,}",
                f"{max(slot.entries or 0 for slot in told):,}" if told else "—",
                _seconds(max(slot.oldest_ms or 0 for slot in told)) if told else "—",
            ]
        )
    return rows[::-1]


def _rows(values: Mapping[str, int], *, by_count: bool = True) -> list[list[str]]:
    pairs = sorted(values.items(), key=lambda pair: -pair[1]) if by_count else list(values.items())
    return [[str(WORDS.get(name, name)), f"{count:,}"] for name, count in pairs] or [[str(_("还没有")), "0"]]


def _took(totals: Totals) -> list[list[str]]:
    """Below which bound a share of the answers stayed."""
    count = sum(totals.took)
    rows = []
    for share in (0.5, 0.9, 0.99):
        reached, text = 0, "—"
        for number, value in enumerate(totals.took):
            reached += value
            if count and reached >= share * count:
                text = f"≤ {BUCKETS_S[number] * 1000:g} ms" if number < len(BUCKETS_S) else "> 2.5 s"
                break
        rows.append([f"{share:.0%}", text])
    return rows
