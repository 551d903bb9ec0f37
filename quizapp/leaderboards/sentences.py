"""The sentences of this feature's error codes."""

from flask_babel import lazy_gettext as _l

SENTENCES = {
    "boards_off": _l("本次竞赛不公开排行榜。"),
    "boards_members_only": _l("本次竞赛的排行榜只对参赛单位的成员开放。加入单位后即可查看。"),
    "boards_being_rebuilt": _l("排行榜正在重建，请一分钟后再试。"),
    "freeze_before_close": _l("竞赛截止之后才能冻结成绩。如需提前结束，请先修改截止时间。"),
    "freeze_unrecorded": _l(
        "暂时不能冻结，没有任何改动：未交卷 {open_attempts} 份，等待落库 {waiting} 条，无法落库 {unrecordable} 条。三项都为 0 时再试。"
    ),
    "freeze_under_way": _l("成绩正在冻结，不需要再点一次。进度在下面。"),
    "freeze_outdated": _l("冻结期间又有答卷或应参赛人数变动，没有任何改动。请核对左边各项，再冻结一次。"),
    "freeze_store_away": _l("冻结时连接不上数据库或缓存服务，没有任何改动。请稍后再冻结一次。"),
    "freeze_failed": _l(
        "冻结时程序出错，没有任何改动，已记入日志。请再冻结一次；仍不成功，请让管理员查看落库进程的日志。"
    ),
    "already_frozen": _l("成绩已经冻结，不能重复冻结。"),
    "unit_too_small": _l("这个单位的参赛人数少于 {minimum} 人，为保护个人信息，不逐人显示。"),
    "not_frozen": _l("成绩冻结之后才能导出最终名次。"),
}

DEEDS = {
    "standings_frozen": _l("冻结名次"),
}
