"""The sentences of the units' error codes, and the names of deeds."""

from flask_babel import lazy_gettext as _l

SENTENCES = {
    "unit_code_taken": _l("单位代码 {text} 已被使用。请换一个。"),
    "unit_circle": _l("不能把单位移到它自己或它的下级之下。没有改动。"),
    "unit_in_use": _l("这个单位有下级、人员、联络员或答卷，不能删除。可以改名或移动。"),
    "tree_too_deep": _l("单位层级最多 {levels} 层，没有改动。"),
    "headcount_odd": _l("应参赛人数须为 1 到 10000000 之间的整数。"),
    "headcount_without_source": _l("没有保存：请写明人数的来源，或上传一份证明文件。"),
    "evidence_too_large": _l("没有保存：证明文件不能超过 {most} MB。请压缩，或只上传有人数的那一页。"),
    "evidence_kind_unknown": _l("没有保存：证明文件只能是 PDF、JPEG 或 PNG。请另存为其中一种再上传。"),
    "evidence_damaged": _l("没有保存：证明文件打不开，可能没有传完整。请重新导出后再上传。"),
    "account_exists": _l("这个手机号或工号已有账号。请直接登录；忘记密码可向单位联络员索取一次性验证码。"),
    "account_waits": _l("单位名册里已有您的账号。请用单位联络员给您的一次性验证码认领，不必重新注册。"),
    "member_already": _l("您已经属于一个单位。如需更换，请联系单位联络员。"),
    "staff_number_taken_there": _l("“{text}”已有人使用同一工号，没有移动。请先核对工号。"),
    "number_taken": _l("手机号或工号已属于另一个账号，没有改动。请核对。"),
    "role_holder": _l("这个账号有管理角色，一次性验证码须由管理员发放。"),
    "roster_outdated": _l("检查之后名册情况有了变化，没有导入任何人。请重新上传检查。"),
    "roster_has_faults": _l("名册中还有需要修改的地方，没有导入任何人。请重新上传检查。"),
    "upload_gone": _l("这次上传已经导入过，或已过期。请重新上传。"),
    "join_code_unknown": _l("没有找到这个加入码。请对照海报检查，或向单位联络员询问。"),
}

DEEDS = {
    "create_unit": _l("新建单位"),
    "edit_unit": _l("修改单位"),
    "move_unit": _l("移动单位"),
    "delete_unit": _l("删除单位"),
    "import_units": _l("导入单位"),
    "declare_headcount": _l("填报应参赛人数"),
    "renew_join_code": _l("更换加入码"),
    "confirm_member": _l("确认人员"),
    "remove_member": _l("移出人员"),
    "move_member": _l("移动人员"),
    "edit_member": _l("更正人员信息"),
    "import_roster": _l("导入名册"),
    "issue_claim_codes": _l("生成认领码清单"),
}
