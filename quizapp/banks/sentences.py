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
    "draft_changed": _l("草稿在您查看之后有了改动，这一步没有做，草稿保持原样。请重新查看后再确认。"),
    "draft_has_errors": _l("草稿里有 {errors} 处错误，没有发布。请修改后重新上传。"),
    "version_unchanged": _l("草稿与第 {number} 版完全相同，不需要再发布。"),
    "publish_needs_another": _l(
        "竞赛“{competition}”要求题库须经两人：上传或修改过草稿的人（{names}）不能自己发布。请另一位主办方登录后发布。"
    ),
    "version_not_published": _l("这是草稿，还没有发布。请先发布。"),
    "review_own_version": _l("您上传或修改过这一版，不能由您复核。请没有参与修改的人复核。"),
    "already_reviewed": _l("您已经发布或复核过这一版，不需要再复核。"),
    "already_retired": _l("这一版已经停用。请刷新页面查看。"),
    "not_retired": _l("这一版没有停用，或已恢复使用。请刷新页面查看。"),
    "retirement_is_final": _l("停用之后已发布第 {number} 版，不能再恢复。请使用新版本。"),
    "nothing_to_move": _l("没有正式题的抽到次数超过所填的数，没有改动。请填一个较小的数。"),
    "folder_of_other_bank": _l("这个文件夹里是题库“{found}”，不是“{wanted}”，没有写入。请换一个文件夹。"),
    "folder_not_bank": _l("这个文件夹里有别的文件，没有可以读取的 bank.yaml，没有写入。请换一个空文件夹。"),
    "folder_has_more": _l(
        "文件夹里有这一版用不到的试题文件：{names}。没有写入。若要删去它们，请加 --replace；否则请换一个文件夹。"
    ),
    "version_published": _l("已发布的版本不能改动或删除。需要修改时，请发布新版本。"),
    "nothing_to_edit": _l("这个题库还没有发布过的版本，没有可以编辑的内容。请先上传题库。"),
    "question_changed": _l("这道题在您打开之后被别人改过，您的修改没有保存。请看过现在的内容后再保存。"),
    "question_gone": _l("这道题已不在草稿里，可能被别人删除或改了编号。您的修改没有保存。"),
    "bank_full": _l("题库里最多 {most} 题，没有加入新题。请先删去不用的题。"),
    "last_question": _l("这是草稿里的最后一题，没有删除。草稿至少要有一题；不要整份草稿时，请在题库页面丢弃。"),
    "picture_waiting": _l(
        "选好的图片还没有加入，这次没有保存。请重新选择并按“加入图片”；不需要图片时，直接再保存一次。"
    ),
    "picture_not_chosen": _l("没有选择图片。请先选择一个图片文件，再按“加入图片”。"),
    "file_encoding_unknown": _l("无法判断文件的文字编码。请用记事本打开，另存为 UTF-8 编码后重试。"),
    "word_old_format": _l("这是旧版 Word（.doc）文件。请用 Word 或 WPS 打开，另存为 .docx 后重试。"),
    "word_encrypted": _l("文件设有打开密码，无法读取。请去掉密码后重试。"),
    "word_damaged": _l("这不是 Word 文档，或文件不完整、已损坏。请用 Word 或 WPS 打开确认，重新保存为 .docx 后重试。"),
    "picture_too_large": _l("图片太大，最多 {most} MB、1600 万像素。请缩小后重试。"),
    "picture_kind_unknown": _l("图片不是 PNG、JPEG 或 WebP。请另存为其中一种后重试。"),
    "picture_damaged": _l("图片打不开，可能已损坏。请重新保存后重试。"),
}

DEEDS = {
    "save_bank_draft": _l("保存题库草稿"),
    "publish_bank_version": _l("发布题库版本"),
    "undo_bank_upload": _l("撤销题库草稿的保存"),
    "review_bank_version": _l("复核题库版本"),
    "retire_bank_version": _l("停用题库版本"),
    "bring_back_bank_version": _l("恢复使用题库版本"),
    "move_bank_questions": _l("把试题移到练习题池"),
    "discard_bank_draft": _l("丢弃题库草稿"),
    "begin_bank_draft": _l("从最新版本开始草稿"),
    "add_bank_question": _l("新建试题"),
    "change_bank_question": _l("修改试题"),
    "remove_bank_question": _l("删除试题"),
}
