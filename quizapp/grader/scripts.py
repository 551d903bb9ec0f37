"""The Lua scripts: one file a step, named by the digest of its text, so that old and new processes run side by side."""

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "lua"
_INCLUDE = re.compile(r"^--@include (\w+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Script:
    """One step as the store gets it: `text` with its includes, `digest` the name for EVALSHA."""

    name: str
    text: str
    digest: str


@cache
def script(name: str) -> Script:
    """The script of a step."""
    source = (FOLDER / f"{name}.lua").read_text(encoding="utf-8")
    text = _INCLUDE.sub(lambda found: (FOLDER / "include" / f"{found[1]}.lua").read_text(encoding="utf-8"), source)
    return Script(name, text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())
