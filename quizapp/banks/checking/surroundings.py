"""What a check knows beside the file: what the organiser chose, and what is there already. Plain values, pure.

The database is read in the web process and the file in a child process (`sandbox`): these go from the one to the other.
"""

from dataclasses import dataclass, field
from datetime import date

from quizapp.banks.checking.checks import Report, check_source
from quizapp.banks.checking.needs import Need
from quizapp.banks.checking.similarity import Earlier
from quizapp.banks.content import BankContent
from quizapp.banks.entries import Header, Source
from quizapp.banks.formats.tables.columns import Columns


@dataclass(frozen=True)
class Choices:
    """What the organiser chose for an upload; what is empty was left to the file.

    `format_name` is one of `reading.FORMATS`. With `leave_out`, questions of kinds that we don't have are left out instead
    of refusing the file. `topic` is that of questions which name none. `columns` says what a table's headings don't.
    """

    bank: str = ""
    title: str = ""
    format_name: str = ""
    leave_out: bool = False
    topic: str = ""
    columns: Columns = field(default_factory=Columns)

    @property
    def header(self) -> Header:
        """The bank as it was chosen."""
        return Header(self.bank, self.title)


@dataclass(frozen=True)
class Surroundings:
    """The bank that the file is for, its newest version, and the digests of those pictures named that are stored already.

    `earlier` are questions of older versions that the newest doesn't have so, `needs` what papers are drawn from it.
    """

    bank: Header = field(default_factory=Header)
    latest: BankContent | None = None
    pictures: frozenset[str] = frozenset()
    earlier: tuple[Earlier, ...] = ()
    needs: tuple[Need, ...] = ()
    today: date | None = None


def check(source: Source, surroundings: Surroundings, choices: Choices) -> Report:
    """The report of a file in its surroundings."""
    return check_source(
        source,
        bank=surroundings.bank,
        latest=surroundings.latest,
        pictures=surroundings.pictures,
        earlier=surroundings.earlier,
        needs=surroundings.needs,
        today=surroundings.today,
        leave_out=choices.leave_out,
        topic=choices.topic,
    )
