"""The sentences of this feature's error codes."""

from flask_babel import lazy_gettext as _l

SENTENCES = {
    "sign_in_first": _l("请先登录，再参加竞赛。"),
    "membership_missing": _l("本次竞赛需要先加入所在单位。请用单位的邀请码或二维码加入后再来。"),
    "membership_pending": _l("您的单位归属还在等待联络员确认，确认后即可答题。"),
    "unit_not_invited": _l("您所在的单位不在本次竞赛的参赛范围内。如有疑问，请联系主办方。"),
    "competition_not_open": _l("竞赛尚未开始，请在开始时间之后再来。"),
    "competition_closed": _l("竞赛已经截止，不能再开始答题。"),
    "competition_paused": _l("竞赛暂停中，时间已为所有人停住，恢复后可继续答题。"),
    "competition_published": _l("竞赛已经发布，题库版本和规则不能再改，也不能删除。没有任何改动。"),
    "competition_not_running": _l("竞赛不在进行中，不能这样调整。没有任何改动。"),
    "window_is_past": _l("截止时间已经过去，不能发布。请先修改竞赛时间。"),
    "window_backward": _l("截止时间必须晚于开始时间。"),
    "bank_version_unpublished": _l("所选题库版本还没有发布，竞赛不能使用草稿。"),
    "bank_version_retired": _l("所选题库版本已停用（{reason}），不能用于新的竞赛。请换一个版本。"),
    "bank_version_unreviewed": _l(
        "规则要求题库须经两人，而题库第 {number} 版由上传或修改它的人（{names}）自己发布。"
        "请没有参与修改的人在题库页面复核这一版，或换一个版本。"
    ),
    "blueprint_short": _l("组卷规则第 {row} 行需要 {needed} 题，题库只能提供 {available} 题，不能发布。"),
    "withdraw_too_late": _l("竞赛已经开始，不能撤回。没有任何改动。"),
    "units_are_all": _l("竞赛发布时面向所有单位，不能再限定单位。"),
    "units_only_more": _l("发布后只能增加受邀单位，不能减少：已开始答题的人不应失去资格。"),
    "opens_at_is_past": _l("开始时间只能在开始之前修改，并且必须晚于现在。"),
    "closes_at_only_later": _l("发布后截止时间只能延后，不能提前。"),
    "minutes_only_more": _l("发布后答题时长只能增加，不能减少。"),
    "pause_needs_running": _l("只有进行中、没有暂停的竞赛才能暂停。没有任何改动。"),
    "resume_needs_paused": _l("竞赛没有在暂停，无需恢复。没有任何改动。"),
    "paused_too_long": _l("暂停累计超过 20 天，系统无法顺延这么久。请延长截止时间并联系管理员。"),
    "extra_time_only_more": _l("已经给了 {minutes} 分钟，只能增加，不能减少。"),
    "extra_time_in_use": _l("此人正在答题，交卷之后才能取消加时。没有任何改动。"),
    "interruption_not_running": _l("只有已经开始、还没有冻结成绩的竞赛才能补回中断的时间。没有任何改动。"),
    "interruption_times": _l("中断的起止时间应在竞赛开始之后、现在之前，并且先起后止。没有任何改动。"),
    "interruption_known": _l("这段时间已经全部补回（或已由暂停补回），不会再补一次。没有任何改动。"),
    "interruptions_too_many": _l(
        "已申报 {most} 段互不相连的中断，不能再增加。请把相近的几段合成一段申报，或延长截止时间。"
    ),
    "supply_invalid": _l("组卷规则里有无法识别的内容，请刷新页面后再试。"),
}

DEEDS = {
    "competition_created": _l("新建竞赛"),
    "competition_revised": _l("修改竞赛"),
    "competition_deleted": _l("删除竞赛"),
    "competition_copied": _l("复制竞赛"),
    "competition_published": _l("发布竞赛"),
    "competition_withdrawn": _l("撤回竞赛"),
    "competition_reworded": _l("修改竞赛说明"),
    "competition_times_changed": _l("调整竞赛时间"),
    "competition_paused": _l("暂停竞赛"),
    "competition_resumed": _l("恢复竞赛"),
    "interruption_declared": _l("补回中断时间"),
    "extra_time_granted": _l("给予加时"),
    "extra_time_revoked": _l("取消加时"),
    "announcement_published": _l("发布公告"),
    "announcement_removed": _l("撤下公告"),
}
