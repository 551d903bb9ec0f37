"""The sentences of this feature's error codes."""

from flask_babel import lazy_gettext as _l

SENTENCES = {
    "no_receipt": _l("没有找到这份收据。答卷交卷或到时自动交卷之后才有收据，请回到竞赛页面查看。"),
}
