"""The sentences of this feature's error codes: what happened, what became of the answers, and what to do."""

from flask_babel import lazy_gettext as _l

SENTENCES = {
    # of a start
    "not_open_yet": _l("竞赛还没有开始，请在开始时间之后再来。"),
    "closed": _l("竞赛已经截止，不能再开始答题。"),
    "paused": _l("竞赛暂停中，时间已停住。已保存的答案都在，恢复后可继续答题。"),
    "fenced": _l("竞赛正在核定最终成绩，不再接受作答。已保存的答案都在。"),
    "no_attempts_left": _l("您的答题次数已经用完。可以在成绩页查看结果，或到练习室继续练习。"),
    "no_attempts_left_today": _l("您今天的答题次数已经用完，明天可以再来。"),
    # of an attempt
    "no_attempt": _l("没有找到进行中的答卷。请回到竞赛页面开始或继续答题。"),
    "already_submitted": _l("这份答卷已经交卷，不能再修改。请查看成绩。"),
    "deadline_passed": _l("答题时间已到，这个答案没有计入。此前保存的答案都已计入成绩。"),
    "superseded": _l("这份答卷已在另一个页面或设备上打开。要在这里作答，请选择“在此继续”。"),
    "not_primed": _l("系统正在准备竞赛数据，答案已留在本机。请稍后自动重试。"),
    # of one answer
    "outdated": _l("您随后又改过这一题，已保存的是较新的答案。"),
    "already_final": _l("这一题已经显示对错，答案不能再改。"),
    "bad_position": _l("试卷里没有这一题，没有保存。请刷新页面。"),
    "bad_choice": _l("这一题没有这样的选项，没有保存。请刷新页面后重新选择。"),
    # of a request
    "ticket_invalid": _l("答题凭证缺失或无法识别，没有保存。请刷新答题页面，答案会从本机重新提交。"),
    "answers_malformed": _l("提交的内容格式无法识别，没有保存。请刷新答题页面后重试。"),
    "answers_too_large": _l("一次提交的内容太多，没有保存。请刷新答题页面后重试。"),
    "overloaded": _l("当前答题人数很多，请稍候几秒，页面会自动重试。答案已留在本机。"),
}

DEEDS = {"settle_unrecordable": _l("处理无法落库的记录")}
