"""The sentences of this feature's error codes, and the names of its deeds."""

from flask_babel import lazy_gettext as _l

SENTENCES = {
    "not_frozen_yet": _l("成绩冻结之后才有公示。请在竞赛截止、成绩冻结后再来。"),
    "notice_not_now": _l("现在不能开始公示：成绩要先冻结，且同一份名次只公示一次。请刷新页面查看当前状态。"),
    "no_snapshot": _l("这场竞赛没有名次快照，不能公示或更正。请联系管理员。"),
    "last_day_needed": _l(
        "{year} 年的放假安排还没有录入，系统不猜测。请按国务院通知算出公示最后一天并填写，不早于 {earliest}。"
    ),
    "no_notice_runs": _l(
        "现在没有正在进行的公示，异议没有提交。公示期内才能提出异议；有疑问请按竞赛页面上的咨询方式联系主办方。"
    ),
    "objection_answered": _l("这条异议已经答复，不能再改。请刷新页面查看。"),
    "correction_not_now": _l("现在不能更正：成绩要先冻结，最终名次确定后不再更正。"),
    "correction_waits": _l("有一项更正在等另一个人确认。请先确认或驳回它。"),
    "correction_needs_another": _l("更正要由两个人完成：提出的人不能自己确认，请另一位主办方人员确认。没有任何改动。"),
    "correction_decided": _l("没有找到这项更正，或者它已经确认或驳回。请刷新页面查看。"),
    "changes_nothing": _l("这项更正已经生效，没有什么可改。"),
    "final_not_now": _l("现在不能确定最终名次：先公示，公示期满之后再确定，只确定一次。"),
    "notice_runs": _l("公示还没有期满，不能确定最终名次。请在公示期满之后再试。"),
    "objections_unanswered": _l("还有 {count} 条异议没有答复，不能确定最终名次。请先逐条答复。"),
}

DEEDS = {
    "notice_begun": _l("开始公示"),
    "objection_filed": _l("提出异议"),
    "objection_answered": _l("答复异议"),
    "correction_proposed": _l("提出更正"),
    "correction_applied": _l("确认更正"),
    "correction_refused": _l("驳回更正"),
    "standings_final": _l("确定最终名次"),
    "naming_chosen": _l("选择获奖名单是否显示全名"),
}
