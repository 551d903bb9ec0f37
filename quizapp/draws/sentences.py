"""The sentences of this feature's error codes, and the names of its audited deeds."""

from flask_babel import lazy_gettext as _l

SENTENCES = {
    "draw_under_way": _l("第 {number} 次抽奖还没有结束，不能另外再抽。请先完成那一次。"),
    "another_draw_needs_reason": _l("请写明为什么要再抽一次，原因会公开显示。"),
    "no_prizes": _l("请至少填写一个奖项。"),
    "too_many_places": _l("奖项最多 8 个，每个奖项 1 到 100000 名。请改正后再保存。"),
    "band_upside_down": _l("奖项的最低分不能高于最高分。请改正后再保存。"),
    "prize_named_twice": _l("两个奖项不能同名。请改正后再保存。"),
    "first_draw_needs_no_approval": _l("第一次抽奖不需要另外的人同意，可以直接冻结名册。"),
    "approve_own_draw": _l("提出或修改这次抽奖的人不能自己同意，请另外两个人来同意。"),
    "draw_already_approved": _l("您已经同意过这次抽奖，还需要另一个人同意。"),
    "draw_without_prizes": _l("还没有设置奖项。请先设置奖项。"),
    "draw_before_freeze": _l("成绩冻结之后才能冻结抽奖名册。请先冻结成绩。"),
    "draw_during_notice": _l("名次正在公示，可能还会更正。公示结束、名次最终确定之后再冻结抽奖名册。"),
    "draw_needs_approvals": _l(
        "再次抽奖须经另外两个人同意，现在有 {approvals} 人同意。请让另外的主办方人员打开本页并同意。"
    ),
    "draw_without_entries": _l("没有人符合抽奖条件，没有冻结。请检查奖项的分数段和排除条件。"),
    "secret_malformed": _l("密语应为 64 位十六进制数字（0–9、a–f）。请使用页面给出的密语。"),
    "open_by_too_early": _l("公开密语的期限必须晚于公共数字产生的时间。"),
    "chance_must_be_later": _l("随机源产生的时间至少要在一分钟之后，让别人先看到。请改晚一些。"),
    "another_round": _l("这是第 {given} 轮，约定的是第 {named} 轮。请取约定的那一轮。"),
    "round_malformed": _l("这不是随机信标的一轮，或内容不完整。请把服务器返回的内容完整粘贴到框里。"),
    "round_not_genuine": _l("信标的签名不对，没有开奖。请从随机信标的另一台服务器重新取这一轮。"),
    "round_not_fetched": _l("服务器取不到这一轮：可能没有联网，或这一轮刚刚产生。请稍后再试，或用别的电脑取来粘贴。"),
    "secret_is_another": _l("密语与公布的承诺不符，没有开奖。请找到当时记下的密语再试。"),
    "chance_is_another": _l("这次抽奖约定的是另一种随机源。请回到抽奖页面。"),
    "draw_is_planned": _l("抽奖名册还没有冻结。请先冻结名册。"),
    "draw_is_frozen": _l("抽奖名册已经冻结，不能再改。接下来请公布随机源，到时开奖。"),
    "draw_is_named": _l("随机源已经公布，还没有到它产生的时间。到时再开奖。"),
    "draw_is_due": _l("随机源已经产生，现在只能开奖。"),
    "draw_is_drawn": _l("已经开奖，结果不能再改。"),
    "draw_is_failed": _l("密语没有在期限之前公开，这次抽奖已经作废。需要时可以说明原因，另外再抽。"),
}

DEEDS = {
    "add_draw": _l("新建抽奖"),
    "plan_draw": _l("设置奖项"),
    "approve_draw": _l("同意再次抽奖"),
    "freeze_draw": _l("冻结抽奖名册"),
    "name_chance": _l("公布随机源"),
    "draw_prizes": _l("开奖"),
}
