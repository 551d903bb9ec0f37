"""Findings and reports in words: what is wrong, where, and what to do about it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from flask_babel import LazyString
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from quizapp.banks.checking.checks import Report
from quizapp.banks.content import Question
from quizapp.banks.findings import ERROR, Finding
from quizapp.banks.recognition import FOREIGN_KIND
from quizapp.web.error_pages import sentence as error_sentence

_FIRST_CLAUSE = re.compile(r"。|：(?![^（]*）)|\. |: (?![^(]*\))")

SENTENCES: dict[str, LazyString] = {
    # the file
    "file_empty": _l("文件是空的。请确认选对了文件。"),
    "file_too_large": _l("文件超过 {most} MB。请分成几个文件，或删去多余内容。"),
    "file_kind_unknown": _l("不能读取“{ending}”文件。可用的后缀：{known}。请另存为其中一种，或在上传时选择格式。"),
    "file_wrong_ending": _l("文件内容与后缀不符，像是 Office 文件或压缩包。请检查文件名，或换成后缀正确的文件。"),
    "file_is_pdf": _l("这是 PDF 文件，不能读取。请在原来的程序里另存为 Word（.docx）或 Excel（.xlsx）。"),
    "file_is_picture": _l("这是一张图片。请上传写有试题的文件；试题里的图片放在 Word、Excel 或题目包里一起上传。"),
    "file_is_rtf": _l("这是 RTF 文件，不是“{ending}”文件。请用 Word 或 WPS 打开，另存为 .docx。"),
    "file_is_web_page": _l(
        "这是网页，不是“{ending}”文件。请在原来的程序里导出试题；导不出时，把网页里的试题复制到 Word 或 Excel 里保存。"
    ),
    "file_is_xml": _l(
        "这是 XML 文件，不是“{ending}”文件。请把文件名的后缀改为 .xml；若是题目包里的一个文件，请上传整个题目包。"
    ),
    "file_not_utf8": _l("此处不是 UTF-8 编码。请用 UTF-8 重新保存文件。"),
    "folder_without_bank": _l("文件夹里应当有且只有一个 bank.yaml。请补上题库编号、名称和主题。"),
    "folder_too_large": _l("文件夹里的文件超过 {most} 个。请合并后再检查。"),
    "file_too_demanding": _l(
        "读取这个文件所需的时间或内存超出了限度，没有读取。服务器正忙时请稍后再检查一次；仍不行，请删去多余内容，或分成几个文件上传。"
    ),
    "file_reader_failed": _l("文件的结构无法识别，可能已损坏。请用原来的软件打开，重新保存后再上传。"),
    "pictures_too_large": _l("文件里的图片共 {size} MB，最多 {most} MB。请缩小图片，或分成几个文件上传。"),
    "syntax": _l("此处的写法无法识别（{problem}）。请检查缩进、引号和标点。"),
    "several_documents": _l("文件里有不止一份文档。请只保留一份。"),
    "xml_syntax": _l("XML 文件在这里不完整或写错（{problem}）。请用原来的程序重新导出，不要手工修改。"),
    "xml_dtd": _l("XML 文件里有文档类型定义（DOCTYPE）或实体，可能用来攻击，没有读取。请用原来的程序重新导出。"),
    "xml_include": _l("XML 文件要求引入别的文件（XInclude），没有读取。请导出为一个完整的文件或题目包。"),
    "xml_encoding": _l(
        "XML 第一行写明的编码（{label}）与文件实际的编码不符，文字会读错。请用 UTF-8 重新保存，并在第一行写明 UTF-8。"
    ),
    "xml_not_questions": _l(
        "这个 XML 文件里不是试题（最外层是“{root}”）。请导出为 Moodle XML 或 QTI 题目，或上传整个 QTI 题目包（.zip）。"
    ),
    "question_nested": _l(
        "这道题写在另一道题里面，前一题的结尾可能丢了或移了位。请用原来的程序重新导出，不要手工修改。"
    ),
    "qti_version": _l("这是 QTI 1.x 的文件，不能读取。请在原来的程序里导出为 QTI 2.1、2.2、3.0 或 Moodle XML。"),
    "qti_without_items": _l("题目包的清单里没有试题。请在原来的程序里选中试题，重新导出 QTI 2.1、2.2 或 3.0 题目包。"),
    "package_file_missing": _l("清单里的文件“{name}”不在压缩包里。请重新导出题目包。"),
    "items_unlisted": _l("压缩包里有试题没有列在清单里，没有读取：{names}。若需要，请重新导出题目包。"),
    "zip_without_bank": _l(
        "压缩包里没有 imsmanifest.xml（QTI 题目包），也没有 bank.yaml（本系统的题库文件夹）。请确认选对了文件。"
    ),
    "files_unused": _l("这些文件没有读取：{names}。试题文件请放在 bank.yaml 旁边，或 formal、practice 文件夹里。"),
    "scoring_by_competition": _l(
        "有 {count} 道多选题（第 {numbers} 题）在文件里选错只扣一部分分。这里由竞赛统一计分：选错不得分，少选是否给分看竞赛设置。"
        "请确认可以接受。"
    ),
    "order_fixed": _l(
        "有 {count} 题（第 {numbers} 题）在文件里注明选项不打乱。这里是否打乱由竞赛统一设置；选项次序要紧的题，请改写。"
    ),
    "feedback_left_out": _l("有 {count} 题（第 {numbers} 题）的反馈随作答而不同，没有导入为解析。需要时请补写解析。"),
    "nested_too_deep": _l("嵌套超过 {limit} 层。请按格式说明书写。"),
    "too_many_values": _l("文件里的内容超过 {limit} 项。请分成几个题库。"),
    "alias_used": _l("不支持 YAML 的锚点和引用（& 与 *）。请写出完整内容；若是文字，请加引号。"),
    "tag_used": _l("不支持 YAML 的类型标签（!）。请删去标签；若是文字，请加引号。"),
    "name_doubled": _l("“{name}”写了两次，无法判断以哪个为准。请只保留一个。"),
    "shape_wrong": _l("此处的结构不对，应为：{expected}。请对照格式说明修改。"),
    "field_unknown": _l("没有这个字段，内容会丢失。可用的字段：{known}。"),
    "not_text": _l("这里写的 {value} 会被当作{kind}而不是文字。请加上引号。"),
    # the bank
    "bank_code_missing": _l("没有题库编号。请在文件里写明，或上传时填写。"),
    "bank_code_bad": _l("题库编号“{value}”不能使用。请用小写字母、数字和短横线，最多 40 个字符。"),
    "bank_title_missing": _l("没有题库名称。请在文件里写明，或上传时填写。"),
    "bank_title_bad": _l("题库名称最多 {most} 个字符，前后不留空格。"),
    "bank_differs": _l("文件属于题库“{found}”，而您选择的是“{chosen}”。请换文件或换题库。"),
    "topics_missing": _l("没有主题。请在题库信息里列出主题编号和名称。"),
    "topic_bad": _l("主题“{value}”不能使用：编号 1–{most} 个字符，名称 1–{most_title} 个字符。"),
    "no_questions": _l("没有找到试题。请确认文件内容，或对照模板填写。"),
    "too_many_questions": _l("试题超过 {most} 道。请分成几个题库。"),
    "keys_skewed": _l(
        "{type}的答案分布不均：{offered} 题里 {letter} 有 {right} 次是正确选项，随机时约 {expected} 次，容易被猜中。"
        "请调整选项顺序。"
    ),
    "keys_uneven": _l(
        "{type}的答案在各选项上分布不均（{offered} 题：{counts}；随机时各约 {expected} 次），容易被猜中。请调整选项顺序。"
    ),
    "judgements_skewed": _l(
        "判断题 {offered} 道里有 {right} 道的答案是“正确”，一律选{more}就能多得分。请改写一些题，使两种答案各近一半。"
    ),
    "keys_longest": _l(
        "单选题 {offered} 道里有 {count} 道（{percent}%）正确选项恰好最长，挑最长的就能多得分。请使各选项长短相近。"
    ),
    "multiples_all_right": _l(
        "多选题 {offered} 道里有 {count} 道（{percent}%）所有选项都对，一律全选就能得分。请加入错误选项。"
    ),
    "edition_replaced": _l(
        "有 {count} 题依据 {value}（{codes}），它已由 {new} 代替。请核对内容是否仍成立，改写版本，或填写失效日期。"
    ),
    "need_unmet": _l(
        "{title}第 {row} 行要 {needed} 道{type}（主题：{topics}；难度：{difficulty}），正式题池里只够 {available} 道。"
        "用这一版办新竞赛前，请补足试题或改组卷规则；已发布的竞赛不受影响。"
    ),
    # the sheet
    "sheet_hidden": _l("工作表“{sheet}”是隐藏的，没有读取。若需要，请取消隐藏；否则请删除。"),
    "sheet_without_headings": _l("工作表“{sheet}”没有找到表头，没有读取。若其中有试题，请加上模板的表头。"),
    "sheet_taken_for_notes": _l("工作表“{sheet}”像是填写说明，没有读取。若其中有试题，请改工作表的名称。"),
    "headings_missing": _l(
        "没有认出表头。请指明各列的含义，或下载模板，把试题填在带有“题型、题干、答案”表头的工作表里。"
    ),
    "headings_said_absent": _l("您说明了含义的表头，文件里没有找到：{names}。请检查是否写错。"),
    "column_missing": _l("没有找到表头“{names}”中的任何一个，缺少这一列。请补上，或指明各列的含义。"),
    "column_absent": _l("没有找到表头“{names}”中的任何一个，各题都没有此项。建议补上。"),
    "column_doubled": _l("“{first}”和“{second}”两列含义相同，无法判断以哪列为准。请只保留一列。"),
    "columns_unused": _l("这些列没有用到，内容不会导入：{names}。"),
    "columns_hidden": _l("这些列是隐藏的，但属于试题，已经读取：{names}。请取消隐藏后核对。"),
    "rows_hidden": _l("第 {rows} 行是隐藏的，没有读取。若需要，请取消隐藏或筛选；否则请删除。"),
    "cells_merged": _l("{area} 是合并单元格，无法判断内容属于哪一题、哪一项。请取消合并，逐格填写。"),
    "cells_beyond_headings": _l("表头右边还有内容，没有读取。若需要，请给这一列加上表头；否则请删除。"),
    "row_above_headings": _l("表头上方或表头里的这一行像是试题，没有读取。请移到表头下面，或删去。"),
    "row_shifted": _l(
        "这一行比表头多出几格，多半是内容里的逗号没有加引号，各格已经错位。请给该格加上双引号，或改用 .xlsx。"
    ),
    "cell_error": _l("单元格是 Excel 的错误值。请修正公式，或直接填写内容。"),
    "cell_converted": _l(
        "这一格在 Excel 里是日期、真假值或带格式的数字，读到的可能与您看到的不同。请核对；不对时把格式设为“文本”后重填。"
    ),
    "cell_formula": _l("这一格是公式，但文件里没有算出的值。请用 Excel 或 WPS 打开并保存一次，或直接填写内容。"),
    "cell_marked": _l("这一格有删除线，或有无法照原样表示的上下标，只读取了文字。请核对，必要时改写。"),
    "object_unread": _l("这里有文本框、图表或公式对象，没有读取。若是试题的内容，请改成文字或图片。"),
    "picture_spans": _l("图片占了不止一格，按左上角所在的格读取。请核对；不对时把图片移到它所属的格里。"),
    "picture_unplaced": _l("图片所在的格不是题干、选项或解析，不知道属于哪里。请移到所属的格里，或删去。"),
    "options_ambiguous": _l("这一格里的选项有两种分法：{first}；或 {second}。系统不作猜测，请每个选项各占一格。"),
    "options_unsplit": _l(
        "分不开这一格里的选项。请写成 A.甲|B.乙|C.丙 的样子（标号依次、分隔一致），或每个选项各占一格。"
    ),
    # plain text, Word, GIFT, Aiken
    "keys_disagree": _l("答案写了两处，互相矛盾：{first}；{second}。系统不作猜测，请核对后只保留一个。"),
    "types_disagree": _l("题型写了两处，互相矛盾：{first}；{second}。请改成一致。"),
    "types_inferred": _l(
        "有 {count} 题没有写题型，按答案和选项判断。请核对，或在题前写上“一、单选题”，或在题后写上 [单选题]。"
    ),
    "fields_absent": _l("各题都没有写{names}。建议补上。"),
    "keys_apart": _l("答案集中写在一处，没有写在各题里。请把答案写到题干的括号里，或题后的“答案：”处。"),
    "line_unclear": _l("分不清这一行属于哪一题的什么内容。请在每题前写题号，选项写成“A. …”；与试题无关的文字请删去。"),
    "lines_unused": _l("有 {count} 行不在试题里，没有读取。若是试题，请写上题号。"),
    "number_unclear": _l(
        "分不清这里的“{number}”是新的一题，还是第 {before} 题里的列举。请按顺序写题号，列举改用 ①②③。"
    ),
    "numbers_skipped": _l("题号从 {before} 跳到 {number}。请确认中间没有漏题。"),
    "options_unclear": _l(
        "选项 {letter} 从哪里开始有两种读法：“{first}”，或“{second}”。系统不作猜测，请每个选项另起一行，写成“A. …”。"
    ),
    "option_letters_broken": _l("选项 {after} 之后是 {found}，中间缺了字母，或有选项没有分开。请检查选项的字母。"),
    "option_repeated": _l("选项 {letter} 出现了不止一次，可能是下一题的题号没有认出来。请检查题号和选项的字母。"),
    "word_part_unread": _l("这里有{part}“{text}”，不能确定是否属于试题，没有读取。请改成普通文字，或删去。"),
    "gift_braces": _l("大括号没有成对，或不止一对，或一题中间有空行。请检查；属于文字的大括号前面加反斜杠。"),
    "gift_sign_unclear": _l(
        "这里的“{sign}”有两种读法：一个选项的开头，或文字的一部分。系统不作猜测：是文字，前面加反斜杠；是选项，另起一行。"
    ),
    "gift_note_unreadable": _l("这一行 quizapp 注释无法识别，其中的编号、主题等会丢失。请恢复原样，或删去整行。"),
    "aiken_incomplete": _l("这一段缺少选项或 ANSWER 行，不是完整的一题。请补全，或删去。"),
    "aiken_line_unexpected": _l(
        "这一行不合 Aiken 格式。题干之后依次是 A. B. C. 各占一行的选项，最后一行是 ANSWER: 和一个字母。"
    ),
    # the question
    "type_missing": _l("没有题型。请填写单选题、多选题或判断题。"),
    "type_unknown": _l("没有“{value}”这种题型，不会改成别的题型导入。请改为单选题、多选题或判断题，或删去此题。"),
    "kind_unsupported": _l(
        "第 {number} 题是“{kind}”，本系统没有这种题型，不会改成别的题型。请删去，或选择“略去本系统没有的题型”再检查。"
    ),
    "kind_left_out": _l("第 {number} 题是“{kind}”，本系统没有这种题型，已略去，不会导入。"),
    "scoring_unsupported": _l(
        "第 {number} 题的计分方式无法照原样重现（{scoring}）。请改为单选、多选或判断的普通计分。"
    ),
    "key_contradictory": _l("答案前后不一致：{first}；{second}。请改成一致。"),
    "markup_unsupported": _l("这里有不能导入的内容（{name}），只有文字和图片可以导入。请改成文字或图片，或删去此题。"),
    "picture_missing": _l("这里的图片“{name}”不在文件里。请补上图片，或删去这处引用。"),
    "stem_missing": _l("没有题干。请填写。"),
    "stem_shows_key": _l("题干里写着答案“{value}”。请删去。"),
    "stem_may_show_key": _l("题干括号里的“{value}”与答案相同。若是答案，请删去；若是代号，可以不改。"),
    "stem_key_differs": _l("题干里写着“{value}”，与标准答案不同。请核对哪个对，并从题干里删去。"),
    "stem_holds_option": _l("题干里出现了正确选项“{value}”，不会也能猜到。请改写题干或选项。"),
    "stem_repeated": _l("题干与第 {count} 题（{code}）相同，选项不同。请确认不是重复。"),
    "question_doubled": _l("与第 {count} 题（{code}）重复，题干和选项都相同。请删去一道。"),
    "in_both_pools": _l(
        "与第 {count} 题（{code}）是同一道题，却分在正式和练习两个题池：练习会公布答案。请只留在一个题池里。"
    ),
    "question_contradicts": _l("与第 {count} 题（{code}）的题干和选项都相同，答案却不同。请核对答案，删去一道。"),
    "stem_alike": _l("题干与第 {count} 题（{code}）只差标点、空格或大小写。请确认不是重复。"),
    "question_similar": _l(
        "与第 {count} 题（{code}）很像（题干有 {percent}% 相同）。请确认不是同一题的两种说法：同一份试卷可能两道都抽到。"
    ),
    "similar_in_bank": _l(
        "与题库最新版本里的 {code} 很像（题干有 {percent}% 相同）。若是同一题，请沿用原编号；否则请确认不是重复。"
    ),
    "similar_in_earlier": _l(
        "与题库第 {version} 版里的 {code} 很像（题干有 {percent}% 相同），那道题后来改过或删去了。请确认不是因为有错。"
    ),
    "was_in_bank": _l(
        "题库第 {version} 版里有此题（{code}），后来改过或删去了。请确认不是因为有错；若是同一题，请沿用原编号。"
    ),
    "question_reverted": _l("与题库第 {version} 版相同，而最新版本里这道题已经改过。请确认不是在旧文件上修改的。"),
    "already_in_bank": _l("题库最新版本里已有此题，编号是 {code}，这里是 {own}。若是同一题，请沿用原编号。"),
    "options_too_few": _l("只有 {count} 个选项。请至少填写两个。"),
    "options_too_many": _l("选项最多 {most} 个。请删减。"),
    "option_missing": _l("选项 {letter} 是空的，后面还有选项。请依次填写，不留空。"),
    "options_equal": _l("选项 {first} 和 {second} 相同。请改写其中一个。"),
    "options_alike": _l("选项 {first} 和 {second} 只差标点或大小写，看上去一样。请改写其中一个。"),
    "option_refers": _l("选项 {letter} 指向其他选项（如“以上都是”），选项打乱后会读不通。请改写。"),
    "judge_options": _l("判断题的选项是“{value}”，不是正确与错误。请删去选项，或改为单选题。"),
    "key_missing": _l("没有答案。请填写。"),
    "key_unreadable": _l("看不懂答案“{value}”。{expected}"),
    "key_ambiguous": _l("答案“{value}”有两种读法：{first}，或{second}。系统不作猜测，请改用明确的写法。"),
    "key_outside_options": _l("答案“{value}”指向没有的选项。请检查答案或补上选项。"),
    "key_repeats_letter": _l("答案“{value}”里有重复的字母。请检查是否写错。"),
    "single_several_keys": _l("单选题只能有一个答案，这里是“{value}”。请改答案，或改为多选题。"),
    "multiple_one_key": _l("多选题至少要有两个答案，这里只有“{value}”。请补上，或改为单选题。"),
    "key_much_longer": _l(
        "正确选项 {letter} 约 {length} 字，错误选项最长的约 {other} 字，不会也能猜到。请使各选项长短相近。"
    ),
    "topic_missing": _l("没有主题。请填写主题编号或名称。"),
    "topic_unsorted": _l("没有主题，归入“T00 未分类”。按主题组卷前，请填写主题编号或名称。"),
    "topic_unknown": _l("题库里没有主题“{value}”。请改为已有的主题，或先在题库信息里加上。"),
    "difficulty_missing": _l("没有难度，按“中等”处理。"),
    "difficulty_unknown": _l("看不懂难度“{value}”。请填写容易、中等或较难。"),
    "pool_unknown": _l("看不懂题池“{value}”。请填写正式或练习。"),
    "code_bad": _l("编号“{value}”不能使用：1–{most} 个字符，不含空格。"),
    "code_doubled": _l("编号“{value}”与第 {count} 题相同。请让每题的编号不同。"),
    "date_unreadable": _l("看不懂日期“{value}”。请写成 2026-07-01 的样子。"),
    "dates_reversed": _l("失效日期早于生效日期。请检查。"),
    "text_too_long": _l("内容有 {length} 个字符，最多 {most} 个。请缩短。"),
    "text_control": _l("内容里有看不见的控制字符。请删去后重新输入这一段。"),
    "text_private": _l(
        "内容里有自造字或符号字体的字符（{value}），换一台设备会显示成方框或别的字。请改用通用的字符，或换成图片。"
    ),
    "explanation_missing": _l("没有解析。建议写明为什么对、错在哪里。"),
    "reference_missing": _l("没有依据。建议写明标准条款、法规条文或概念出处。"),
    "english_incomplete": _l("有英文译文，但没有英文题干。请补上，或删去其余英文内容。"),
    "english_options_differ": _l("英文选项有 {count} 项，原文有 {wanted} 项。请逐项对应，不留空。"),
    "english_options_equal": _l("英文选项里有两项相同，读英文的人分不清。请改写其中一项。"),
    "english_explanation_missing": _l("有解析，但没有英文解析。建议补上。"),
    "question_expired": _l("此题已于 {date} 失效，还在正式题池里。请更新内容和日期，或移出正式题池。"),
    "edition_unknown": _l("没有“{value}”这一版（有过的：{known}）。请核对年份。"),
    "standard_without_year": _l("“{value}”没有写年份，换版后可能不再成立。请写明版本，如 GB/T 19001-2016。"),
}

FIELD_NAMES = {
    "type": _l("题型"),
    "stem": _l("题干"),
    "key": _l("答案"),
    "options": _l("选项"),
    "explanation": _l("解析"),
    "reference": _l("依据"),
    "topic": _l("主题"),
    "difficulty": _l("难度"),
    "pool": _l("题池"),
    "code": _l("编号"),
    "valid_from": _l("生效日期"),
    "valid_to": _l("失效日期"),
    "english": _l("英文译文"),
}
TYPE_NAMES = {"single": _l("单选题"), "multiple": _l("多选题"), "judge": _l("判断题")}
DIFFICULTY_NAMES = {"easy": _l("容易"), "medium": _l("中等"), "hard": _l("较难")}
POOL_NAMES = {"formal": _l("正式"), "practice": _l("练习")}
FORMAT_NAMES = {
    "xlsx": _l("Excel 工作簿（.xlsx）"),
    "xls": _l("旧版 Excel（.xls）"),
    "csv": _l("CSV、TSV 表格"),
    "docx": _l("Word 文档（.docx）"),
    "text": _l("纯文本（题干、选项、答案逐行）"),
    "json": _l("JSON（本系统格式）"),
    "yaml": _l("YAML（本系统格式）"),
    "gift": "GIFT",
    "aiken": "Aiken",
    "moodle": "Moodle XML",
    "qti": "QTI 2.1、2.2、3.0",
    "folder-zip": _l("题库文件夹的压缩包（.zip）"),
}
VERDICT_NAMES = {
    "accept": _l("可以导入"),
    "accept_with_warnings": _l("可以导入，有提醒"),
    "reject": _l("需要修改"),
}
_KINDS = {
    "bool": _l("真假值"),
    "number": _l("数字"),
    "date": _l("日期"),
    "null": _l("空值"),
    "other": _l("特殊记号"),
}
_EXPECTED = {
    "judge": _l("判断题请写“正确”或“错误”。"),
    "choice": _l("请写选项字母，如 A 或 ABD。"),
}
_READINGS = {
    "true": _l("“正确”"),
    "false": _l("“错误”"),
    "letter": _l("一个字母"),
    "slip": _l("误写的“对”"),
    "nothing": _l("不是判断"),
    "places": _l("选项的序号"),
    "content": _l("选项的内容"),
    "key": _l("答案"),
    "text": _l("句子里的文字"),
}
_KEY_SOURCES = {
    "stem": _l("题干的括号里是“%(key)s”"),
    "answer": _l("答案处是“%(key)s”"),
    "option": _l("选项旁标出的是“%(key)s”"),
}
_WORD_PARTS = {
    "text box": _l("文本框"),
    "revision": _l("修订"),
    "hidden": _l("隐藏文字"),
    "struck": _l("删除线文字"),
    "formula": _l("公式"),
    "object": _l("嵌入对象"),
    "drawing": _l("图形"),
    "symbol": _l("特殊符号"),
    "note": _l("脚注或尾注"),
    "numbering": _l("自动编号"),
}
# Kinds of question that we don't have, by the names that GIFT, Moodle and QTI give them (`_plain`).
_FOREIGN_KINDS = {
    "essay": _l("论述题"),
    "extendedtext": _l("论述题"),
    "shortanswer": _l("简答题"),
    "textentry": _l("填空题"),
    "cloze": _l("填空题"),
    "multianswer": _l("填空题"),
    "inlinechoice": _l("填空题"),
    "gapmatch": _l("填空题"),
    "ddwtos": _l("填空题"),
    "gapselect": _l("填空题"),
    "numerical": _l("数值题"),
    "calculated": _l("计算题"),
    "calculatedmulti": _l("计算题"),
    "calculatedsimple": _l("计算题"),
    "matching": _l("匹配题"),
    "match": _l("匹配题"),
    "associate": _l("匹配题"),
    "ordering": _l("排序题"),
    "order": _l("排序题"),
    "hotspot": _l("热区题"),
    "upload": _l("上传题"),
    "description": _l("说明文字"),
}


def sentence(finding: Finding) -> str:
    """What is wrong and what to do, in the reader's language."""
    text = SENTENCES.get(finding.code)
    if text is None:  # a spreadsheet that can't be opened: the shared reader has the sentence
        return error_sentence(finding.code, finding.facts)
    return str(text).format(**_facts(finding))


def _facts(finding: Finding) -> dict[str, str]:
    return {name: _fact(finding.code, name, value) for name, value in finding.facts.items()}


def _fact(code: str, name: str, value: Any) -> str:
    if name == "kind" and code == "not_text":
        return str(_KINDS[value])
    if name == "expected" and code == "key_unreadable":
        return str(_EXPECTED[value])
    if name == "type":
        return str(TYPE_NAMES[value])
    if name == "names" and code == "fields_absent":
        return str(_("、")).join(str(FIELD_NAMES[field]) for field in value)
    if name == "kind" and code in FOREIGN_KIND:
        return _foreign_kind(value)
    if name == "part" and code == "word_part_unread":
        return str(_WORD_PARTS[value])
    if name in ("first", "second") and code == "keys_disagree":
        source, _sign, key = value.partition(":")
        return str(_KEY_SOURCES[source]) % {"key": key}
    if name in ("first", "second") and code == "types_disagree":
        return str(TYPE_NAMES.get(value, value))
    if name in ("first", "second") and code == "key_ambiguous":
        return _("选项 %(letter)s", letter=value[-1]) if value.startswith("option ") else str(_READINGS[value])
    if name == "more":
        return str(_READINGS[value])
    if name == "difficulty":
        return str(DIFFICULTY_NAMES[value] if value else _("不限"))
    if name in ("topics", "codes"):
        return str(_("、")).join(value) or str(_("不限"))
    if name == "title":
        return str(_("竞赛“%(title)s”的组卷规则", title=value) if value else _("默认的组卷规则"))
    return str(value)


def _foreign_kind(kind: str) -> str:
    """A kind that we don't have, in the reader's words and as the file names it: 匹配题（matching）."""
    name = _FOREIGN_KINDS.get(kind.lower().removeprefix("qti-").replace("-", "").removesuffix("interaction"))
    return kind if name is None else str(_("%(name)s（%(kind)s）", name=name, kind=kind))


def place(finding: Finding) -> str:
    """A place in words: 工作表“试题” 第 12 行 E 列（选项B）, or T01.yaml 第 35 行 key, or 题库.docx 第 3 题（第 14 段）.

    Word shows no numbers of paragraphs: there the question's number among all that were read leads to the place.
    """
    where = finding.where
    parts = []
    if where.sheet:
        parts.append(_("工作表“%(sheet)s”", sheet=where.sheet))
    elif where.file:
        parts.append(where.file)
    if where.row and where.column:
        parts.append(_("第 %(row)s 行 %(column)s 列", row=where.row, column=where.column))
    elif where.row:
        parts.append(_("第 %(row)s 行", row=where.row))
    elif where.line:
        parts.append(_("第 %(line)s 行", line=where.line))
    elif where.paragraph and finding.entry is not None:
        parts.append(_("第 %(number)s 题（第 %(paragraph)s 段）", number=finding.entry + 1, paragraph=where.paragraph))
    elif where.paragraph:
        parts.append(_("第 %(paragraph)s 段", paragraph=where.paragraph))
    if where.field:
        parts.append(where.field)
    return " ".join(parts)


@dataclass(frozen=True)
class FindingGroup:
    """Findings of one code. `sentence` is what all of them say, "" where each has its own; `title` names the matter, as
    exactly as it is the same for all.
    """

    severity: str
    code: str
    title: str
    sentence: str
    findings: tuple[Finding, ...]


def grouped(findings: Iterable[Finding]) -> list[FindingGroup]:
    """The findings by their codes, so that a thousand of one kind hide none of another: errors first, then what is wrong
    with the whole, then in the order of their places.
    """
    by_code: dict[tuple[bool, bool, str], list[Finding]] = {}
    for finding in findings:
        by_code.setdefault((finding.severity != ERROR, finding.entry is not None, finding.code), []).append(finding)
    groups = []
    for (_is_warning, _of_entry, code), alike in sorted(by_code.items(), key=lambda item: item[0][:2]):
        first = sentence(alike[0])
        shared = first if all(sentence(finding) == first for finding in alike) else ""
        groups.append(FindingGroup(alike[0].severity, code, title(alike[0], whole=bool(shared)), shared, tuple(alike)))
    return groups


def title(finding: Finding, *, whole: bool = False) -> str:
    """The first clause of the sentence, with … for what may differ (与第 … 题（…）很像), or the `whole` of it."""
    text = str(SENTENCES.get(finding.code) or sentence(finding))
    clause = _FIRST_CLAUSE.split(text, maxsplit=1)[0].rstrip(".")
    if whole and finding.code in SENTENCES:
        return clause.format(**_facts(finding))
    return re.sub(r"\{\w+\}", "…", clause)


def field_name(name: str) -> str:
    """What a field of an entry is called: 选项 B, 英文译文 题干."""
    english = f"{FIELD_NAMES['english']} " if name.startswith("english_") else ""
    plain = name.removeprefix("english_")
    if len(plain) == 1:
        return english + str(_("选项 %(letter)s", letter=plain))
    return english + str(FIELD_NAMES.get(plain, plain))


def reason(report: Report) -> str:
    """The verdict in one sentence."""
    if report.errors:
        return str(_("有 %(errors)s 处错误，没有导入任何内容。请按下面的说明修改后重新上传。", errors=report.errors))
    if report.warnings:
        return str(_("没有错误，有 %(warnings)s 处提醒。可以导入，建议先看一遍。", warnings=report.warnings))
    return str(_("没有发现问题。"))


def answer_of(question: Question) -> str | bool:
    """Letters for a choice, true or false for a judgement."""
    return question.right == 1 if question.type == "judge" else question.key_letters


def finding_to_json(finding: Finding) -> dict[str, Any]:
    """A finding for programs."""
    return {
        "severity": finding.severity,
        "code": finding.code,
        "where": finding.where.to_json(),
        "message": sentence(finding),
    }


def report_to_json(report: Report) -> dict[str, Any]:
    """The report for programs: `items` are the questions that could be read without an error."""
    faulty = set(report.faulty)
    return {
        "verdict": report.verdict,
        "questions": report.entry_count,
        "reason": reason(report),
        "findings": [finding_to_json(finding) for finding in report.findings],
        "items": [
            {
                "type": question.type,
                "text": question.stem,
                "options": list(question.options),
                "answer": answer_of(question),
            }
            for number, question in zip(report.entries, report.content.questions, strict=True)
            if number not in faulty
        ],
    }
