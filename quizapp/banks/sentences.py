"""The sentences of what this feature refuses, and the names of its deeds in the audit trail."""

from flask_babel import lazy_gettext as _l

SENTENCES = {
    "upload_has_errors": _l("文件还有 {errors} 处错误，没有保存。请修改后重新上传。"),
    "upload_not_checked": _l("文件还没有检查完。请等检查结束后再试。"),
    "upload_not_draft": _l("这次上传已不是题库的草稿（可能已发布、被替换或丢弃），不能再撤销。请查看题库现在的内容。"),
    "upload_file_gone": _l("这次上传的文件已不在系统里，不能再检查。请重新上传。"),
    "check_busy": _l("正在检查其他人的文件，还轮不到这一份；题库没有任何改动。请稍候片刻再试。"),
    "check_failed": _l("检查没有完成，题库没有任何改动。请再检查一次；若仍不成功，请联系管理员。"),
    "draft_missing": _l("这个题库没有草稿，可能已被发布或丢弃。请刷新页面查看。"),
    "draft_changed": _l("草稿在您查看之后有了改动，没有发布。请重新查看后再确认。"),
    "draft_has_errors": _l("草稿里有 {errors} 处错误，没有发布。请修改后重新上传。"),
    "version_unchanged": _l("草稿与第 {number} 版完全相同，不需要再发布。"),
    "version_published": _l("已发布的版本不能改动或删除。需要修改时，请发布新版本。"),
    "bank_changing": _l("另一个人正在修改这个题库，您的操作没有生效。请稍候重试。"),
    "picture_too_large": _l("图片太大，最多 {most} MB、1600 万像素。请缩小后重试。"),
    "picture_kind_unknown": _l("图片不是 PNG、JPEG 或 WebP。请另存为其中一种后重试。"),
    "picture_damaged": _l("图片打不开，可能已损坏。请重新保存后重试。"),
}

DEEDS = {
    "save_bank_draft": _l("保存题库草稿"),
    "publish_bank_version": _l("发布题库版本"),
    "undo_bank_upload": _l("撤销题库草稿的保存"),
    "discard_bank_draft": _l("丢弃题库草稿"),
}
