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
}
