"""What corrections say of single attempts and questions, for a person's own pages: void attempts and corrected keys.

What was corrected before is taken from the snapshots in force.
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

snapshot = sa.table("snapshot", sa.column("competition_id"), sa.column("number"), sa.column("changes", sa.JSON()))


def upgrade() -> None:
    corrected_key = op.create_table(
        "corrected_key",
        sa.Column("competition_id", BigId, nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("key", sa.String(length=8), nullable=True),
        sa.ForeignKeyConstraint(["competition_id"], ["competition.id"], name=op.f("fk_corrected_key_competition_id")),
        sa.PrimaryKeyConstraint("competition_id", "code", name=op.f("pk_corrected_key")),
    )
    void_attempt = op.create_table(
        "void_attempt",
        sa.Column("competition_id", BigId, nullable=False),
        sa.Column("account_id", BigId, nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["competition_id"], ["competition.id"], name=op.f("fk_void_attempt_competition_id")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_void_attempt_account_id")),
        sa.ForeignKeyConstraint(
            ["competition_id", "account_id", "ordinal"],
            ["attempt.competition_id", "attempt.account_id", "attempt.ordinal"],
            name="fk_void_attempt",
        ),
        sa.PrimaryKeyConstraint("competition_id", "account_id", "ordinal", name=op.f("pk_void_attempt")),
    )
    rows = sa.select(snapshot.c.competition_id, snapshot.c.changes).order_by(snapshot.c.number)
    in_force = {row.competition_id: row.changes for row in op.get_bind().execute(rows)}  # the latest comes last
    keys, void = [], []
    for competition, changes in in_force.items():
        of = {"competition_id": competition}
        for change in changes:
            if change["kind"] == "question":
                keys.append({**of, "code": change["question"], "key": change["key"]})
            elif change["kind"] == "void":
                void.append({**of, "account_id": change["account"], "ordinal": change["ordinal"]})
    op.bulk_insert(corrected_key, keys)
    op.bulk_insert(void_attempt, void)


def downgrade() -> None:
    op.drop_table("void_attempt")
    op.drop_table("corrected_key")
