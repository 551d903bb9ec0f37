"""The sentences of this feature's error codes."""

from flask_babel import lazy_gettext as _l

SENTENCES = {
    "practice_try_malformed": _l("没有收到完整的作答。请刷新页面后再试。"),
}
