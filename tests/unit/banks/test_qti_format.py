"""QTI 2.1, 2.2 and 3.0, as items and packages. The files here are of our own making."""

import io
import re
import zipfile
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quizapp.banks.checking.checks import Report, check_source
from quizapp.banks.entries import Header
from quizapp.banks.formats.xml.qti_writer import write_qti
from quizapp.banks.pictures import read_picture
from quizapp.banks.reading import read_upload
from quizapp.web.archives import make_archive
from tests.unit.banks.samples import CONTENT, codes, found
from tests.unit.banks.test_pictures import drawn

V2, V3 = "http://www.imsglobal.org/xsd/imsqti_v2p2", "http://www.imsglobal.org/xsd/imsqtiasi_v3p0"
MATCH2 = "http://www.imsglobal.org/question/qti_v2p2/rptemplates/match_correct"
MATCH3 = "https://purl.imsglobal.org/spec/qti/v3p0/rptemplates/match_correct.xml"
MAP2 = "http://www.imsglobal.org/question/qti_v2p1/rptemplates/map_response"
UNSORTED = Header("demo", "示例题库")
OPTIONS = {"A": "排列图", "B": "因果图", "C": "亲和图", "D": "控制图"}


def item(
    right: str = "A",
    *,
    options: dict[str, str] | None = None,
    cardinality: str = "single",
    most: str = "1",
    mapping: str = "",
    processing: str = f'<responseProcessing template="{MATCH2}"/>',
    prompt: str = "下列哪些属于老七种工具？",
    body: str = "",
    after: str = "",
    outcomes: str = "",
    attributes: str = 'adaptive="false"',
    identifier: str = "T-1",
) -> str:
    """An item of QTI 2.2; `right` are the identifiers of its key."""
    values = "".join(f"<value>{name}</value>" for name in right.split())
    correct = f"<correctResponse>{values}</correctResponse>" if values else ""
    choices = "".join(
        f'\n<simpleChoice identifier="{name}">{text}</simpleChoice>' for name, text in (options or OPTIONS).items()
    )
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<assessmentItem xmlns="{V2}" identifier="{identifier}" title="t" timeDependent="false" {attributes}>
<responseDeclaration identifier="RESPONSE" cardinality="{cardinality}" baseType="identifier">
{correct}{mapping}
</responseDeclaration>
<outcomeDeclaration identifier="SCORE" cardinality="single" baseType="float"/>{outcomes}
<itemBody>{body}
<choiceInteraction responseIdentifier="RESPONSE" shuffle="true" maxChoices="{most}">
<prompt>{prompt}</prompt>{choices}
</choiceInteraction>
</itemBody>
{processing}{after}
</assessmentItem>"""


def multiple(right: str = "A B", **parts: Any) -> str:
    return item(right, cardinality="multiple", most="0", **parts)


def as_version_3(text: str) -> str:
    """The item as QTI 3 writes the same names."""

    def kebab(name: str) -> str:
        return re.sub(r"(?<=[a-z])([A-Z])", r"-\1", name).lower()

    html = {"p", "br", "b", "img", "div", "span", "sub", "math"}
    text = text.replace(V2, V3).replace(MATCH2, MATCH3)
    text = re.sub(
        r"(</?)([a-zA-Z]+)", lambda tag: tag[1] + (tag[2] if tag[2] in html else f"qti-{kebab(tag[2])}"), text
    )
    return re.sub(r"(?<=\s)([a-zA-Z]+)=", lambda name: kebab(name[1]) + "=", text).replace("qti-xml", "xml")


def check(text: str, *, version: int = 2, **options: Any) -> Report:
    shown = as_version_3(text) if version == 3 else text
    return check_source(read_upload("item.xml", shown.encode()), bank=UNSORTED, **options)


def errors(report: Report) -> list[str]:
    return [finding.code for finding in report.findings if finding.severity == "error"]


both_versions = pytest.mark.parametrize("version", [2, 3])


@both_versions
def test_a_single_choice_is_read(version: int) -> None:
    report = check(
        item("C", body="<p>质量<b>工具</b>。</p>", options=OPTIONS | {"B": "x<sub>2</sub>"}), version=version
    )
    (read,) = report.content.questions
    assert (errors(report), read.type, read.code, read.key_letters) == ([], "single", "T-1", "C")
    assert (read.stem, read.options) == ("质量工具。\n下列哪些属于老七种工具？", ("排列图", "x₂", "亲和图", "控制图"))


@both_versions
def test_a_multiple_choice_is_read(version: int) -> None:
    report = check(multiple("A B D"), version=version)
    (read,) = report.content.questions
    assert (errors(report), read.type, read.key_letters) == ([], "multiple", "ABD")


@pytest.mark.parametrize(
    ("words", "right", "truth"),
    [(("True", "False"), "A", 1), (("False", "True"), "A", 2), (("正确", "错误"), "B", 2), (("错", "对"), "B", 1)],
)
@both_versions
def test_two_options_that_say_true_and_false_are_a_judgement(
    words: tuple[str, str], right: str, truth: int, version: int
) -> None:
    report = check(item(right, options=dict(zip("AB", words, strict=True))), version=version)
    (read,) = report.content.questions
    assert (errors(report), read.type, read.right) == ([], "judge", truth)


@pytest.mark.parametrize("words", [("True", "Maybe"), ("是", "对"), ("True", "False", "Unknown")])
def test_what_only_resembles_a_judgement_stays_a_choice(words: tuple[str, ...]) -> None:
    report = check(item("A", options=dict(zip("ABC", words, strict=False))))
    assert report.content.questions[0].type == "single"


def mapping(entries: str, attributes: str = 'defaultValue="0"') -> str:
    pairs = [pair.split("=") for pair in entries.split()]
    inside = "".join(f'<mapEntry mapKey="{name}" mappedValue="{value}"/>' for name, value in pairs)
    return f"<mapping {attributes}>{inside}</mapping>"


MAPPED = f'<responseProcessing template="{MAP2}"/>'


@pytest.mark.parametrize(
    "points",
    [
        mapping("A=1 B=1"),
        mapping("A=0.5 B=0.5 C=0 D=0.0"),
        mapping("A=1 B=1", 'defaultValue="0" lowerBound="0" upperBound="2"'),
        mapping("A=1 B=1 C=-2 D=-2", 'lowerBound="0"'),  # what our competitions do: nothing once a wrong one is chosen
    ],
)
@pytest.mark.parametrize("right", ["A B", ""])
def test_equal_points_for_each_right_option_are_ours(points: str, right: str) -> None:
    report = check(multiple(right, mapping=points, processing=MAPPED))
    assert (errors(report), report.content.questions[0].key_letters) == ([], "AB")


@pytest.mark.parametrize(
    "points",
    [
        mapping("A=1 B=2"),
        mapping("A=1 B=1 C=0.5"),
        mapping("A=1 B=1 C=-1"),
        mapping("A=1 B=1 C=-1", 'lowerBound="0"'),
        mapping("A=1 B=1", 'defaultValue="-1"'),
        mapping("A=1 B=1", 'defaultValue="1"'),
        mapping("A=1 B=1", 'upperBound="1"'),
        mapping("A=1 B=1", 'lowerBound="1"'),
        mapping("A=1 B=1", 'lowerBound="x"'),
        mapping("A=1 B=1", 'upperBound=""'),
        mapping("A=1 B=1 C=x"),
        mapping("A=NaN B=NaN"),
    ],
)
def test_weights_and_negative_points_are_refused(points: str) -> None:
    report = check(multiple("A B", mapping=points, processing=MAPPED))
    finding = found(report, "scoring_unsupported")
    assert (errors(report), finding.facts["number"], finding.where.line) == (["scoring_unsupported"], 1, 4)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (item(""), "key_missing"),
        (item("", processing=""), "key_missing"),
        (item("X"), "key_outside_options"),
        (item("A B"), "key_contradictory"),
        (multiple("A"), "multiple_one_key"),
        (multiple("A B", mapping=mapping("A=1 C=1"), processing=MAPPED), "key_contradictory"),
        (multiple("A B", mapping=mapping("A=1 C=1")), "key_contradictory"),
        (multiple("A B", mapping=mapping("A=1 B=1_0"), processing=MAPPED), "key_contradictory"),
        (item("A B C", cardinality="multiple", most="2"), "key_contradictory"),
        (item("A").replace('identifier="B"', 'identifier="A"'), "name_doubled"),
        (item("A", options=dict(zip("ABCDEFGHI", "甲乙丙丁戊己庚辛壬", strict=True))), "options_too_many"),
        (item("A").replace("</itemBody>", "</itemBody><itemBody/>"), "name_doubled"),
        (item("A", mapping="<correctResponse><value>B</value></correctResponse>"), "name_doubled"),
        (item("A", mapping=mapping("A=1") + mapping("B=1")), "name_doubled"),
        (item("A", after="<responseProcessing/>"), "name_doubled"),
        (
            item("A").replace("<itemBody>", '<responseDeclaration identifier="RESPONSE"/><itemBody>'),
            "name_doubled",
        ),
        (item("A", cardinality="ordered"), "scoring_unsupported"),
        (item("A", attributes='adaptive="true"'), "scoring_unsupported"),
    ],
)
@both_versions
def test_a_key_that_is_missing_or_contradictory_is_refused(text: str, code: str, version: int) -> None:
    assert errors(check(text, version=version)) == [code]


# --- response processing


def rules(inside: str) -> str:
    return f"<responseProcessing>{inside}</responseProcessing>"


def points(value: object, name: str = "SCORE") -> str:
    return f'<setOutcomeValue identifier="{name}"><baseValue baseType="float">{value}</baseValue></setOutcomeValue>'


def when(condition: str, then: str, otherwise: str = "") -> str:
    other = f"<responseElse>{otherwise}</responseElse>" if otherwise else ""
    return f"<responseCondition><responseIf>{condition}{then}</responseIf>{other}</responseCondition>"


RIGHT = '<match><variable identifier="RESPONSE"/><correct identifier="RESPONSE"/></match>'
NOTHING = '<isNull><variable identifier="RESPONSE"/></isNull>'
SAY = (
    '<setOutcomeValue identifier="FEEDBACK"><multiple><variable identifier="FEEDBACK"/>'
    '<baseValue baseType="identifier">WELL</baseValue></multiple></setOutcomeValue>'
)
SUM_OF_MAP = (
    '<setOutcomeValue identifier="SCORE"><sum><variable identifier="SCORE"/><mapResponse identifier="RESPONSE"/></sum>'
    "</setOutcomeValue>"
)
OUTCOMES = (
    '<outcomeDeclaration identifier="FEEDBACK" cardinality="multiple" baseType="identifier"/>'
    '<outcomeDeclaration identifier="MAXSCORE" cardinality="single" baseType="float">'
    "<defaultValue><value>4.0</value></defaultValue></outcomeDeclaration>"
)


def chosen(name: str) -> str:
    return f'<member><baseValue baseType="identifier">{name}</baseValue><variable identifier="RESPONSE"/></member>'


OURS = {
    "all or nothing": when(RIGHT, points(1), points(0)),
    "any number of points": when(RIGHT, points(12.5)),
    "with feedback": when(RIGHT, points(1) + SAY, points(0)) + when(RIGHT, SAY),
    "nothing chosen first": when(NOTHING, points(0)) + when(RIGHT, points(1)),
    "the whole of MAXSCORE": when(
        RIGHT,
        '<setOutcomeValue identifier="SCORE"><sum><variable identifier="SCORE"/><variable identifier="MAXSCORE"/></sum>'
        "</setOutcomeValue>",
    ),
    "each option by name": when(
        f"<and>{chosen('A')}{chosen('B')}<not>{chosen('C')}</not><not>{chosen('D')}</not></and>", points(1)
    ),
    "a fragment, and an end": f"<responseProcessingFragment>{when(RIGHT, points(1) + '<exitResponse/>')}"
    f"</responseProcessingFragment>{when(NOTHING, points(0), points(0))}",
    "a truth value in figures": when(f"<and>{RIGHT}<baseValue baseType='boolean'>1</baseValue></and>", points(1)),
    "the sum of a mapping": when(NOTHING, points(0), SUM_OF_MAP),
    "compared with a number": SUM_OF_MAP
    + when(
        '<gte><variable identifier="SCORE"/><baseValue baseType="float">2</baseValue></gte>',
        when(RIGHT, points(4), points(0)),
        points(0),
    ),
}


@pytest.mark.parametrize("inside", OURS.values(), ids=OURS.keys())
@both_versions
def test_rules_that_say_the_same_as_ours_in_other_words_are_understood(inside: str, version: int) -> None:
    text = multiple("A B", mapping=mapping("A=1 B=1"), processing=rules(inside), outcomes=OUTCOMES)
    report = check(text, version=version)
    assert (errors(report), report.content.questions[0].key_letters) == ([], "AB")


NOT_OURS = {
    "a penalty": when(RIGHT, points(1), points(-1)),
    "a penalty for nothing": when(NOTHING, points(-1)) + when(RIGHT, points(1)),
    "points for a wrong one": when(RIGHT, points(2), when(chosen("C"), points(1))),
    "points for everybody": points(1),
    "who chooses nothing is not wrong either": when(f"<not>{RIGHT}</not>", points(0), points(1)),
    "points for nobody": points(0),
    "half for a half": when(RIGHT, points(1), when(f"<or>{chosen('A')}{chosen('B')}</or>", points(0.4))),
    "one option by name": when(chosen("A"), points(1)),
    "another operator": when(RIGHT, points(1)) + points(0, "X").replace("baseValue", "randomFloat"),
    "a custom operator": when(f"<customOperator class='x'>{RIGHT}</customOperator>", points(1)),
    "a table": '<lookupOutcomeValue identifier="SCORE"><variable identifier="RESPONSE"/></lookupOutcomeValue>',
    "another variable": when(
        '<match><variable identifier="OTHER"/><correct identifier="RESPONSE"/></match>', points(1)
    ),
    "no number": when(RIGHT, points("one")),
    "not finite": when(RIGHT, points("INF")),
    "an operand too few": when('<match><variable identifier="RESPONSE"/></match>', points(1)),
    "no number, though Python reads one": when(RIGHT, points("1_0")),
    "no truth value": when(f"<or>{RIGHT}<baseValue baseType='boolean'>yes</baseValue></or>", points(1)),
    "points under another name": when(RIGHT, points(1, "MAXSCORE"), points(-1, "MAXSCORE")),
}


@pytest.mark.parametrize("inside", NOT_OURS.values(), ids=NOT_OURS.keys())
@both_versions
def test_rules_that_say_otherwise_or_are_not_understood_are_refused(inside: str, version: int) -> None:
    text = multiple("A B", mapping=mapping("A=1 B=1"), processing=rules(inside), outcomes=OUTCOMES)
    assert errors(check(text, version=version)) == ["scoring_unsupported"]


@pytest.mark.parametrize(
    "processing",
    [
        '<responseProcessing template="https://example.org/rptemplates/match_correct"/>',
        '<responseProcessing template="http://www.imsglobal.org/question/qti_v2p1/rptemplates/map_response_point"/>',
        '<responseProcessing template="http://www.imsglobal.org.example.org/x/rptemplates/match_correct"/>',
        '<responseProcessing template="mine"/>',
        rules("<responseCondition/>" * 2100 + points(1)),
    ],
)
def test_unknown_templates_and_endless_rules_are_refused(processing: str) -> None:
    assert errors(check(item("A", processing=processing))) == ["scoring_unsupported"]


@pytest.mark.parametrize("processing", ["", rules(""), rules(when(RIGHT, SAY)), rules(when(RIGHT, ""))])
def test_an_item_that_leaves_the_points_to_others_is_read_by_its_key(processing: str) -> None:
    report = check(item("B", processing=processing, outcomes=OUTCOMES))
    assert (errors(report), report.content.questions[0].key_letters) == ([], "B")


NUMBERS = st.sampled_from(
    ["1", "0", "-1", "0.5", "1e308", "-1e308", "1e400", "INF", "-INF", "NaN", "", "x", "²", "1_0", " 2 "]
)
OPERATORS = [
    "and",
    "or",
    "not",
    "match",
    "member",
    "contains",
    "equal",
    "gt",
    "lt",
    "sum",
    "product",
    "subtract",
    "multiple",
]
OPERANDS = st.sampled_from(
    [RIGHT, NOTHING, '<variable identifier="SCORE"/>', '<mapResponse identifier="RESPONSE"/>', "<null/>"]
)
NODES = st.recursive(
    OPERANDS | NUMBERS.map(lambda value: f'<baseValue baseType="float">{value}</baseValue>'),
    lambda inside: st.builds(
        lambda name, parts: f"<{name}>{''.join(parts)}</{name}>",
        st.sampled_from([*OPERATORS, "isNull", "containerSize", "divide"]),
        st.lists(inside, max_size=3),
    ),
    max_leaves=6,
)


@settings(max_examples=50, deadline=None)
@given(
    condition=NODES,
    value=NODES,
    worth=st.lists(NUMBERS, min_size=2, max_size=4),
    bounds=st.tuples(NUMBERS, NUMBERS, NUMBERS),
    most=NUMBERS,
    usual=NUMBERS,
)
def test_no_rules_and_no_numbers_make_the_reader_raise(
    condition: str, value: str, worth: list[str], bounds: tuple[str, str, str], most: str, usual: str
) -> None:
    entries = "".join(
        f'<mapEntry mapKey="{key}" mappedValue="{points}"/>' for key, points in zip("ABCD", worth, strict=False)
    )
    lower, upper, default = bounds
    mapped = f'<mapping lowerBound="{lower}" upperBound="{upper}" defaultValue="{default}">{entries}</mapping>'
    given_at_first = (
        f'<outcomeDeclaration identifier="X" baseType="float"><defaultValue><value>{usual}</value></defaultValue>'
    )
    score = f'<setOutcomeValue identifier="SCORE">{value}</setOutcomeValue>'
    text = item(
        "A B",
        cardinality="multiple",
        most=most,
        mapping=mapped,
        processing=rules(when(condition, score)),
        outcomes=f"{given_at_first}</outcomeDeclaration>",
    )
    report = check(text)
    assert report.entry_count == 1
    # Whatever was accepted has the key that the item declares.
    assert report.errors or report.content.questions[0].key_letters == "AB"


# --- other kinds, texts and feedback


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        ("choiceInteraction", "orderInteraction", ("orderInteraction", "qti-order-interaction")),
        ("choiceInteraction", "hottextInteraction", ("hottextInteraction", "qti-hottext-interaction")),
        (
            "</itemBody>",
            '<p><textEntryInteraction responseIdentifier="X"/></p></itemBody>',
            ("choiceInteraction、textEntryInteraction", "qti-choice-interaction、qti-text-entry-interaction"),
        ),
        (
            "<itemBody>",
            '<itemBody><choiceInteraction responseIdentifier="R"><simpleChoice identifier="Z">z</simpleChoice></choiceInteraction>',
            ("choiceInteraction × 2", "qti-choice-interaction × 2"),
        ),
        (
            "<itemBody>",
            '<templateDeclaration identifier="N" cardinality="single" baseType="integer"/><itemBody>',
            ("templateDeclaration", "qti-template-declaration"),
        ),
        (
            "<itemBody>",
            '<assessmentStimulusRef identifier="s" href="s.xml"/><itemBody>',
            ("assessmentStimulusRef", "qti-assessment-stimulus-ref"),
        ),
    ],
)
@both_versions
def test_other_kinds_are_named_and_never_turned_into_ours(
    old: str, new: str, kind: tuple[str, str], version: int
) -> None:
    text = item("A").replace(old, new)
    report = check(text, version=version)
    finding = found(report, "kind_unsupported")
    assert finding.facts == {"number": 1, "kind": kind[version - 2]}
    assert "下列" in finding.quoted
    assert check(text, version=version, leave_out=True).content.questions == ()


def test_an_item_without_an_interaction_is_named_too() -> None:
    text = re.sub("<choiceInteraction.*</choiceInteraction>", "<p>读一读</p>", item("A"), flags=re.S)
    assert found(check(text), "kind_unsupported").facts["kind"] == "assessmentItem"
    assert found(check(re.sub("<itemBody>.*</itemBody>", "", text, flags=re.S)), "kind_unsupported").quoted == ""


FEEDBACK = '<modalFeedback outcomeIdentifier="F" identifier="X" showHide="show">{}</modalFeedback>'


def test_feedback_that_does_not_depend_on_the_answer_is_the_explanation() -> None:
    both = FEEDBACK.format("<p>依次四步。</p>") + FEEDBACK.format("依次四步。").replace('"X"', '"Y"')
    (read,) = check(item("A", after=both)).content.questions
    assert read.explanation == "依次四步。"


def test_feedback_that_depends_on_the_answer_is_left_out_and_told() -> None:
    report = check(item("A", after=FEEDBACK.format("对") + FEEDBACK.format("错")))
    assert (errors(report), report.content.questions[0].explanation) == ([], "")
    assert found(report, "feedback_left_out").facts == {"count": 1, "numbers": "1"}


def test_an_option_s_own_feedback_is_no_part_of_the_option() -> None:
    inline = '<feedbackInline outcomeIdentifier="F" identifier="B" showHide="show">不是它。</feedbackInline>'
    (read,) = check(item("A", options=OPTIONS | {"B": f"因果图{inline}"})).content.questions
    assert (read.options[1], read.explanation) == ("因果图", "因果图：不是它。")


def test_what_candidates_do_not_see_is_no_part_of_the_stem() -> None:
    rubric = '<rubricBlock view="{}"><p>{}</p></rubricBlock>'
    body = rubric.format("scorer tutor", "答案是 A") + rubric.format("candidate", "请选择。")
    assert check(item("A", body=body)).content.questions[0].stem == "请选择。\n下列哪些属于老七种工具？"


@pytest.mark.parametrize("attributes", ['shuffle="false"', 'shuffle="true"'])
def test_options_that_keep_their_order_are_told_once(attributes: str) -> None:
    text = item("A").replace('shuffle="true"', attributes).replace('identifier="D"', 'identifier="D" fixed="true"')
    assert found(check(text), "order_fixed").facts == {"count": 1, "numbers": "1"}


def test_formulas_are_refused_at_their_line() -> None:
    report = check(
        item("A", options=OPTIONS | {"C": '<math xmlns="http://www.w3.org/1998/Math/MathML"><mi>x</mi></math>'})
    )
    finding = found(report, "markup_unsupported")
    assert errors(report) == ["markup_unsupported"]
    assert (finding.facts, finding.where.field) == ({"name": "math"}, "simpleChoice C")


# --- packages

PICTURE = read_picture(drawn())


def manifest(*resources: str, head: str = "") -> str:
    inside = "".join(resources)
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<manifest xmlns="http://www.imsglobal.org/xsd/imscp_v1p1" identifier="m">
<metadata><schema>QTI Package</schema></metadata><organizations/>
<resources{head}>{inside}</resources></manifest>"""


def resource(href: str, kind: str = "imsqti_item_xmlv2p2", metadata: str = "", attributes: str = "") -> str:
    return (
        f'\n<resource identifier="r" type="{kind}" href="{href}"{attributes}>'
        f'<metadata>{metadata}</metadata><file href="{href}"/></resource>'
    )


def package(files: dict[str, str | bytes], name: str = "quiz.zip") -> Report:
    packed = make_archive({path: text if isinstance(text, bytes) else text.encode() for path, text in files.items()})
    return check_source(read_upload(name, packed), bank=UNSORTED)


@pytest.mark.parametrize("folder", ["", "export/"])
@pytest.mark.parametrize(
    ("kind", "version"), [("imsqti_item_xmlv2p1", 2), ("imsqti_item_xmlv2p2", 2), ("imsqti_item_xmlv3p0", 3)]
)
def test_a_package_is_read_in_the_order_of_its_manifest(folder: str, kind: str, version: int) -> None:
    texts = item("A", identifier="first"), item("B", identifier="second", prompt="第二问？")
    one, two = (as_version_3(text) if version == 3 else text for text in texts)
    listed = manifest(
        resource("items/b.xml", kind), resource("items/a%20a.xml", kind), resource("t.xml", "imsqti_test_xmlv2p2")
    )
    report = package({f"{folder}imsmanifest.xml": listed, f"{folder}items/a a.xml": one, f"{folder}items/b.xml": two})
    assert (errors(report), [each.code for each in report.content.questions]) == ([], ["second", "first"])
    assert found(report, "order_fixed") if "order_fixed" in codes(report) else True


def test_pictures_are_found_from_the_item_and_from_the_manifest() -> None:
    stem = '<p>看图<img src="../img/a%20b.png" alt="控制图"/></p>'
    options = OPTIONS | {"A": '<img src="img/c.png"/>', "B": '<object data="../img/c.png" type="image/png">x</object>'}
    report = package(
        {
            "imsmanifest.xml": manifest(resource("items/a.xml")),
            "items/a.xml": item("C", prompt=stem, options=options),
            "img/a b.png": drawn(),
            "img/c.png": drawn(size=(50, 40)),
        }
    )
    other = read_picture(drawn(size=(50, 40)))
    (read,) = report.content.questions
    assert read.stem == f"看图![控制图](sha256:{PICTURE.digest})"
    assert read.options[:2] == (f"![](sha256:{other.digest})",) * 2
    assert errors(report) == ["options_equal"]
    assert set(report.source.pictures) == {PICTURE.digest, other.digest}


@pytest.mark.parametrize(
    "address",
    [
        *("missing.png", "https://example.org/a.png", "//example.org/a.png", "file:///etc/passwd", "/etc/passwd"),
        *("../../../etc/passwd", "..%2f..%2fetc/passwd", "javascript:1", "", "items"),
    ],
)
def test_a_picture_that_the_package_does_not_hold_is_missing(address: str) -> None:
    text = item("A", prompt=f'<p>看图<img src="{address}" alt=""/>问</p>')
    report = package({"imsmanifest.xml": manifest(resource("items/a.xml")), "items/a.xml": text})
    finding = found(report, "picture_missing")
    assert (errors(report), finding.where.file, finding.where.line) == (["picture_missing"], "items/a.xml", 9)


def test_xml_base_leads_to_the_files() -> None:
    listed = manifest(resource("a.xml", attributes=' xml:base="in/"'), head=' xml:base="deep/"')
    assert errors(package({"imsmanifest.xml": listed, "deep/in/a.xml": item("A")})) == []


LOM = """<lom xmlns="http://ltsc.ieee.org/xsd/LOM"><educational><difficulty><source>LOMv1.0</source><value>very difficult</value>
</difficulty></educational><classification><purpose><value>discipline</value></purpose><taxonPath>
<taxon><entry><string>质量</string></entry></taxon>
<taxon><id>T02</id><entry><string xml:lang="zh">质量工具</string><string xml:lang="en">Tools</string></entry></taxon>
</taxonPath></classification></lom>"""


def test_metadata_say_difficulty_and_topic() -> None:
    report = package({"imsmanifest.xml": manifest(resource("a.xml", metadata=LOM)), "a.xml": item("A")})
    (read,) = report.content.questions
    assert (read.difficulty, read.topic, report.content.topics) == ("hard", "T02", {"T02": "质量工具"})


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ({"readme.txt": "x"}, "zip_without_bank"),
        ({"imsmanifest.xml": manifest()}, "qti_without_items"),
        ({"imsmanifest.xml": manifest(resource("t.xml", "imsqti_test_xmlv2p2"))}, "qti_without_items"),
        ({"imsmanifest.xml": manifest(resource("t.xml", "imsqti_xmlv1p2"))}, "qti_version"),
        ({"imsmanifest.xml": manifest(resource("a.xml"))}, "package_file_missing"),
        ({"imsmanifest.xml": manifest(resource("../a.xml")), "a.xml": "<x/>"}, "package_file_missing"),
        ({"imsmanifest.xml": manifest(resource("a.xml")), "a.xml": "<quiz/>"}, "xml_not_questions"),
        ({"imsmanifest.xml": manifest(resource("a.xml")), "a.xml": "<questestinterop/>"}, "qti_version"),
        ({"imsmanifest.xml": manifest(resource("a.xml")), "a.xml": "<a>"}, "xml_syntax"),
        ({"imsmanifest.xml": "<a>"}, "xml_syntax"),
        ({"imsmanifest.xml": "<!DOCTYPE a><a/>"}, "archive_has_dtd"),
        (
            {"imsmanifest.xml": manifest(resource("a.xml")), "a.xml": "<!DOCTYPE a [<!ENTITY x 'y'>]><a/>"},
            "archive_has_dtd",
        ),
    ],
)
def test_a_package_that_cannot_be_used_says_why(files: dict[str, str | bytes], code: str) -> None:
    report = package(files)
    assert codes(report)[0] == code
    assert report.verdict == "reject"


def test_an_item_that_cannot_be_read_refuses_the_package_but_the_others_are_checked_too() -> None:
    listed = manifest(resource("a.xml"), resource("b.xml"))
    report = package({"imsmanifest.xml": listed, "a.xml": "<a>", "b.xml": item("")})
    places = [(each.code, each.where.file) for each in report.findings if each.severity == "error"]
    assert places == [("xml_syntax", "a.xml"), ("key_missing", "b.xml")]


def test_items_that_the_manifest_does_not_list_are_told() -> None:
    report = package({"imsmanifest.xml": manifest(resource("a.xml")), "a.xml": item("A"), "b.xml": item("B")})
    assert (errors(report), found(report, "items_unlisted").facts) == ([], {"names": "b.xml"})


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    report = package({"imsmanifest.xml": manifest(resource("a.xml")), "a.xml": b" " * (97 * 1024 * 1024)})
    assert codes(report)[0] == "archive_too_large"


@pytest.mark.parametrize("text", ["<questestinterop/>", "<assessmentTest/>", "<manifest/>"])
def test_other_documents_of_qti_are_refused_by_name(text: str) -> None:
    report = check(text)
    assert codes(report)[0] in ("qti_version", "xml_not_questions")
    assert report.verdict == "reject"


# --- what we write


def test_a_package_of_ours_is_as_the_specification_asks() -> None:
    """Namespaces, identifiers that are unique and well-formed, files that are all declared, a standard template."""
    archive = zipfile.ZipFile(io.BytesIO(write_qti(CONTENT, {})))
    root = ElementTree.fromstring(archive.read("imsmanifest.xml"))
    space = "{http://www.imsglobal.org/xsd/qti/qtiv3p0/imscp_v1p1}"
    assert root.tag == f"{space}manifest"
    assert [child.tag for child in root] == [f"{space}{name}" for name in ("metadata", "organizations", "resources")]
    resources = root.findall(f"{space}resources/{space}resource")
    identifiers = [each.get("identifier", "") for each in resources]
    assert len(set(identifiers)) == len(identifiers)
    assert all(re.fullmatch(r"[A-Za-z_][\w.-]*", name) for name in identifiers)
    declared = {file.get("href") for each in resources for file in each.findall(f"{space}file")}
    assert declared == set(archive.namelist()) - {"imsmanifest.xml"}
    needed = {each.get("identifierref") for each in root.iter(f"{space}dependency")}
    assert needed <= set(identifiers)
    for each in resources:
        if each.get("type") == "imsqti_item_xmlv3p0":
            check_item(ElementTree.fromstring(archive.read(each.get("href", ""))))


def check_item(written: ElementTree.Element) -> None:
    space = f"{{{V3}}}"
    assert written.tag == f"{space}qti-assessment-item"
    assert re.fullmatch(r"[A-Za-z_][\w.-]*", written.get("identifier", ""))
    assert {"title", "time-dependent", "adaptive"} <= set(written.attrib)
    order = ["qti-response-declaration", "qti-outcome-declaration", "qti-stylesheet", "qti-item-body"]
    order += ["qti-response-processing", "qti-modal-feedback"]
    places = [order.index(child.tag.removeprefix(space)) for child in written]
    assert places == sorted(places)
    choices = [each.get("identifier") for each in written.iter(f"{space}qti-simple-choice")]
    right = [each.text for each in written.iterfind(f".//{space}qti-correct-response/{space}qti-value")]
    assert len(set(choices)) == len(choices)
    assert set(right) <= set(choices)
    (processing,) = written.iter(f"{space}qti-response-processing")
    assert processing.get("template") == MATCH3
