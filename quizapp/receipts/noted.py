"""Files that people keep and bring to a check: receipts, draws, and the keys that they noted."""

from pathlib import Path
from typing import Any

import click

from quizapp.signing import parsed


def read_noted(path: Path) -> Any:
    """What a published file holds. Raises UsageError for what is none (`signing.parsed`)."""
    try:
        return parsed(path.read_bytes())
    except ValueError:
        raise click.UsageError(
            f"{path.name} 不是公布的 JSON 文件，或被改过，请重新下载。 "
            "It is no JSON file as it was published: download it again."
        ) from None


def read_keys(path: Path) -> dict[str, str]:
    """Key id → public key. Raises UsageError for what is no file of keys."""
    try:
        return {key["id"]: key["public"] for key in read_noted(path)["keys"]}
    except (KeyError, TypeError):
        raise click.UsageError(
            f"{path.name} 不是公钥文件，请重新下载。 It is no file of keys: download it again."
        ) from None


def read_days(path: Path) -> list[Any]:
    """Signed days, the oldest first. Raises UsageError for what is no file of days."""
    try:
        return list(read_noted(path)["days"])
    except (KeyError, TypeError):
        raise click.UsageError(
            f"{path.name} 不是每日根值文件，请重新下载。 It is no file of days: download it again."
        ) from None
