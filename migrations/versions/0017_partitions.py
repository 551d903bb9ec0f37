"""Attempts and responses lie in a partition for each competition on PostgreSQL. On SQLite nothing changes.

The rows are copied, in both directions, and both tables are locked meanwhile: about a minute for ten million responses. The
recorder waits, and what is acknowledged waits in the streams; pages of attempts wait too, so between two competitions is
the time. It takes as much disk again as the tables have, until the commit.

A season that is over may be set aside as a whole: see the README.
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

KEYS = {
    "attempt": ["competition_id", "account_id", "ordinal"],
    "response": ["competition_id", "account_id", "ordinal", "position"],
}
# Their inner halves, one a partition, have a parent.
POINTING_AT_ATTEMPT = """SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE contype = 'f' AND confrelid = 'attempt'::regclass AND conparentid = 0 ORDER BY 1, 2"""


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        _rebuild(partitioned=True)


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        _rebuild(partitioned=False)


def _rebuild(*, partitioned: bool) -> None:
    pointing = op.get_bind().execute(sa.text(POINTING_AT_ATTEMPT)).all()
    for table, name, _ in pointing:
        op.drop_constraint(name, table, type_="foreignkey")
    for table, key in KEYS.items():
        # The names of keys and indexes are the schema's: they must be free before the new table takes them.
        op.rename_table(table, f"{table}_before")
        op.drop_constraint(f"pk_{table}", f"{table}_before", type_="primary")
        if table == "attempt":
            for name in ("account", "organization", "unreceipted"):
                op.drop_index(f"ix_attempt_{name}", f"{table}_before")
        like = f"CREATE TABLE {table} (LIKE {table}_before INCLUDING DEFAULTS INCLUDING CONSTRAINTS)"
        op.execute(f"{like} PARTITION BY LIST (competition_id)" if partitioned else like)
        if partitioned:
            _make_partitions(table)
        op.execute(f"INSERT INTO {table} SELECT * FROM {table}_before")
        op.drop_table(f"{table}_before")
        op.create_primary_key(f"pk_{table}", table, key)
    op.create_index("ix_attempt_account", "attempt", ["account_id", "competition_id"])
    op.create_index("ix_attempt_organization", "attempt", ["competition_id", "organization_id"])
    op.create_index(
        "ix_attempt_unreceipted",
        "attempt",
        KEYS["attempt"],
        postgresql_where=sa.text("submitted_ms IS NOT NULL AND NOT receipted"),
    )
    for other in ("account", "competition", "organization"):
        op.create_foreign_key(f"fk_attempt_{other}_id", "attempt", other, [f"{other}_id"], ["id"])
    for table, name, definition in pointing:
        op.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")


def _make_partitions(table: str) -> None:
    """One for each competition that has been published, and the net for what belongs to none of them."""
    published = sa.text("SELECT id FROM competition WHERE published_at IS NOT NULL ORDER BY id")
    for competition in op.get_bind().scalars(published).all():
        op.execute(f"CREATE TABLE {table}_{competition} PARTITION OF {table} FOR VALUES IN ({competition})")
    op.execute(f"CREATE TABLE {table}_default PARTITION OF {table} DEFAULT")
