"""Plain texts: questions as people type them, and nothing read in one way that can be read in two."""

from pathlib import Path

import pytest

from quizapp.banks.checking.checks import Report, check_source
from quizapp.banks.content import Question
from quizapp.banks.entries import Header
from quizapp.banks.findings import Finding
from quizapp.banks.reading import read_upload
from tests.unit.banks.samples import codes, found

FILES = Path(__file__).parent / "files"
BANK = Header("demo", "示例题库")
USUAL = (
    *("fields_absent", "topic_unsorted", "types_inferred"),
    *("difficulty_missing", "explanation_missing", "reference_missing"),
)


def check(text: str | bytes, name: str = "题库.txt", leave_out: bool = False) -> Report:
    return check_source(
        read_upload(name, text.encode() if isinstance(text, str) else text), bank=BANK, leave_out=leave_out
    )


def said(report: Report) -> list[str]:
    """The codes of the findings but for those of what such files never have."""
    return [code for code in codes(report) if code not in USUAL]


def only(text: str) -> Question:
    report = check(text)
    assert said(report) == [], [(each.code, each.facts, each.quoted) for each in report.findings]
    (question,) = report.content.questions
    return question


def shown(question: Question) -> tuple[str, str, tuple[str, ...], str]:
    return question.type, question.stem, question.options, question.key_letters


def complaint(text: str) -> Finding:
    """The one thing that is wrong."""
    report = check(text)
    (finding,) = [each for each in report.findings if each.code not in USUAL and each.severity == "error"]
    return finding


# --- files as they are about


def test_a_file_of_an_online_questionnaire_has_an_option_a_line_and_tags_behind_the_stem() -> None:
    report = check((FILES / "wjx.txt").read_bytes(), leave_out=True)
    assert [shown(question) for question in report.content.questions] == [
        ("single", "组织的质量方针由谁制定和保持( )", ("最高管理者", "质量部经理", "内审员", "班组长"), "A"),
        ("multiple", "下列属于质量管理老七种工具的有( )", ("排列图", "因果图", "亲和图", "控制图"), "ABD"),
        ("judge", "抽样检验判为合格的批里不会再有不合格品", ("正确", "错误"), "B"),
        ("single", "PDCA 循环中 C 指的是( )", ("策划", "实施", "检查", "处置"), "C"),
    ]
    assert said(report) == ["lines_unused", "kind_left_out"]
    assert found(report, "kind_left_out").facts == {"number": 4, "kind": "简答题"}
    assert found(report, "lines_unused").quoted == "质量月知识问答"


def test_a_file_with_labels_below_the_options_is_read_with_all_that_they_say() -> None:
    report = check((FILES / "daoyiyun.txt").read_bytes())
    assert said(report) == []
    assert [question.key_letters for question in report.content.questions] == ["B", "ABC", "B"]
    assert [question.type for question in report.content.questions] == ["single", "multiple", "judge"]
    assert report.content.questions[0].difficulty == "easy"
    assert report.content.questions[1].explanation == "三现是现场、现物、现实。\n它要求到现场去看实物、了解实际情况。"


def test_an_exam_paper_has_types_in_its_headings_keys_in_its_stems_and_options_in_running_text() -> None:
    report = check((FILES / "exam_paper.txt").read_bytes())
    assert [shown(question) for question in report.content.questions] == [
        (
            *("single", "用户使用产品时的满意程度，是指从（ ）角度理解质量。"),
            *(("顾客使用", "符合标准", "综合绩效", "技术规范"), "A"),
        ),
        ("single", "质量改进的基本过程是（ ）。", ("朱兰三部曲", "PDCA 循环", "DMAIC", "8D"), "B"),
        (
            *("single", "首件检验应在什么时候进行？（　　）"),
            *(("每班开始生产时", "每月底", "客户投诉后", "年度审核时"), "A"),
        ),
        ("multiple", "质量成本包括（ ）", ("预防成本", "鉴定成本", "损失成本", "A、B 以外的成本"), "ABC"),
        ("judge", "质量方针应当形成文件。", ("正确", "错误"), "A"),
        ("judge", "控制图上的点子都在控制限内，过程就一定受控。", ("正确", "错误"), "B"),
    ]
    assert report.content.questions[2].explanation == "首件检验的目的是及早发现批量性问题。"
    assert report.errors == 0


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16", "utf-16-le", "utf-16-be"], ids=str
)
def test_the_usual_encodings_say_the_same(encoding: str) -> None:
    text = (FILES / "exam_paper.txt").read_text().replace("××", "某")
    assert check(text.encode(encoding)).content == check(text).content


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"], ids=repr)
def test_line_ends_make_no_difference(line_end: str) -> None:
    text = (FILES / "daoyiyun.txt").read_text()
    assert check(text.replace("\n", line_end)).content == check(text).content


def test_an_encoding_that_cannot_be_told_is_refused() -> None:
    assert codes(check("1. 題目".encode("shift_jis") + b"\x81\xff\xfe\x80")) == ["file_encoding_unknown"]


# --- one question in many spellings

OPTIONS = "A. 策划\nB. 实施\nC. 检查"


@pytest.mark.parametrize(
    "number",
    ["1.", "1、", "1．", "１、", "1)", "（1）", "(1)", "1 ", "第1题", "第一题：", "【1】", "题1.", "1。", "1，", "01."],
)
def test_a_stem_may_be_numbered_in_all_usual_ways(number: str) -> None:
    question = only(f"{number}第一步是（B）\n{OPTIONS}\n")
    assert shown(question) == ("single", "第一步是（ ）", ("策划", "实施", "检查"), "B")


@pytest.mark.parametrize(
    "options",
    [
        "A. 策划\nB. 实施\nC. 检查",
        "A、策划\nB、实施\nC、检查",
        "Ａ．策划\nＢ．实施\nＣ．检查",
        "A）策划\nB）实施\nC）检查",
        "（A）策划\n（B）实施\n（C）检查",
        "A：策划\nB：实施\nC：检查",
        "A 策划\nB 实施\nC 检查",
        "A策划\nB实施\nC检查",
        "a. 策划\nb. 实施\nc. 检查",
        "A. 策划  B. 实施  C. 检查",
        "A. 策划\tB. 实施\nC. 检查",
        "A.策划B.实施C.检查",
        "A策划B实施C检查",
        "A 策划 B 实施 C 检查",
        "选项A：策划\n选项B：实施\n选项C：检查",
        "选项：\nA. 策划\nB. 实施\nC. 检查",
    ],
)
@pytest.mark.parametrize("key", ["（B）", "( B )", "（Ｂ）", "【B】", ""])
def test_options_and_key_may_be_written_in_all_usual_ways(options: str, key: str) -> None:
    label = "" if key else "\n答案：B"
    question = only(f"1. 第一步是什么{key}\n{options}{label}\n")
    assert (question.type, question.options, question.key_letters) == ("single", ("策划", "实施", "检查"), "B")


@pytest.mark.parametrize(
    "label",
    [
        *(
            "答案：AC",
            "正确答案: A,C",
            "参考答案：A、C",
            "【答案】AC",
            "[答案] A;C",
            "标准答案：Ａ；Ｃ",
            "答案 AC",
            "答案：A C。",
        ),
        *(
            "答案：（AC）",
            "答案：\nAC",
            "【答案】\nAC",
            "答：AC",
            "答案：策划；检查",
            "我的答案：B 正确答案：AC",
            "ANSWER: AC",
        ),
    ],
)
def test_a_key_may_stand_behind_any_usual_label(label: str) -> None:
    assert shown(only(f"1. 哪些步骤要做？\n{OPTIONS}\n{label}\n"))[::3] == ("multiple", "AC")


@pytest.mark.parametrize(
    ("label", "explanation"),
    [
        ("答案：B解析：先做。", "先做。"),
        ("答案：B 解析：先做。", "先做。"),
        ("【答案】B【解析】先做。", "先做。"),
        ("解析：先做。\n答案：B", "先做。"),
        ("答案：B\n【试题解析】\n先做。\n（1）一\n（2）二", "先做。\n（1）一\n（2）二"),
        ("答案：B\n解析：其中答案：C 不对。", "其中答案：C 不对。"),
    ],
)
def test_an_explanation_follows_its_label(label: str, explanation: str) -> None:
    question = only(f"1. 第一步是什么？\n{OPTIONS}\n{label}\n")
    assert (question.key_letters, question.explanation) == ("B", explanation)


def test_key_and_explanation_may_follow_the_options_in_their_line() -> None:
    question = only("1. 第一步是什么？A策划B实施C检查答案：B解析：略")
    assert (shown(question)[2:], question.explanation) == ((("策划", "实施", "检查"), "B"), "略")


def test_labels_may_name_every_field() -> None:
    labels = "题型：单选题\n难度：难\n知识点：T01 基础\n依据：GB/T 19001-2016\n题池：练习\n编号：Q-7\n分值：2\n"
    question = only(f"1. 第一步是什么？\n{OPTIONS}\n答案：A\n{labels}")
    assert (question.difficulty, question.topic, question.pool, question.code) == ("hard", "T01", "practice", "Q-7")
    assert question.reference == "GB/T 19001-2016"


@pytest.mark.parametrize(
    ("text", "right", "stem"),
    [
        ("1. 质量第一。（√）", 1, "质量第一。"),
        ("1. 质量第一（×）。", 2, "质量第一。"),
        ("1. (×)质量第一。", 2, "质量第一。"),
        ("1. 质量（√）第一。", 1, "质量（ ）第一。"),
        ("1. 质量第一。（对）", 1, "质量第一。"),
        ("1. 质量第一。【错误】", 2, "质量第一。"),
        ("1. 质量第一。( T )", 1, "质量第一。"),
        ("1. 质量第一。\n答案：错", 2, "质量第一。"),
        ("1. 质量第一。（　）\n答案：√", 1, "质量第一。（　）"),
        ("一、判断题\n1. 质量第一。（A）", 1, "质量第一。"),
        ("1. 质量第一。[判断题]\nA. 错\nB. 对\n答案：A", 2, "质量第一。"),
    ],
)
def test_a_judgement_is_true_or_false_in_all_usual_ways(text: str, right: int, stem: str) -> None:
    question = only(text)
    assert (question.type, question.right, question.stem) == ("judge", right, stem)


@pytest.mark.parametrize(
    "heading",
    ["一、单选题", "第一部分 单项选择题（共 20 题）", "（一）单选题：每题一分", "【单选题】", "单选题", "1. 单选题"],
)
def test_a_heading_gives_the_type_of_what_follows(heading: str) -> None:
    report = check(f"{heading}\n1. 哪些要做（AB）\n{OPTIONS}\n")
    assert said(report) == ["single_several_keys"]


def test_a_heading_that_names_no_number_of_keys_leaves_it_to_the_key() -> None:
    report = check(f"一、选择题\n1. 哪些要做（AB）\n{OPTIONS}\n2. 哪个要做（A）\n{OPTIONS}\n")
    assert [question.type for question in report.content.questions] == ["multiple", "single"]
    assert found(report, "types_inferred").facts == {"count": 2}


def test_chapters_are_topics() -> None:
    text = f"第一章 质量基础\n一、单选题\n1. 甲（A）\n{OPTIONS}\n第二章 质量工具\n2. 乙（B）\n{OPTIONS}\n"
    assert [question.topic for question in check(text).content.questions] == ["质量基础", "质量工具"]


def test_questions_without_numbers_are_divided_by_empty_lines() -> None:
    report = check(
        f"质量竞赛题库\n\n第一步是什么？\n{OPTIONS}\n答案：A\n\n第二步是什么？\n{OPTIONS}\n答案：B\n\n质量第一。（√）\n质量第二。（×）\n"
    )
    assert [question.key_letters for question in report.content.questions] == ["A", "B", "A", "B"]
    assert said(report) == ["lines_unused"]


def test_a_picture_may_stand_in_stem_and_options() -> None:
    token = f"![A](sha256:{'0' * 64})"
    report = check(f"1. 看图{token}回答（B）\nA. {token}\nB. 乙\n")
    assert report.content.questions[0].stem == f"看图{token}回答（ ）"
    assert report.content.questions[0].options == (token, "乙")


# --- what can be read in two ways


@pytest.mark.parametrize(
    ("text", "first", "second"),
    [
        (f"1. 第一步是（A）\n{OPTIONS}\n答案：B", "stem:A", "answer:B"),
        (f"1. 第一步是（A），不是（B）\n{OPTIONS}", "stem:A", "stem:B"),
        (f"1. 碳元素（C）的符号是（  ）\n{OPTIONS}\n答案：A", "stem:C", "answer:A"),
        (f"1. 第一步是什么？\n{OPTIONS}\n答案：A\n答案：B", "answer:A", "answer:B"),
        (f"1. 第一步是（A）\n{OPTIONS}（正确答案）", "stem:A", "option:C"),
        ("1. 下列（正确）的说法不对。（×）", "stem:正确", "stem:×"),
        ("1. 质量第一。（√）\n答案：错误", "stem:√", "answer:错误"),
        (f"1. 第一步是（A）\n{OPTIONS}\n答案：略", "stem:A", "answer:略"),
    ],
)
def test_two_keys_that_differ_are_refused_with_both(text: str, first: str, second: str) -> None:
    finding = complaint(text)
    assert (finding.code, finding.facts) == ("keys_disagree", {"first": first, "second": second})


def test_two_keys_that_say_the_same_are_one() -> None:
    assert only(f"1. 第一步是（A）\n{OPTIONS}\n答案：A").stem == "第一步是（ ）"
    assert only("1. 质量第一。（√）\n答案：正确").right == 1


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (f"1. 计算机辅助设计(CAB)的特点是\n{OPTIONS}", "CAB"),
        (f"1. 欧盟标志（C）用在（  ）\n{OPTIONS}", "C"),
        ("1. （正确）使用防护用品可以避免事故。", "正确"),
        ("1. 先判断（对）再动手。", "对"),
    ],
)
def test_a_bracket_that_may_be_part_of_the_sentence_is_refused_with_both_readings(text: str, value: str) -> None:
    finding = complaint(text)
    assert (finding.code, finding.facts) == ("key_ambiguous", {"value": value, "first": "key", "second": "text"})


@pytest.mark.parametrize("key", ["X", "V", "Y", "不对", "1"])
def test_a_judgement_in_doubtful_words_is_refused(key: str) -> None:
    assert complaint(f"一、判断题\n1. 质量第一。\n答案：{key}").code == "key_ambiguous"


@pytest.mark.parametrize(
    ("options", "code", "facts"),
    [
        ("A使用B超B其他C无", "options_unclear", {"letter": "B", "first": "B超B其他C无", "second": "B其他C无"}),
        ("A.甲 B.乙 C.丙 D丁", "options_unclear", {"letter": "D"}),
        ("（A）甲\n（B）乙\n（C丙", "options_unclear", {"letter": "C"}),
        ("A. 甲\nB. 乙\nC. 丙\nD. 附录 E. 戊", "options_unclear", {"letter": "E"}),
        ("A. 甲\nB. 乙\nD. 丁", "option_letters_broken", {"after": "B", "found": "D"}),
        ("A.甲 B.乙 C丙 D.丁", "option_letters_broken", {"after": "B", "found": "D"}),
        ("A. 甲\nB. 乙\nA. 丙\nB. 丁", "option_repeated", {"letter": "A"}),
    ],
)
def test_options_that_can_be_divided_in_two_ways_are_refused(options: str, code: str, facts: dict[str, str]) -> None:
    finding = complaint(f"1. 哪个要做（A）\n{options}\n")
    assert (finding.code, {name: finding.facts[name] for name in facts}) == (code, facts)


@pytest.mark.parametrize(
    ("options", "texts"),
    [
        ("A. 使用B超\nB. 维生素C\nC. 无", ("使用B超", "维生素C", "无")),
        ("A 使用B超 B 维生素C C 无", ("使用B超", "维生素C", "无")),
        ("A. 甲\nB. 乙\nC. A、B以外的", ("甲", "乙", "A、B以外的")),
        ("A. U.S. market\nB. E. coli\nC. F.B.I.", ("U.S. market", "E. coli", "F.B.I.")),
        ("A.5%B.10%C.20%", ("5%", "10%", "20%")),
        ("A10B20C30", ("10", "20", "30")),
        ("A. 第一行\n接着的一行\nB. 乙\nC. 丙", ("第一行\n接着的一行", "乙", "丙")),
    ],
)
def test_letters_inside_options_are_text(options: str, texts: tuple[str, ...]) -> None:
    assert only(f"1. 哪个要做（A）\n{options}\n").options == texts


def test_a_number_that_may_be_an_item_is_refused_and_the_question_is_not_cut() -> None:
    report = check(f"1. 步骤如下：\n1. 甲\n2. 乙\n哪步在先（A）\n{OPTIONS}\n")
    assert report.verdict == "reject"
    report = check(f"5. 甲（A）\n{OPTIONS}\n答案：A\n解析：分两步：\n1. 先\n2. 后\n6. 乙（B）\n{OPTIONS}\n")
    assert said(report) == []
    assert report.content.questions[0].explanation == "分两步：\n1. 先\n2. 后"
    report = check(f"1. 甲\n{OPTIONS}\n答案：A\n解析：分两步：\n（1）先\n（2）后\n2. 乙\n{OPTIONS}\n答案：B\n")
    assert said(report) == []
    report = check(f"甲\n{OPTIONS}\n答案：A\n解析：分两步：\n1. 先\n2. 后\n\n乙\n{OPTIONS}\n答案：B\n")
    assert said(report) == []
    assert report.content.questions[0].explanation == "分两步：\n1. 先\n2. 后"


@pytest.mark.parametrize(
    "text",
    [
        f"1. 甲（A）\n{OPTIONS}\n\n这里还有一句话\n2. 乙（B）\n{OPTIONS}",
        f"1. 甲\n{OPTIONS}\n答案：A\n这里还有一句话",
        "1. 质量第一。（√）\n质量第二。（×）",
        f"1. 甲\n{OPTIONS}\n答案：A\n解析：略\n\n质量第二。（×）",
        f"2 乙（B）\n{OPTIONS}\n1. 甲（A）\n{OPTIONS}",
        f"第一步是（A）\n{OPTIONS}\n第二步是（B）\n{OPTIONS}",
        f". 甲（A）\n{OPTIONS}\n2. 质量第二（×） [判断题]",
        f"甲（A）\n{OPTIONS}\n2. 乙（B）\n{OPTIONS}",
        f"1. 甲2. 乙\n{OPTIONS}\n答案：A",
        f"1. 甲（A）\n{OPTIONS}\n. 乙√）\n3. 丙（√）",
        f". 甲\n{OPTIONS}\n答案：A\n解析：略\n2. 乙\n{OPTIONS}\n答案：A",
        "1. 甲（A）\nA 策划  B 实施  C 检查  D 处置\nA 计划  B 执行  C 核对",
        f"1. 甲（A）\n{OPTIONS}\n解析：略\n. 质量第二（×） [判断题]\n3. 乙（A）\n{OPTIONS}",
        f"1. 甲（A）\n{OPTIONS}\n解析：略\n. 乙（A）\n{OPTIONS}",
        f"1. 质量第一（√）\n. 乙（A） [单选题]\n{OPTIONS}\n3. 丙（A）\n{OPTIONS}",
        f"1）甲（A）\n{OPTIONS}\n解析：略\n（2）乙（A）\n{OPTIONS}",
    ],
)
def test_a_line_that_may_be_a_question_is_never_left_out(text: str) -> None:
    assert check(text).verdict == "reject"


def test_the_second_line_of_an_option_may_end_with_points() -> None:
    assert only(f"1. 甲（A）\n{OPTIONS}\n按标准计（2分）").options[-1].endswith("\n按标准计（2分）")


@pytest.mark.parametrize("heading", ["参考答案", "答案", "参考答案：", "附：答案", "三、答案与解析"])
def test_keys_that_stand_apart_are_refused(heading: str) -> None:
    report = check(f"1. 甲（）\n{OPTIONS}\n2. 乙（）\n{OPTIONS}\n\n{heading}\n1. A 2. B\n")
    assert report.verdict == "reject"
    assert not any(question.right for question in report.content.questions)


def test_a_jump_in_the_numbers_is_said() -> None:
    report = check(f"1. 甲（A）\n{OPTIONS}\n3. 乙（B）\n{OPTIONS}\n")
    assert found(report, "numbers_skipped").facts == {"before": 1, "number": 3}


def test_a_type_at_the_question_that_is_not_that_of_its_heading_is_refused() -> None:
    finding = complaint(f"一、单选题\n1. 甲（A）[多选题]\n{OPTIONS}\n")
    assert (finding.code, finding.facts) == ("types_disagree", {"first": "single", "second": "multiple"})


@pytest.mark.parametrize("kind", ["填空题", "简答题", "论述题", "案例分析题", "名词解释"])
def test_kinds_that_we_lack_are_named_with_their_number_and_never_become_another(kind: str) -> None:
    text = f"一、判断题\n1. 质量第一。（√）\n二、{kind}\n1. 什么是质量？\n答：满足要求的程度。\n2. 什么是管理？\n"
    assert codes(check(text)).count("kind_unsupported") == 2
    kept = check(text, leave_out=True)
    assert (kept.errors, len(kept.content.questions)) == (0, 1)


def test_an_option_may_read_like_a_heading_or_a_page_number() -> None:
    question = only("1. 下列属于主观题的是(C) [单选题]\n单选题\n1/2\n简答题\n综合\n")
    assert question.options == ("单选题", "1/2", "简答题", "综合")


def test_missing_keys_are_complained_of_once_each() -> None:
    assert said(check(f"1. 甲\n{OPTIONS}\n2. 乙\n{OPTIONS.replace('策划', '计划')}\n")) == [
        "key_missing",
        "key_missing",
    ]
