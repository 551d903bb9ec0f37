"""The sentences of the errors that any page can meet."""

from flask_babel import lazy_gettext as _l

SENTENCES = {
    "not_found": _l("没有找到这个页面或内容。请检查链接，或回到首页。"),
    "role_missing": _l("您的账号没有打开此页面的权限。如需要，请联系管理员开通。"),
    "store_unavailable": _l("系统暂时无法访问数据，您已保存的内容不会丢失。请稍后重试。"),
    "disk_full": _l("服务器的磁盘已满，这次没有保存。已保存的作答不受影响；请告诉管理员，腾出空间后再试。"),
    "csrf_failed": _l("页面停留过久或已在别处退出登录，这次提交没有生效。请返回刷新后再试。"),
    "too_large": _l("文件或内容太大，没有上传。请缩小后再试。"),
    "too_many_requests": _l("操作过于频繁，请稍等片刻再试。"),
    "bad_request": _l("请求的格式无法识别，没有任何改动。请返回重试。"),
    "method_not_allowed": _l("这个地址不支持这样的操作。请返回重试。"),
    "form_invalid": _l("有内容需要修改，请看各项下方的说明。"),
    "unexpected": _l("系统出了意外，我们已记录。已保存的内容不会丢失，请稍后重试。"),
    "spreadsheet_empty": _l("文件是空的，没有可读的内容。请确认选对了文件。"),
    "spreadsheet_kind_unknown": _l("只能读取 .xlsx、.xls、.csv 或 .tsv 文件。请另存为其中一种后再上传。"),
    "spreadsheet_wrong_ending": _l("文件名的后缀与内容不符。请用 Excel 或 WPS 打开，另存为 .xlsx 后再上传。"),
    "spreadsheet_old_pictures": _l("旧版 Excel（.xls）文件里有图片，图片读不出来。请打开后另存为 .xlsx 再上传。"),
    "spreadsheet_encrypted": _l("文件设有打开密码，无法读取。请去掉密码后再上传。"),
    "spreadsheet_is_web_page": _l("文件内容是网页，不是 Excel 表格。请打开后另存为 .xlsx 再上传。"),
    "spreadsheet_not_excel": _l("这不是 Excel 表格文件。请确认选对了文件。"),
    "spreadsheet_damaged": _l("文件不完整或已损坏，无法读取。请打开确认后重新保存，再上传。"),
    "spreadsheet_too_large": _l("表格太大。请删去表格下方和右侧多余的空行、空列，或分成几个文件上传。"),
    "spreadsheet_cell_too_long": _l("第 {row} 行有一格内容过长。请检查后再上传。"),
    "spreadsheet_bad_quotes": _l("第 {row} 行的引号没有成对，无法判断各列。请检查后再上传，或另存为 .xlsx。"),
    "spreadsheet_encoding_unknown": _l("无法判断文件的文字编码。请用 Excel 或 WPS 打开，另存为 .xlsx 后再上传。"),
    "archive_damaged": _l("压缩包不完整、已损坏或内容有异常，没有读取。请重新打包后再上传。"),
    "archive_encrypted": _l("压缩包设有密码，无法读取。请去掉密码后再上传。"),
    "archive_too_large": _l("压缩包解开后超过 {most} MB，或文件太多，没有读取。请分成几个文件上传。"),
    "archive_has_dtd": _l("文件里有文档类型声明（DTD），不能安全读取。请删去 <!DOCTYPE …> 后再上传。"),
    "spreadsheet_busy": _l("正在读取其他人的文件。请稍候片刻再上传。"),
}
