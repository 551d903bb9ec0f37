"""The sentences of the accounts' error codes, and the names of roles and deeds."""

from flask_babel import lazy_gettext as _l

SENTENCES = {
    "sign_in_needed": _l("请先登录。已保存的内容不会丢失。"),
    "sign_in_failed": _l("登录名或密码不对。请检查后再试；忘记密码可向单位联络员索取一次性验证码。"),
    "sign_in_too_often": _l(
        "尝试次数过多。请在 {minutes} 分钟后再试；急需登录可向单位联络员索取一次性验证码重设密码。"
    ),
    "sign_in_busy": _l("此刻登录的人较多。请等几秒再试，答题不受影响。"),
    "account_disabled": _l("这个账号已停用。如有疑问，请联系单位联络员或管理员。"),
    "login_taken": _l("这个手机号或登录名已有账号。请直接登录，或向单位联络员索取一次性验证码。"),
    "code_wrong": _l("登录名或验证码不对，或验证码已用过、已过期。请检查后再试，或向单位联络员重新索取。"),
    "password_wrong": _l("当前密码不对，密码没有修改。请重新输入。"),
    "role_held": _l("这个账号已经有此角色，没有改动。"),
    "last_administrator": _l("这是最后一位管理员，不能移除或停用。请先指定另一位管理员。"),
    "own_account": _l("不能停用自己的账号。请由另一位管理员操作。"),
    "password_short": _l("密码至少 8 个字符。"),
    "password_long": _l("密码最多 128 个字符。"),
    "password_common": _l("这个密码太常见，容易被猜到。请换一个。"),
    "password_personal": _l("密码不能与登录名、手机号或工号相同。请换一个。"),
}

ROLE_NAMES = {
    "administrator": _l("管理员"),
    "organizer": _l("主办方"),
    "association": _l("协办协会"),
    "coordinator": _l("单位联络员"),
    "auditor": _l("监督员"),
}

# What the audit trail's entries are about; a kind that is missing here is shown by its own word.
SUBJECTS = {
    "account": _l("账号"),
    "organization": _l("单位"),
    "competition": _l("竞赛"),
    "bank": _l("题库"),
    "bank_version": _l("题库版本"),
}

DEEDS = {
    "create_account": _l("创建账号"),
    "issue_code": _l("发放一次性验证码"),
    "redeem_code": _l("使用一次性验证码"),
    "grant_role": _l("授予角色"),
    "revoke_role": _l("收回角色"),
    "disable_account": _l("停用账号"),
    "enable_account": _l("恢复账号"),
    "change_password": _l("修改密码"),
}

# What the details of an audit entry are called.
FACTS = {
    "account": _l("账号编号"),
    "after": _l("改后"),
    "bank": _l("题库"),
    "bank_version": _l("题库版本"),
    "before": _l("改前"),
    "body": _l("内容"),
    "changed": _l("修改项"),
    "closes_at": _l("截止时间"),
    "code": _l("代码"),
    "created": _l("新建"),
    "digest": _l("摘要"),
    "entry": _l("流记录"),
    "extended": _l("顺延截止"),
    "industry": _l("行业"),
    "minutes": _l("分钟"),
    "moved_from": _l("原单位"),
    "number": _l("版本号"),
    "opens_at": _l("开始时间"),
    "organization_id": _l("单位编号"),
    "participants": _l("参赛人数"),
    "people": _l("人数"),
    "purpose": _l("用途"),
    "question": _l("试题"),
    "questions": _l("题数"),
    "reason": _l("原因"),
    "region": _l("地区"),
    "replaced": _l("替换旧草稿"),
    "role": _l("角色"),
    "settlement": _l("处理方式"),
    "source": _l("来源"),
    "title": _l("标题"),
    "under": _l("上级"),
    "units_added": _l("新增单位"),
}
