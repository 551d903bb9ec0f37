"""The sentences of the awards' error codes, the names of deeds, and what reasons and indicators are called."""

from flask_babel import lazy_gettext as _l

SENTENCES = {
    "award_locked": _l(
        "竞赛已经开始，评奖办法不能再增加、修改或删除。如确需更改，请在下一届竞赛开始之前写下新的办法。"
    ),
    "award_title_taken": _l("没有保存：本次竞赛已有同名奖项。请换一个名称。"),
    "award_weights_sum": _l("没有保存：各项权重须为 0 或正整数，合计 100%，现在合计 {total}%。"),
    "award_minimum_small": _l("没有保存：最低参赛人数不能少于 {least} 人，否则平均分会透露个人成绩。"),
    "award_reference_small": _l("没有保存：人数基准至少是最低参赛人数的两倍，即 {least} 人。"),
    "award_bands_order": _l("没有保存：规模分档请由小到大填写正整数，例如 100, 1000。"),
    "award_tiers_named": _l("没有保存：请至少填写一个等次，等次名称不能重复或空缺。"),
    "award_quota_empty": _l("没有保存：每个等次至少在一类组别中要有名额。"),
    "award_quota_over": _l("没有保存：按百分比设置的名额合计不能超过 100%。"),
    "award_branches_coverage": _l(
        "没有保存：由直属单位参评时不能使用覆盖率。只要把没有参赛的人另立单位，覆盖率就会升高。"
        "请把覆盖率的权重改为 0，或改为由企业整体参评。"
    ),
    "award_branches_bands": _l(
        "没有保存：由直属单位参评时不能按规模分组，否则拆成小单位就能到较小的组里争先。请删去规模分档，或改为由企业整体参评。"
    ),
    "award_branches_weights": _l(
        "没有保存：由直属单位参评时，参赛人数的权重至少要 {needed}%（现在 {has}%），否则拆分单位有利可图。"
        "请提高它、降低平均分等三项的权重、减小人数基准，或改为由企业整体参评。"
    ),
    "award_not_frozen": _l("成绩冻结之后才能确定评奖结果。现在看到的是预览，请先冻结成绩。"),
    "award_headcounts_wait": _l("还有 {count} 项应参赛人数更正申请没有处理，没有确定结果。请先逐项审批。"),
    "award_unchanged": _l("名次和应参赛人数都没有变化，已公布的结果仍然有效，不必重新确定。"),
    "headcounts_locked": _l("应参赛人数已经锁定，锁定时间不能再改。个别单位有误的，请提交更正申请，由另一人审批。"),
    "headcounts_frozen": _l(
        "成绩已经冻结，没有改动：应参赛人数随名次一起冻结，排行榜和评奖用同一个数。确有错误的，请在公示期内提出异议，由主办方两人更正。"
    ),
    "headcounts_not_locked": _l("应参赛人数还没有锁定，不必申请：请在单位页面直接更正。"),
    "headcount_date_odd": _l("没有保存：锁定时间须在现在之后，且不晚于竞赛截止时间。"),
    "headcount_request_odd": _l("没有提交：请填写 1 到 10000000 之间、与现在不同的整数。"),
    "headcount_request_waits": _l("没有提交：这个单位已有一项更正申请在等待审批。请等它处理完再提交。"),
    "headcount_request_decided": _l("这项申请已经有人处理过，没有改动。请刷新页面查看结果。"),
    "headcount_request_own": _l("自己提交的申请不能自己审批。请由另一位主办方人员处理。"),
}

DEEDS = {
    "write_award": _l("写下评奖办法"),
    "remove_award": _l("删除评奖办法"),
    "publish_award": _l("确定评奖结果"),
    "lock_headcounts": _l("设定人数锁定时间"),
    "request_headcount": _l("申请更正应参赛人数"),
    "approve_headcount": _l("批准更正应参赛人数"),
    "reject_headcount": _l("驳回更正应参赛人数"),
}
