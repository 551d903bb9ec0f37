"""What may be missing, as sentences: what it is, what it means for answers, what to do."""

from flask_babel import lazy_gettext as _l

SENTENCES = {
    "checks_hang": _l("检查迟迟没有结果，数据库或存储可能没有响应。请查看它们的日志。"),
    "sql_away": _l("无法访问数据库。作答仍由存储保存，恢复后自动落库；请检查数据库是否在运行。"),
    "sql_not_migrated": _l(
        "数据库结构的版本是 {found}，程序需要 {needed}。请运行 flask --app wsgi db upgrade（make run 会自动完成）。"
    ),
    "store_away": _l("无法访问存储，暂时不能作答；未送达的答案留在参赛者的浏览器里。请检查存储是否在运行。"),
    "store_unprimed": _l("存储里缺少 {count} 个分片的竞赛规则或答案，落库进程会自动补上。请确认落库进程在运行。"),
    "store_uncompared": _l("存储重新启动过，{count} 个分片还没有与数据库核对。落库进程会自动核对；请确认它在运行。"),
    "recorder_unseen": _l("没有落库进程的消息。作答留在存储里，不会丢失；请启动 quizapp recorder。"),
    "recorder_silent": _l("落库进程已有 {seconds} 秒没有消息。作答留在存储里，不会丢失；请检查或重新启动它。"),
    "recorder_failing": _l("落库进程的步骤 {steps} 没有成功，正在自动重试。请查看它的日志。"),
    "recorder_behind": _l(
        "有 {entries} 条记录等待落库，最早的已等了 {seconds} 秒。作答不会丢失；请查看落库进程的日志。"
    ),
    "store_clock_set_back": _l(
        "存储的时钟在答题中被拨回了 {seconds} 秒。进行中的答卷仍按原来的时间走，没有人因此多得时间；请校准存储主机的时钟。"
    ),
    "clocks_apart": _l("{name} 的时钟与存储相差 {seconds} 秒（截止时间以存储为准）。请校准各主机的时钟。"),
}
