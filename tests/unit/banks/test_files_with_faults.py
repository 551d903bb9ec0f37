"""Whatever happens to a table, a document or a file of XML on its way: no key is misread, no question is lost in silence.

As in `test_texts_with_faults`; but here a file may still be sound when an option is gone, and then says something else.
"""

import json
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quizapp.banks.content import LETTERS, letters
from tests.unit.banks.faults import (
    ADDED,
    DOUBLED,
    EMPTY_LINE,
    SIGN_LOST,
    SIGNS,
    SPLIT,
    Written,
    changes,
    check,
    hold_against,
    written,
)

Sample = tuple[list[Written], list[str]]
TYPES = {"single": "单选题", "multiple": "多选题", "judge": "判断题"}


def key_of(question: Written) -> str:
    return ("正确", "错误")[question.right - 1] if question.kind == "judge" else letters(question.right)


@st.composite
def tables(draw: st.DrawFn) -> Sample:
    """An option a column."""
    questions, sign = draw(written()), draw(st.sampled_from([",", "\t", ";"]))
    rows = [["题型", "题干", *(f"选项{letter}" for letter in LETTERS[:5]), "答案"]]
    for each in questions:
        options = [each.option(place) if place < each.count else "" for place in range(5)]
        rows.append([TYPES[each.kind], each.stem, *options, key_of(each)])
    return questions, [sign.join(row) for row in rows]


@st.composite
def tables_with_joined_options(draw: st.DrawFn) -> Sample:
    """All options in one cell."""
    questions, sign = draw(written()), draw(st.sampled_from([",", "\t"]))
    mark, between = draw(st.sampled_from(["{}.{}", "{}-{}", "{}、{}"])), draw(st.sampled_from(["|", " ", "；"]))
    rows = [["序号", "题型", "题干", "选项", "答案"]]
    for each in questions:
        options = between.join(mark.format(LETTERS[place], each.option(place)) for place in range(each.count))
        rows.append([str(each.number), TYPES[each.kind], each.stem, options, key_of(each)])
    return questions, [sign.join(row) for row in rows]


@st.composite
def moodle_files(draw: st.DrawFn) -> Sample:
    """Moodle XML."""
    questions = draw(written())
    lines = ["<quiz>"]
    for each in questions:
        judge = each.kind == "judge"
        lines.append(f'<question type="{"truefalse" if judge else "multichoice"}">')
        lines += ["<questiontext>", f"<text>{each.stem}</text>", "</questiontext>"]
        lines += [] if judge else [f"<single>{str(each.kind == 'single').lower()}</single>"]
        texts = ["true", "false"] if judge else [each.option(place) for place in range(each.count)]
        for place, text in enumerate(texts):
            share = 100 / each.right.bit_count() if each.right >> place & 1 else 0
            lines.append(f'<answer fraction="{share:.5f}"><text>{text}</text></answer>')
        lines.append("</question>")
    return questions, [*lines, "</quiz>"]


QTI = "http://www.imsglobal.org/xsd/imsqti_v2p2"
MATCH = "http://www.imsglobal.org/question/qti_v2p2/rptemplates/match_correct"


@st.composite
def qti_items(draw: st.DrawFn) -> Sample:
    """One item of QTI: a file holds no more."""
    each = draw(written(("single", "multiple")))[0]
    several = each.kind == "multiple"
    kind = f'cardinality="{each.kind}" baseType="identifier"'
    key = "".join(f"<value>{LETTERS[place]}</value>" for place in range(each.count) if each.right >> place & 1)
    lines = [
        f'<assessmentItem xmlns="{QTI}" identifier="Q1" title="t" adaptive="false" timeDependent="false">',
        f'<responseDeclaration identifier="RESPONSE" {kind}>',
        f"<correctResponse>{key}</correctResponse>",  # in one line: without a part of it another key would be written
        "</responseDeclaration>",
        '<outcomeDeclaration identifier="SCORE" cardinality="single" baseType="float"/>',
        "<itemBody>",
        f'<choiceInteraction responseIdentifier="RESPONSE" shuffle="true" maxChoices="{0 if several else 1}">',
        f"<prompt>{each.stem}</prompt>",
    ]
    lines += [
        f'<simpleChoice identifier="{LETTERS[place]}">{each.option(place)}</simpleChoice>'
        for place in range(each.count)
    ]
    lines += ["</choiceInteraction>", "</itemBody>", f'<responseProcessing template="{MATCH}"/>', "</assessmentItem>"]
    return [each], lines


@st.composite
def yaml_files(draw: st.DrawFn) -> Sample:
    """Our YAML."""
    questions = draw(written())
    lines = ["questions:"]
    for each in questions:
        lines += [f"- type: {each.kind}", f"  stem: {each.stem}"]
        lines += ["  options:"] if each.count else []
        lines += [f"  - {each.option(place)}" for place in range(each.count)]
        lines.append(f"  key: {key_of(each)}")
    return questions, lines


@st.composite
def json_files(draw: st.DrawFn) -> Sample:
    """Our JSON."""
    questions = draw(written())
    found = [
        {
            "type": each.kind,
            "stem": each.stem,
            "options": [each.option(place) for place in range(each.count)],
            "key": key_of(each),
        }
        for each in questions
    ]
    return questions, json.dumps({"questions": found}, ensure_ascii=False, indent=1).split("\n")


ALL_SIGNS = SIGNS[:-1] + r",\"'<>/|;]"
SOUND = (DOUBLED, EMPTY_LINE, SPLIT, SIGN_LOST, ADDED)  # none takes an option away and leaves a sound document


@pytest.mark.parametrize(
    ("name", "files", "change"),
    [
        ("a.csv", tables(), changes(ALL_SIGNS)),
        ("a.csv", tables_with_joined_options(), changes(ALL_SIGNS)),
        ("a.xml", moodle_files(), changes(ALL_SIGNS)),
        ("item.xml", qti_items(), changes(ALL_SIGNS)),
        ("a.yaml", yaml_files(), changes(SIGNS, SOUND)),
        ("a.json", json_files(), changes(ALL_SIGNS, SOUND)),
    ],
    ids=["table", "joined", "moodle", "qti", "yaml", "json"],
)
def test_a_file_with_faults_is_read_as_it_was_meant_or_refused(
    name: str, files: st.SearchStrategy[Sample], change: st.SearchStrategy[Callable[[list[str]], list[str]]]
) -> None:
    @settings(max_examples=40, deadline=None)
    @given(files, st.lists(change, max_size=2))
    def holds(sample: Sample, several: list[Callable[[list[str]], list[str]]]) -> None:
        questions, lines = sample
        for each in several:
            lines = each(lines)
        text = "\n".join(lines)
        report = check(name, text.encode())
        assert several or not report.errors, text
        hold_against(
            report, questions, text, lines_belong=name in ("a.xml", "item.xml", "a.yaml"), rewritten=len(several) > 1
        )

    holds()
