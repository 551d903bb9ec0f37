"""What one check found, and where, as plain values. The sentences are in `messages`."""

from dataclasses import asdict, dataclass, field
from typing import Any, TypeAlias

ERROR = "error"
WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Where:
    """A place in what was uploaded: sheet, row and column, or file, line (or paragraph) and field.

    What does not apply is empty or 0.
    """

    file: str = ""
    sheet: str = ""
    row: int = 0
    column: str = ""
    line: int = 0
    field: str = ""
    paragraph: int = 0

    def to_json(self) -> dict[str, Any]:
        """The parts that apply."""
        return {name: value for name, value in asdict(self).items() if value}


@dataclass(frozen=True, slots=True)
class Finding:
    """`facts` fill the places of the code's sentence, `quoted` is what stands there, `entry` counts questions from 0."""

    severity: str
    code: str
    where: Where
    facts: dict[str, Any] = field(default_factory=dict)
    quoted: str = ""
    entry: int | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault of a question of a content, by its number from 0, or with None of the whole: a finding that has no place yet."""

    severity: str
    code: str
    number: int | None = None
    field: str = ""
    facts: dict[str, Any] | None = None


# A fault of the question at hand: severity, code, field, facts.
Remark: TypeAlias = tuple[str, str, str, dict[str, Any]]
