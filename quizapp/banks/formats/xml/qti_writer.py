"""Banks as QTI 3.0 packages: a manifest, an item a question, pictures. Pure. `qti` reads them, and those of others.

What QTI has no place for (our codes, pools, references, dates, translations) stands in the manifest's metadata, in elements
of our own namespace; difficulty and topic stand there too in the way that other programs read.
"""

import re
from collections.abc import Mapping

from quizapp.banks.content import LETTERS, BankContent, Question, pictures_of, texts_of
from quizapp.banks.formats.xml.elements import english_values, escaped, own_bank, own_question, quoted
from quizapp.banks.formats.xml.html import PRE_WRAP, markup_of
from quizapp.banks.formats.xml.qti import MANIFEST
from quizapp.banks.pictures import digests_in, without_pictures
from quizapp.web.archives import make_archive

STYLESHEET = "styles.css"
DIFFICULTIES = {"easy": "easy", "medium": "medium", "hard": "difficult"}  # in the words of IEEE LOM

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_SCHEMAS = "https://purl.imsglobal.org/spec/qti/v3p0/schema/xsd"
_PACKAGING = "http://www.imsglobal.org/xsd/qti/qtiv3p0/imscp_v1p1"
_ITEMS = "http://www.imsglobal.org/xsd/imsqtiasi_v3p0"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_MATCH_CORRECT = "https://purl.imsglobal.org/spec/qti/v3p0/rptemplates/match_correct.xml"


def write_qti(content: BankContent, pictures: Mapping[str, bytes]) -> bytes:
    """The content with its pictures, PNG files by digest, as a package."""
    shown = sorted(pictures_of(content) & set(pictures))
    web = {f"pictures/{digest}.png": pictures[digest] for digest in shown}
    web[STYLESHEET] = f".{PRE_WRAP} {{ white-space: pre-wrap; }}\n".encode()
    width = len(str(len(content.questions)))
    items: dict[str, bytes] = {}
    resources = []
    for number, question in enumerate(content.questions, 1):
        name = f"items/{number:0{width}}.xml"
        items[name] = _item(question, number, pictures).encode()
        resources.append(_resource(question, number, name, content, pictures))
    resources += [
        f'<resource identifier="{_file_identifier(path)}" type="webcontent" href="{path}"><file href="{path}"/></resource>'
        for path in web
    ]
    return make_archive({MANIFEST: _manifest(content, resources).encode(), **items, **web})


def _manifest(content: BankContent, resources: list[str]) -> str:
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<manifest xmlns="{_PACKAGING}" xmlns:lom="http://ltsc.ieee.org/xsd/LOM" xmlns:xsi="{_XSI}"
  xsi:schemaLocation="{_PACKAGING} {_SCHEMAS}/imsqtiv3p0_imscpv1p2_v1p0.xsd" identifier="manifest">
  <metadata>
    <schema>QTI Package</schema>
    <schemaversion>3.0.0</schemaversion>
    <lom:lom>
      <lom:general><lom:title>{_string(content.title)}</lom:title></lom:general>
      {own_bank(content)}
    </lom:lom>
  </metadata>
  <organizations/>
  <resources>
    {chr(10).join(resources)}
  </resources>
</manifest>
"""


def _resource(question: Question, number: int, name: str, content: BankContent, pictures: Mapping[str, bytes]) -> str:
    values = {
        "code": question.code,
        "type": question.type,
        "topic": question.topic,
        "difficulty": question.difficulty,
        "pool": question.pool,
        "reference": question.reference,
        "valid_from": question.valid_from.isoformat() if question.valid_from else "",
        "valid_to": question.valid_to.isoformat() if question.valid_to else "",
        **english_values(question),
    }
    carried = sorted(digests_in(values.values()) & set(pictures))
    own = own_question(values, "".join(f'<file href="../pictures/{digest}.png"/>' for digest in carried))
    needed = [*(f"pictures/{digest}.png" for digest in sorted(_pictures_in(question) & set(pictures))), STYLESHEET]
    dependencies = "".join(f'<dependency identifierref="{_file_identifier(path)}"/>' for path in needed)
    topic = content.topics.get(question.topic, question.topic)
    return f"""<resource identifier="item-{number}" type="imsqti_item_xmlv3p0" href="{name}">
      <metadata><lom:lom>
        <lom:general><lom:title>{_string(question.code)}</lom:title></lom:general>
        <lom:educational>
          <lom:difficulty>{_word(DIFFICULTIES[question.difficulty])}</lom:difficulty>
        </lom:educational>
        <lom:classification>
          <lom:purpose>{_word("discipline")}</lom:purpose>
          <lom:taxonPath>
            <lom:source>{_string(content.title)}</lom:source>
            <lom:taxon><lom:id>{escaped(question.topic)}</lom:id><lom:entry>{_string(topic)}</lom:entry></lom:taxon>
          </lom:taxonPath>
        </lom:classification>
        {own}
      </lom:lom></metadata>
      <file href="{name}"/>{dependencies}
    </resource>"""


def _pictures_in(question: Question) -> set[str]:
    return digests_in(text for _field, text in texts_of(question))


def _string(text: str) -> str:
    return f'<lom:string language="zh-CN">{escaped(text)}</lom:string>'


def _word(word: str) -> str:
    return f"<lom:source>LOMv1.0</lom:source><lom:value>{word}</lom:value>"


def _file_identifier(path: str) -> str:
    return re.sub(r"\W", "-", path)


def _item(question: Question, number: int, pictures: Mapping[str, bytes]) -> str:
    address = {digest: f"../pictures/{digest}.png" for digest in _pictures_in(question) & set(pictures)}

    def markup(text: str) -> str:
        return markup_of(text, address, keep_blanks=f'class="{PRE_WRAP}"')

    judge, multiple = question.type == "judge", question.type == "multiple"
    identifier = question.code if _IDENTIFIER.fullmatch(question.code) else f"item-{number}"
    title = " ".join(f"{question.code} {without_pictures(question.stem)}".split())[:80]
    names = ("true", "false") if judge else tuple(LETTERS)
    right = [f"<qti-value>{name}</qti-value>" for place, name in enumerate(names) if question.right >> place & 1]
    choices = [
        f'<qti-simple-choice identifier="{name}">{markup(option)}</qti-simple-choice>'
        for name, option in zip(names, question.options, strict=False)
    ]
    declared = said = ""
    if question.explanation:  # said after any answer: its condition is true from the beginning
        declared = """
  <qti-outcome-declaration identifier="FEEDBACK" cardinality="single" base-type="identifier">
    <qti-default-value><qti-value>EXPLANATION</qti-value></qti-default-value>
  </qti-outcome-declaration>"""
        said = f"""
  <qti-modal-feedback outcome-identifier="FEEDBACK" identifier="EXPLANATION" show-hide="show">
    <qti-content-body>{markup(question.explanation)}</qti-content-body>
  </qti-modal-feedback>"""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<qti-assessment-item xmlns="{_ITEMS}" xmlns:xsi="{_XSI}"
  xsi:schemaLocation="{_ITEMS} {_SCHEMAS}/imsqti_asiv3p0_v1p0.xsd"
  identifier="{identifier}" title={quoted(title)} adaptive="false" time-dependent="false" xml:lang="zh-CN">
  <qti-response-declaration identifier="RESPONSE" cardinality="{"multiple" if multiple else "single"}" base-type="identifier">
    <qti-correct-response>{"".join(right)}</qti-correct-response>
  </qti-response-declaration>
  <qti-outcome-declaration identifier="SCORE" cardinality="single" base-type="float" normal-maximum="1">
    <qti-default-value><qti-value>0</qti-value></qti-default-value>
  </qti-outcome-declaration>{declared}
  <qti-stylesheet href="../{STYLESHEET}" type="text/css"/>
  <qti-item-body>
    <qti-choice-interaction response-identifier="RESPONSE" shuffle="{str(not judge).lower()}" max-choices="{int(not multiple)}">
      <qti-prompt>{markup(question.stem)}</qti-prompt>
      {chr(10).join(choices)}
    </qti-choice-interaction>
  </qti-item-body>
  <qti-response-processing template="{_MATCH_CORRECT}"/>{said}
</qti-assessment-item>
"""
