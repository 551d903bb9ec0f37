"""The names of the boards' keys: the one place where they are built.

Every key of a competition's boards carries the hash tag `{b<competition>}`. A rebuild writes a new generation beside the
old one and then points `live` at it, so that a page never sees half a board.
"""

from dataclasses import dataclass

PEOPLE_A_BUCKET = 100  # small hashes are kept packed: 100 people cost a sixth of 100 keys


def live_key(competition: int) -> str:
    """Hash: the generation in force, the version of its content, the time of its data and how it is ordered."""
    return f"{{b{competition}}}:live"


def generation_key(competition: int) -> str:
    """Counter: the last generation begun."""
    return f"{{b{competition}}}:generation"


def rebuilding_key(competition: int) -> str:
    """Text that expires: who is rebuilding the boards."""
    return f"{{b{competition}}}:rebuilding"


def any_key(competition: int) -> str:
    """A pattern for SCAN that all generations' keys match, and the keys above do not."""
    return f"{{b{competition}}}:[0-9]*"


@dataclass(frozen=True, slots=True)
class BoardKeys:
    """The keys of one generation of a competition's boards."""

    competition: int
    generation: int

    @property
    def prefix(self) -> str:
        """What all keys of the generation begin with."""
        return f"{{b{self.competition}}}:{self.generation}:"

    @property
    def people(self) -> str:
        """Sorted set: everybody by packed score, member by `ranking.member`."""
        return f"{self.prefix}people"

    @property
    def histogram(self) -> str:
        """Hash: score in hundredths → how many people have it."""
        return f"{self.prefix}histogram"

    @property
    def figures(self) -> str:
        """Hash: "units:<id>", "regions:<code>", "industries:<code>" or "total" → figures as JSON."""
        return f"{self.prefix}figures"

    def unit_people(self, unit: int) -> str:
        """Sorted set like `people`: those of a unit and all units below it."""
        return f"{self.prefix}unit:{unit}"

    def person_bucket(self, account: int) -> str:
        """Hash: account → where the person stands, of the accounts that share a bucket."""
        return f"{self.prefix}person:{account // PEOPLE_A_BUCKET}"

    def order(self, board: str, scope: str, order: str) -> str:
        """Sorted set of a board of units, regions or industries: subjects by the negated value of one order."""
        return f"{self.prefix}order:{board}:{scope}:{order}"
