"""A content as the project's folder on disk, as banks are kept in git: written file by file, then read back."""

from collections.abc import Mapping
from pathlib import Path

from quizapp.banks.checking.checks import check_source
from quizapp.banks.content import POOLS, BankContent, content_digest
from quizapp.banks.formats.gathering import Unreadable
from quizapp.banks.formats.own.documents import read_document
from quizapp.banks.formats.own.package import BANK_FILES, DOCUMENTS, folder_files
from quizapp.banks.reading import read_path
from quizapp.errors import Refused


def export_folder(folder: Path, content: BankContent, pictures: Mapping[str, bytes], *, replace: bool = False) -> str:
    """Write the content's folder, in place of an older one of the same bank; the digest of what can be read there then.

    The licence that an older `bank.yaml` names stays. Raises OSError, or Refused where another bank or other files are in
    the way; files of questions that the new folder has no use for are removed only if `replace`.
    """
    header = _header_of(folder)
    if header.get("code", content.code) != content.code:
        raise Refused("folder_of_other_bank", found=header["code"], wanted=content.code)
    if not header and folder.is_dir() and any(folder.iterdir()):
        raise Refused("folder_not_bank")
    files = folder_files(content, pictures, license_name=header.get("license", ""))
    old = [path for path in _documents(folder) if path not in files]
    if old and not replace:
        raise Refused("folder_has_more", names="、".join(old[:5]) + ("…" if len(old) > 5 else ""))
    for path, data in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    for path in old:
        (folder / path).unlink()
    return content_digest(check_source(read_path(folder), pictures=pictures).content)


def _documents(folder: Path) -> list[str]:
    """The files that the reader takes questions from."""
    found = [each for part in ("", *POOLS) for each in sorted((folder / part).glob("*"))]
    return [each.relative_to(folder).as_posix() for each in found if each.suffix.lower() in DOCUMENTS]


def _header_of(folder: Path) -> dict[str, str]:
    """What the folder's bank file says in texts; nothing where there is none."""
    for name in BANK_FILES:
        if (folder / name).is_file():
            try:
                root = read_document((folder / name).read_bytes(), as_json=name.endswith(".json"))
            except Unreadable as error:
                raise Refused("folder_not_bank") from error
            members = root.value if isinstance(root.value, dict) else {}
            return {key: node.value for key, node in members.items() if isinstance(node.value, str)}
    return {}
