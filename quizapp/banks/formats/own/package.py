"""The project's folder with pictures, on disk or as a .zip: `bank.yaml`, `formal/`, `practice/`, `pictures/`. Pure.

In its texts a picture is named by its file, `![what it shows](pictures/chart.png)`: people and other programs then see it
where it belongs. Files without their folder name pictures so in vain, and are told.
"""

import contextlib
import posixpath
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from urllib.parse import unquote

from quizapp.banks.content import POOLS, BankContent, English, Question, pictures_of
from quizapp.banks.entries import Entry, Header, Source
from quizapp.banks.findings import WARNING
from quizapp.banks.formats.gathering import Gathered, Gathering, Unreadable
from quizapp.banks.formats.own import project
from quizapp.banks.formats.own.documents import Node, read_document
from quizapp.banks.formats.own.folder import write_folder
from quizapp.banks.formats.xml.html import is_picture
from quizapp.banks.pictures import TOKEN
from quizapp.errors import Invalid
from quizapp.web.archives import make_archive, open_archive

DOCUMENTS = (".yaml", ".yml", ".json")
BANK_FILES = ("bank.yaml", "bank.yml", "bank.json")
PICTURES = "pictures"
FOLDER_FILES = 500
FILE_BYTES = 8 * 1024 * 1024

OpenFile = Callable[[str], bytes]

_NAMED = re.compile(r"!\[([^\[\]\n]{0,200})\]\(([^()\s]+)\)")


def read_package(name: str, content: bytes) -> Source:
    """A zipped folder, which may itself be inside a folder. Raises Invalid for a damaged archive."""
    archive = open_archive(content)
    names = [each.filename for each in archive.infolist() if not each.is_dir()]
    names = [
        each for each in names if not each.startswith("__MACOSX/") and not posixpath.basename(each).startswith(".")
    ]
    heads = [each for each in names if posixpath.basename(each) in BANK_FILES]
    if not heads:
        gathering = Gathering(name)
        gathering.fault("zip_without_bank")
        return gathering.source(Header())
    root = posixpath.dirname(min(heads, key=lambda each: each.count("/")))
    inside = [posixpath.relpath(each, root or ".") for each in names if not root or each.startswith(f"{root}/")]
    return read_folder(name, inside, lambda path: archive.read(posixpath.join(root, path)))


def read_folder(name: str, files: Iterable[str], open_file: OpenFile) -> Source:
    """A folder with these files, by their paths from it. Whatever `open_file` raises is passed on."""
    gathering = Gathering(name)
    known = set(files)
    documents = sorted((each for each in known if each.lower().endswith(DOCUMENTS)), key=lambda each: each.split("/"))
    used = [each for each in documents if posixpath.dirname(each) in ("", *POOLS)]
    heads = [each for each in used if each in BANK_FILES]
    if len(heads) != 1:
        gathering.fault("folder_without_bank")
    elif len(used) > FOLDER_FILES:
        gathering.fault("folder_too_large", most=FOLDER_FILES)
    if gathering.findings:
        return gathering.source(Header())
    nodes: list[tuple[str, Node]] = []
    for path in [heads[0], *(each for each in used if each != heads[0])]:
        try:
            nodes.append((path, _read(path, open_file)))
        except Unreadable as error:
            gathering.unreadable(error, path)
            return gathering.source(Header())
    source = with_pictures(project.read_folder(name, nodes[0], nodes[1:]), known, open_file)
    unused = [each for each in documents if each not in used]
    if not unused:
        return source
    gathering.fault("files_unused", severity=WARNING, names="、".join(unused[:5]) + ("…" if len(unused) > 5 else ""))
    return replace(source, findings=(*source.findings, *gathering.findings))


def _read(path: str, open_file: OpenFile) -> Node:
    content = open_file(path)
    if len(content) > FILE_BYTES:
        raise Unreadable("file_too_large", 0, most=FILE_BYTES // 1024**2)
    return read_document(content, as_json=path.lower().endswith(".json"))


def with_pictures(source: Source, files: Iterable[str] = (), open_file: OpenFile | None = None) -> Source:
    """The source with the pictures that its texts name by file. One that isn't among `files` is a finding."""
    reader = _Pictures(source, set(files), open_file)
    entries = tuple(reader.named(number, entry) for number, entry in enumerate(source.entries))
    found = reader.gathering
    return replace(source, entries=entries, findings=(*source.findings, *found.findings), pictures=found.pictures)


class _Pictures:
    def __init__(self, source: Source, files: set[str], open_file: OpenFile | None) -> None:
        self.gathering = Gathering(source.name)
        self.files = files
        self.open_file = open_file

    def named(self, number: int, entry: Entry) -> Entry:
        """The entry with pictures named by digest."""
        if not any("](" in text for text in entry.values.values()):
            return entry
        within = Gathered(self.gathering, entry.where().file, entry.where().line, number)
        within.places = entry.places
        values = {name: self.in_text(within, name, text) for name, text in entry.values.items()}
        return replace(entry, values=values, unread=entry.unread | within.unread)

    def in_text(self, within: Gathered, name: str, text: str) -> str:
        folder = posixpath.dirname(within.file)

        def picture(found: re.Match[str]) -> str:
            words, address = found.groups()
            if TOKEN.fullmatch(found[0]):
                self.bring(address.removeprefix("sha256:"))
            elif is_picture(address.partition("?")[0]):
                return within.picture(name, address, words, self.content(address, folder))
            return found[0]

        return _NAMED.sub(picture, text)

    def bring(self, digest: str) -> None:
        """The picture of a digest, if the folder has it: that of another is not taken for it."""
        content = self.content(f"{PICTURES}/{digest}.png", "")
        with contextlib.suppress(Invalid):  # then it is missing, and the check says where
            if content is not None:
                self.gathering.picture(content)

    def content(self, address: str, folder: str) -> bytes | None:
        """The bytes of a file named from the whole folder, or from the document's own."""
        for base in ("", folder):
            path = posixpath.normpath(posixpath.join(base, unquote(address)))
            if path in self.files and self.open_file:
                return self.open_file(path)
        return None


def folder_files(content: BankContent, pictures: Mapping[str, bytes], *, license_name: str = "") -> dict[str, bytes]:
    """The files of the content's folder with its pictures, PNG files by digest; each by its path."""
    shown = sorted(pictures_of(content) & set(pictures))
    texts = write_folder(_naming_files(content, shown), license_name=license_name)
    files = {path: text.encode() for path, text in texts.items()}
    return files | {f"{PICTURES}/{digest}.png": pictures[digest] for digest in shown}


def write_package(content: BankContent, pictures: Mapping[str, bytes]) -> bytes:
    """The folder as a .zip."""
    return make_archive(folder_files(content, pictures))


def _naming_files(content: BankContent, digests: Collection[str]) -> BankContent:
    def named(text: str) -> str:
        return TOKEN.sub(
            lambda found: f"![{found[1]}]({PICTURES}/{found[2]}.png)" if found[2] in digests else found[0], text
        )

    def renamed(question: Question) -> Question:
        english = question.english
        return replace(
            question,
            stem=named(question.stem),
            options=tuple(map(named, question.options)),
            explanation=named(question.explanation),
            reference=named(question.reference),
            english=english
            and English(named(english.stem), tuple(map(named, english.options)), named(english.explanation)),
        )

    return replace(content, questions=tuple(map(renamed, content.questions))) if digests else content
