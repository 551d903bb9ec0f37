"""From a content to a file: what banks can leave as. The one road of the page's downloads and the command line."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from quizapp.banks.checking.checks import check_source
from quizapp.banks.content import BankContent, content_digest, content_to_json
from quizapp.banks.entries import Header
from quizapp.banks.formats.own import package, project
from quizapp.banks.formats.tables import template
from quizapp.banks.formats.text import gift
from quizapp.banks.formats.xml import moodle, qti_writer
from quizapp.banks.reading import read_upload
from quizapp.web.downloads import XLSX

# PNG files by digest: the pictures that the content names. A format without a place for them keeps their names.
Pictures: TypeAlias = Mapping[str, bytes]


@dataclass(frozen=True)
class FileKind:
    """A kind of file: how people call it, what its name ends with, and how its bytes are made."""

    label: str | LazyString
    ending: str
    media_type: str
    write: Callable[[BankContent, Pictures], bytes]

    def gives_back(self, content: BankContent, data: bytes, pictures: Pictures) -> bool:
        """Whether the file reads back to the same digest."""
        header = Header(content.code, content.title, content.topics)  # CSV has no place for it
        # A bank with many pictures may make a file that is larger than an upload may be.
        source = read_upload(f"export.{self.ending}", data, most_bytes=len(data))
        again = check_source(source, bank=header, pictures=pictures).content
        return content_digest(again) == content_digest(content)


def _json(content: BankContent, _pictures: Pictures) -> bytes:
    return (json.dumps(content_to_json(content), ensure_ascii=False, indent=2) + "\n").encode()


FILE_KINDS: tuple[FileKind, ...] = (
    FileKind("Excel", "xlsx", XLSX, template.write_xlsx),
    FileKind("CSV", "csv", "text/csv; charset=utf-8", lambda content, _pictures: template.write_csv(content)),
    FileKind(
        "YAML",
        "yaml",
        "application/yaml; charset=utf-8",
        lambda content, _pictures: project.write_yaml(content).encode(),
    ),
    FileKind("JSON", "json", "application/json", _json),
    FileKind("GIFT", "gift", "text/plain; charset=utf-8", gift.write_gift),
    FileKind("Moodle XML", "xml", "application/xml", moodle.write_moodle),
    FileKind("QTI 3.0", "qti.zip", "application/zip", qti_writer.write_qti),
    FileKind(_l("题库文件夹（.zip）"), "zip", "application/zip", package.write_package),
)


def kind_of(name: str) -> FileKind | None:
    """The kind of a file by its name; of two endings that fit, the longer one."""
    fitting = [kind for kind in FILE_KINDS if f".{name.lower()}".endswith(f".{kind.ending}")]
    return max(fitting, key=lambda kind: len(kind.ending), default=None)
