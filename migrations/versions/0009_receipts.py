"""The ledger of receipts, its days and the published keys, with triggers: what is in it is refused every change.

A migration that rebuilds one of these tables on SQLite (batch mode) drops its triggers and must make them again.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

TABLES = {
    "receipt_entry": "day = NEW.day AND position = NEW.position OR competition_id = NEW.competition_id"
    " AND account_id = NEW.account_id AND ordinal = NEW.ordinal",
    "receipt_day": "day = NEW.day",
    "published_key": "id = NEW.id",
}
# Nothing goes into a day that has its root, nor into one before it; nor does such a day get another root.
PAST = "EXISTS (SELECT 1 FROM receipt_day WHERE day >= NEW.day)"


def upgrade() -> None:
    # Not in batch mode: the table may be large.
    op.add_column("attempt", sa.Column("receipted", sa.Boolean(), nullable=False, server_default=sa.false()))
    where = sa.text("submitted_ms IS NOT NULL AND NOT receipted")
    op.create_index(
        "ix_attempt_unreceipted",
        "attempt",
        ["competition_id", "account_id", "ordinal"],
        sqlite_where=where,
        postgresql_where=where,
    )
    op.create_table(
        "receipt_entry",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("competition_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.LargeBinary(length=16), nullable=False),
        sa.Column("answers", sa.LargeBinary(length=32), nullable=False),
        sa.Column("ended_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["competition_id", "account_id", "ordinal"],
            ["attempt.competition_id", "attempt.account_id", "attempt.ordinal"],
            name="fk_receipt_entry_attempt",
        ),
        sa.PrimaryKeyConstraint("day", "position", name=op.f("pk_receipt_entry")),
        sa.UniqueConstraint("competition_id", "account_id", "ordinal", name="uq_receipt_entry_attempt"),
    )
    op.create_table(
        "receipt_day",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("root", sa.LargeBinary(length=32), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=16), nullable=False),
        sa.Column("signature", sa.String(length=128), nullable=False),
        sa.Column("blocks", sa.LargeBinary(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("count > 0", name=op.f("ck_receipt_day_count_positive")),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_receipt_day")),
    )
    op.create_table(
        "published_key",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("public", sa.String(length=64), nullable=False),
        sa.Column("first_used_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_published_key")),
    )
    if op.get_bind().dialect.name == "sqlite":
        for table, same in TABLES.items():
            # The last is for INSERT OR REPLACE, which removes the old row without its delete trigger.
            refused = {"UPDATE": "TRUE", "DELETE": "TRUE", "INSERT": f"EXISTS (SELECT 1 FROM {table} WHERE {same})"}
            for deed, when in refused.items():
                _refuse_on_sqlite(table, f"no_{deed.lower()}", deed, when)
        for table in ("receipt_entry", "receipt_day"):
            _refuse_on_sqlite(table, "not_into_the_past", "INSERT", PAST)
        return
    op.execute(
        "CREATE FUNCTION refuse_past_receipt() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF {PAST} THEN RAISE EXCEPTION 'the ledger is immutable' USING ERRCODE = 'restrict_violation'; END IF; "
        "RETURN NEW; END $$"
    )
    for table in TABLES:
        for deed in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{deed.lower()} BEFORE {deed} ON {table} "
                "FOR EACH ROW EXECUTE FUNCTION refuse_immutable()"
            )
        op.execute(f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} EXECUTE FUNCTION refuse_immutable()")
    for table in ("receipt_entry", "receipt_day"):
        op.execute(
            f"CREATE TRIGGER {table}_not_into_the_past BEFORE INSERT ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_past_receipt()"
        )


def _refuse_on_sqlite(table: str, name: str, deed: str, when: str) -> None:
    op.execute(
        f"CREATE TRIGGER {table}_{name} BEFORE {deed} ON {table} WHEN {when} "
        "BEGIN SELECT RAISE(ABORT, 'the ledger is immutable'); END"
    )


def downgrade() -> None:
    op.drop_table("published_key")
    op.drop_table("receipt_day")
    op.drop_table("receipt_entry")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_past_receipt()")
    op.drop_index("ix_attempt_unreceipted", table_name="attempt")
    op.drop_column("attempt", "receipted")
