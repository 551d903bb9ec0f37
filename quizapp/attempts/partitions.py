"""On PostgreSQL attempts and responses lie in a partition for each competition, which the recorder makes before the first row.

So the index that an answer goes into is that of its own competition, and a season that is over can be set aside as a whole.
What comes without a partition goes into the default one, and stays there: the net that no row falls through.
"""

from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

TABLES = ("attempt", "response")
# To attach a partition takes locks that wait for whoever writes to the tables that it points at, while others wait behind.
# So it gives up soon, long before PostgreSQL looks for deadlocks (1 s), and is tried again.
PATIENCE = "300ms"


def make_partitions(connection: Connection, competition: int) -> bool:
    """Make the competition's partitions, if it has none, in the transaction at hand; whether all is as it should be.

    False: others are writing, roll back and try again. Rows that lie in the default partition already stay there, with all
    that come. On SQLite there is nothing to do.
    """
    if connection.dialect.name != "postgresql" or _has_partitions(connection, competition):
        return True
    try:
        connection.execute(text(f"SET LOCAL lock_timeout = '{PATIENCE}'"))
        # Both default partitions first, in the recorder's order: nobody can put a row into one while it is looked at.
        connection.execute(text("LOCK TABLE attempt_default, response_default"))
        if _has_partitions(connection, competition) or _lies_in_default(connection, competition):
            return True
        for table in TABLES:
            name = f"{table}_{competition}"
            # Attached when it is whole, which stops no one who reads or writes other partitions, as PARTITION OF would.
            connection.execute(text(f"CREATE TABLE {name} (LIKE {table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS)"))
            connection.execute(text(f"ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES IN ({competition})"))
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) != "55P03":  # lock_not_available
            raise
        return False
    return True


def _has_partitions(connection: Connection, competition: int) -> bool:
    return bool(connection.scalar(text("SELECT to_regclass(:name) IS NOT NULL"), {"name": f"response_{competition}"}))


def _lies_in_default(connection: Connection, competition: int) -> bool:
    rows = " OR ".join(f"EXISTS (SELECT FROM {table}_default WHERE competition_id = :competition)" for table in TABLES)
    return bool(connection.scalar(text(f"SELECT {rows}"), {"competition": competition}))
