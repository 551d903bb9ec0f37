"""QTI 2.1, 2.2 and 3.0, as packages or single items. Pure. `qti_writer` is the way out.

The versions differ in how they write the same names (simpleChoice, qti-simple-choice), so one reader takes them all.
"""

import base64
import io
import posixpath
import re
import struct
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import unquote

from quizapp.banks.content import LETTERS, letters
from quizapp.banks.entries import Header, Source
from quizapp.banks.findings import WARNING
from quizapp.banks.formats.gathering import Counted, Gathered, Gathering, Unreadable
from quizapp.banks.formats.xml.elements import Element, number_in, read_own_bank, read_own_question, read_xml, root_name
from quizapp.banks.formats.xml.html import text_of_element
from quizapp.banks.formats.xml.qti_scoring import Mapping_, NotOurs, Response, default_value, key_of
from quizapp.banks.spellings import read_truth
from quizapp.web.archives import open_archive

ROOTS = ("assessmentItem", "qti-assessment-item", "questestinterop")
MANIFEST = "imsmanifest.xml"
MEMBERS = 40_000  # an item has a file of its own, and perhaps a picture
PACKED = b"PK\x03\x04"

_ITEM = re.compile(r"imsqti_(apip)?item_xmlv[23]p\d(p\d)?")
_OLD = re.compile(r"imsqti_xmlv1p\d(p\d)?|imsqti_item_xmlv1\S*|imsqti_xmlv1\S*", re.I)
_CAPITAL = re.compile(r"(?<=[a-z0-9])([A-Z])")
_DIFFICULTIES = {
    "very easy": "easy",
    "easy": "easy",
    "medium": "medium",
    "difficult": "hard",
    "very difficult": "hard",
    "hard": "hard",
}
_SUBJECTS = ("", "discipline", "idea", "educational objective", "competency")


def read_qti(name: str, content: bytes) -> Source:
    """The questions of a package, or the one of an item. Raises Invalid for a damaged archive."""
    gathering = Gathering(name)
    reader = _Reader(gathering)
    header = Header()
    try:
        if content.startswith(PACKED):
            header = reader.read_package(_Package(open_archive(content, most_members=MEMBERS)))
        else:
            reader.read_item(name, content, _Item(lambda _address: None))
    except Unreadable as error:
        gathering.unreadable(error, reader.file)
    reader.fixed.warn(gathering, "order_fixed")
    reader.unsaid.warn(gathering, "feedback_left_out")
    return gathering.source(header)


def is_package(content: bytes) -> bool:
    """Whether an archive has a manifest, as far as its list of contents says."""
    try:
        names = zipfile.ZipFile(io.BytesIO(content)).namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, struct.error):
        return False
    return any(posixpath.basename(name) == MANIFEST for name in names)


class _Package:
    """An archive; `root` is the folder of its manifest, which some programs put into another one."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self.archive = archive
        self.names = {each.filename for each in archive.infolist() if not each.is_dir()}
        found = [each for each in self.names if posixpath.basename(each) == MANIFEST]
        self.manifest = min(found, key=lambda each: (each.count("/"), each), default="")
        self.root = posixpath.dirname(self.manifest)

    def find(self, address: str, folder: str) -> str:
        """The name of the file that an address in a folder of the package leads to; "" where there is none."""
        path = unquote(address.partition("#")[0].partition("?")[0])
        for base in (folder, self.root):
            name = posixpath.normpath(posixpath.join(base, path))
            if name in self.names:
                return name
        return ""


@dataclass(frozen=True)
class _Item:
    """What a package says of an item: where its files are, what its metadata hold."""

    open: Callable[[str], bytes | None]
    values: dict[str, str] = field(default_factory=dict)
    own: Element | None = None


class _Reader:
    def __init__(self, gathering: Gathering) -> None:
        self.gathering = gathering
        self.fixed, self.unsaid = Counted(), Counted()
        self.file = ""

    def read_package(self, package: _Package) -> Header:
        if not package.manifest:
            self.gathering.fault("zip_without_bank")
            return Header()
        self.file = package.manifest
        manifest = _plain(read_xml(package.archive.read(package.manifest)))
        resources = [each for parent in manifest.all("resources") for each in parent.all("resource")]
        items = [each for each in resources if _ITEM.fullmatch(each.get("type"))]
        if not items:
            old = any(_OLD.fullmatch(each.get("type")) for each in resources)
            self.gathering.fault("qti_version" if old else "qti_without_items", self.file, manifest.line)
        bases = [manifest.get("xml:base"), *(each.get("xml:base") for each in manifest.all("resources"))]
        listed: set[str] = set()
        for resource in items:
            folder = posixpath.join(package.root, *bases, resource.get("xml:base"))
            address = resource.get("href") or next((each.get("href") for each in resource.all("file")), "")
            name = package.find(address, folder)
            if not name:
                self.file = package.manifest
                self.gathering.fault("package_file_missing", self.file, resource.line, name=address[:100])
                continue
            self.read_member(package, name, resource.first("metadata"))
            listed.add(name)
        self.tell_of_unlisted(package, listed)
        return read_own_bank(_metadata(manifest.first("metadata"))) or Header()

    def tell_of_unlisted(self, package: _Package, listed: set[str]) -> None:
        others = sorted(name for name in package.names - listed if name.lower().endswith(".xml"))
        items = [name for name in others if root_name(package.archive.read(name)) in ROOTS]
        if items:
            names = "、".join(items[:5]) + ("…" if len(items) > 5 else "")
            self.gathering.fault("items_unlisted", package.manifest, severity=WARNING, names=names)

    def read_member(self, package: _Package, name: str, metadata: Element | None) -> None:
        folder = posixpath.dirname(name)

        def open_file(address: str) -> bytes | None:
            found = package.find(address, folder)
            return package.archive.read(found) if found else None

        elements = _metadata(metadata)
        values, own = read_own_question(elements)
        item = _Item(open_file, _described(elements) | values, own)
        try:
            self.read_item(name, package.archive.read(name), item)
        except Unreadable as error:  # the other items may have faults of their own to tell of
            self.gathering.unreadable(error, name)

    def read_item(self, file: str, content: bytes, item: _Item) -> None:
        self.file = file
        root = read_xml(content)
        if root.tag == "questestinterop":
            self.gathering.fault("qti_version", file, root.line)
        elif root.tag not in ROOTS:
            self.gathering.fault("xml_not_questions", file, root.line, root=root.tag)
        else:
            _Reading(self, file, root, item).read()


def _metadata(metadata: Element | None) -> list[Element]:
    """The elements of some metadata, those inside the learning object's metadata among them."""
    found = list(metadata.elements) if metadata else []
    return [*found, *(inner for each in found if each.tag == "lom" for inner in each.elements)]


def _described(elements: Iterable[Element]) -> dict[str, str]:
    """What general metadata say that we know: difficulty and subject."""
    values: dict[str, str] = {}
    for element in elements:
        if element.tag == "educational":
            word = element.text("difficulty", "value").strip().lower()
            if word in _DIFFICULTIES:
                values["difficulty"] = _DIFFICULTIES[word]
        elif element.tag == "classification" and element.text("purpose", "value").strip().lower() in _SUBJECTS:
            taxons = [taxon for path in element.all("taxon-path")[:1] for taxon in path.all("taxon")]
            if taxons:  # from the general to the particular, and each in several languages
                entry = taxons[-1].first("entry")
                title = next((each.text().strip() for each in (entry.elements if entry else ())), "")
                values["topic"] = f"{taxons[-1].text('id').strip()} {title}".strip()
    return values


def _plain(element: Element) -> Element:
    """The element and all inside with names as QTI 3 writes them, without their qti-."""
    element.tag = _kebab(element.tag).removeprefix("qti-")
    element.attributes = {_kebab(name): value for name, value in element.attributes.items()}
    for child in element.elements:
        _plain(child)
    return element


@lru_cache(maxsize=4096)  # a file has few names, and each many times
def _kebab(name: str) -> str:
    return _CAPITAL.sub(r"-\1", name).lower()


class _Reading:
    """The reading of one item."""

    def __init__(self, reader: _Reader, file: str, root: Element, item: _Item) -> None:
        self.reader = reader
        self.item = item
        self.new_names = root.tag.startswith("qti-")
        self.root = _plain(root)
        self.entry = Gathered(reader.gathering, file, root.line)
        self.feedback: list[str] = []

    def read(self) -> None:
        entry, root = self.entry, self.root
        code = root.get("identifier")
        if len(code) <= 40 and code.split() == [code]:
            entry.put("code", code, root.line, "identifier")
        entry.values |= self.item.values
        body = self.only(root, "item-body", "stem")
        if body is None or (foreign := self.foreign(body)):
            entry.put("stem", self.text("stem", body, quiet=True) if body else "")
            entry.close(foreign=foreign if body else self.named("assessment-item"))
            return
        interaction = next(each for each in body.descendants() if each.tag == "choice-interaction")
        entry.put("stem", "", (interaction.first("prompt") or body).line, "prompt")
        entry.values["stem"] = self.text("stem", body)
        self.read_choice(interaction)
        self.read_feedback(body)
        for each in self.item.own.all("file") if self.item.own else []:  # pictures of what is in our own elements
            entry.picture("", each.get("href"), "", self.item.open(each.get("href")))
        entry.close()

    def only(self, parent: Element, tag: str, field: str) -> Element | None:
        """The child of that name. A second one is complained of: the ends of two items may have got lost."""
        found = parent.all(tag)
        if len(found) > 1:
            self.entry.fault("name_doubled", field, name=self.named(tag))
        return found[0] if found else None

    def foreign(self, body: Element) -> str:
        """The name of the item's kind, if it isn't one choice and nothing else."""
        kinds = [each.tag for each in body.descendants() if each.tag.endswith("-interaction")]
        parts = [each.tag for each in self.root.elements]
        for tag in ("template-declaration", "template-processing", "assessment-stimulus-ref"):
            if tag in parts:
                return self.named(tag)
        if kinds == ["choice-interaction"]:
            return ""
        names = [self.named(kind) for kind in dict.fromkeys(kinds)] or [self.named("assessment-item")]
        return "、".join(names) if len(kinds) < 2 or len(names) > 1 else f"{names[0]} × {len(kinds)}"

    def named(self, tag: str) -> str:
        """A name as the item's version writes it."""
        return f"qti-{tag}" if self.new_names else re.sub(r"-(\w)", lambda found: found[1].upper(), tag)

    def text(self, name: str, element: Element, *, quiet: bool = False) -> str:
        def picture(address: str, words: str) -> str:
            return words if quiet else self.entry.picture(name, address, words, self.content(address))

        def refuse(what: str) -> None:
            if not quiet:
                self.entry.refuse(name, what)

        return text_of_element(element, picture, refuse, _apart)

    def content(self, address: str) -> bytes | None:
        """The bytes of a picture; None where the package hasn't got it."""
        if address.startswith("data:image/") and ";base64," in address[:100]:
            try:
                return base64.b64decode("".join(address.partition(",")[2].split()), validate=True)
            except ValueError:
                return b""
        return None if re.match(r"[A-Za-z][A-Za-z0-9+.-]*:|//", address) else self.item.open(address)

    def read_choice(self, interaction: Element) -> None:
        entry = self.entry
        choices = interaction.all("simple-choice")
        response, line = self.response(interaction.get("response-identifier"))
        most = interaction.get("max-choices", "1")
        single = not response.multiple or most == "1"
        entry.put("type", "single" if single else "multiple", interaction.line, self.named("choice-interaction"))
        entry.put("key", "", line, self.named("correct-response"))
        if not entry.options(len(choices)):
            return
        for letter, choice in zip(LETTERS, choices, strict=False):
            entry.put(letter, "", choice.line, f"{self.named('simple-choice')} {choice.get('identifier')}")
            entry.values[letter] = self.text(letter, choice)
            for part in choice.descendants():
                if part.tag in ("feedback-inline", "feedback-block") and (said := self.text("explanation", part)):
                    self.feedback.append(f"{entry.values[letter]}：{said}")
        self.read_key(response, choices, 1 if single else len(choices))
        if most.isdecimal() and 0 < int(most[:6]) < len(entry.values["key"]):
            self.contradiction(f"{self.named('max-choices')} {most}", entry.values["key"])
        if single and self.item.values.get("type") != "single":
            self.turn_into_judgement()
        fixed = any(choice.get("fixed") == "true" for choice in choices) or interaction.get("shuffle") == "false"
        if fixed and entry.values["type"] != "judge":
            self.reader.fixed.numbers.append(entry.number)

    def response(self, identifier: str) -> tuple[Response, int]:
        """The declaration of the interaction's response, and its line."""
        declared = [each for each in self.root.all("response-declaration") if each.get("identifier") == identifier]
        if len(declared) > 1:
            self.entry.fault("name_doubled", "key", name=identifier[:100])
        for each in declared[:1]:
            correct = self.only(each, "correct-response", "key")
            values = frozenset(value.text().strip() for value in correct.all("value")) if correct else frozenset()
            mapping = self.only(each, "mapping", "key")
            points = _points(mapping) if mapping else None
            return Response(identifier, each.get("cardinality"), values, points), (correct or each).line
        return Response(identifier, "single", frozenset(), None), self.root.line

    def read_key(self, response: Response, choices: list[Element], most: int) -> None:
        entry = self.entry
        names = [choice.get("identifier") for choice in choices]
        doubled = next((name for name in names if names.count(name) > 1), None)
        scored = response.mapping.right if response.mapping else response.correct
        unknown = (response.correct | scored) - set(names)
        if doubled is not None:
            entry.fault("name_doubled", "key", name=doubled)
            return
        if unknown:
            entry.fault("key_outside_options", "key", value=" ".join(sorted(unknown))[:100])
            return
        if response.cardinality not in ("single", "multiple"):
            entry.scoring(f"cardinality {response.cardinality}")
            return
        if scored and not response.correct <= scored:
            self.contradiction(f"correctResponse {_joined(response.correct)}", f"mapping {_joined(scored)}")
            return
        if self.root.get("adaptive") == "true":
            entry.scoring("adaptive")
            return
        try:
            outcomes = {
                each.get("identifier"): default_value(
                    each.get("base-type"), each.text("default-value", "value").strip()
                )
                for each in self.root.all("outcome-declaration")
            }
            key = key_of(response, tuple(names), most, self.only(self.root, "response-processing", "key"), outcomes)
        except NotOurs as error:
            entry.scoring(error.words[:200])
            return
        entry.values["key"] = letters(sum(1 << names.index(name) for name in key))

    def contradiction(self, first: str, second: str) -> None:
        self.entry.fault("key_contradictory", "key", first=first[:100], second=second[:100])

    def turn_into_judgement(self) -> None:
        """QTI has no kind of its own for true or false: they are two options in words that can't be mistaken."""
        values = self.entry.values
        truths = [read_truth(values[letter]) for letter in LETTERS if letter in values]
        if len(truths) != 2 or set(truths) != {True, False}:
            return
        values["type"] = "judge"
        if values["key"] in ("A", "B"):
            values["key"] = "正确" if truths["AB".index(values["key"])] else "错误"

    def read_feedback(self, body: Element) -> None:
        """What is said after the answer, if it is the same whatever was answered."""
        said = [*self.root.all("modal-feedback"), *_feedback_blocks(body)]
        first = said[0].line if said else 0
        self.entry.put("explanation", "", first, self.named("modal-feedback"))
        texts = dict.fromkeys(filter(None, [self.text("explanation", each) for each in said]))
        if len(texts) > 1:
            self.reader.unsaid.numbers.append(self.entry.number)
            texts = {}
        self.entry.values["explanation"] = "\n".join([*texts, *self.feedback])


def _apart(element: Element) -> bool:
    """What stands among a text and is none of it: choices, feedback, and what candidates don't see."""
    if element.tag == "rubric-block":
        return "candidate" not in element.get("view").split()
    return element.tag in ("simple-choice", "feedback-inline", "feedback-block", "stylesheet", "catalog-info")


def _feedback_blocks(body: Element) -> Iterator[Element]:
    """The feedback in the body that is not an option's own."""
    for part in body.elements:
        if part.tag in ("feedback-inline", "feedback-block"):
            yield part
        elif part.tag != "simple-choice":
            yield from _feedback_blocks(part)


def _points(mapping: Element) -> Mapping_:
    """A mapping; what can't be read as a number is NaN, which is like nothing that we give."""
    entries = {each.get("map-key"): number_in(each.get("mapped-value")) for each in mapping.all("map-entry")}
    lower, upper = number_in(mapping.get("lower-bound", "-INF")), number_in(mapping.get("upper-bound", "INF"))
    return Mapping_(entries, number_in(mapping.get("default-value", "0")), lower, upper)


def _joined(names: Iterable[str]) -> str:
    return "+".join(sorted(names))
