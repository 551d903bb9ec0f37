"""Checked uploads of tables wait for their confirmation in SQL: any web host may get it."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "staged_tables",
        sa.Column("token", sa.String(length=32), nullable=False),
        sa.Column("purpose", sa.String(length=80), nullable=False),
        sa.Column("tables", sa.JSON(), nullable=False),
        sa.Column("staged_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("token", name=op.f("pk_staged_tables")),
    )
    op.create_index(op.f("ix_staged_tables_staged_at"), "staged_tables", ["staged_at"])


def downgrade() -> None:
    op.drop_table("staged_tables")
