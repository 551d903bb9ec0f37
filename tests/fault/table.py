"""The table of the faults: printed when the run ends, and written to a file if one is named."""

from dataclasses import dataclass, field
from pathlib import Path

from tests.fault.people import Story

HEAD = (
    "fault",
    "seed",
    "acknowledged",
    "lost",
    "doubled",
    "mis-scored",
    "late-counted",
    "sent again",
    "unavailable s",
    "recovery s",
)


@dataclass(frozen=True)
class Row:
    """What a comparison found: all of it should be 0."""

    lost: int
    doubled: int
    mis_scored: int
    late: int


@dataclass
class Table:
    """`rounds`: how often each fault is done while people answer."""

    seed: int
    rounds: int
    rows: list[tuple[str, ...]] = field(default_factory=list)

    def add(self, fault: str, row: Row, story: Story, recovery_s: float) -> None:
        """Keep a line. Unavailable: the longest time without any acknowledgement; recovery: until everybody had had one."""
        figures = (story.acknowledged, row.lost, row.doubled, row.mis_scored, row.late, story.resent)
        times = (f"{story.unavailable_s:.1f}", f"{recovery_s:.1f}")
        self.rows.append((fault, str(self.seed), *(f"{figure:,}" for figure in figures), *times))

    def text(self) -> str:
        """As Markdown."""
        lines = [HEAD, ("---", *["---:"] * (len(HEAD) - 1)), *self.rows]
        return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"

    def write(self, path: Path) -> None:
        """Write it to a file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.text())
