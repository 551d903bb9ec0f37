"""Interruptions that are given back, and the pauses that have ended, which are not given back again."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "interruption",
        sa.Column("id", BigId, nullable=False),
        sa.Column("competition_id", BigId, nullable=False),
        sa.Column("begun_ms", sa.BigInteger(), nullable=False),
        sa.Column("over_ms", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("declared_by_id", BigId, nullable=True),
        sa.Column("declared_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("over_ms > begun_ms", name=op.f("ck_interruption_span_forward")),
        sa.ForeignKeyConstraint(["competition_id"], ["competition.id"], name=op.f("fk_interruption_competition_id")),
        sa.ForeignKeyConstraint(["declared_by_id"], ["account.id"], name=op.f("fk_interruption_declared_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_interruption")),
    )
    op.create_index(op.f("ix_interruption_competition_id"), "interruption", ["competition_id"], unique=False)
    op.create_table(
        "pause",
        sa.Column("competition_id", BigId, nullable=False),
        sa.Column("begun_ms", sa.BigInteger(), nullable=False),
        sa.Column("over_ms", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("over_ms >= begun_ms", name=op.f("ck_pause_span_forward")),
        sa.ForeignKeyConstraint(["competition_id"], ["competition.id"], name=op.f("fk_pause_competition_id")),
        sa.PrimaryKeyConstraint("competition_id", "begun_ms", name=op.f("pk_pause")),
    )


def downgrade() -> None:
    op.drop_table("pause")
    op.drop_index(op.f("ix_interruption_competition_id"), table_name="interruption")
    op.drop_table("interruption")
