"""Frozen standings."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "standing",
        sa.Column("competition_id", BigId, nullable=False),
        sa.Column("board", sa.String(length=12), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(length=24), nullable=False),
        sa.Column("organization_id", BigId, nullable=True),
        sa.Column("figures", sa.JSON(), nullable=False),
        sa.CheckConstraint(
            "board IN ('people', 'units', 'regions', 'industries')", name=op.f("ck_standing_board_known")
        ),
        sa.ForeignKeyConstraint(["competition_id"], ["competition.id"], name=op.f("fk_standing_competition_id")),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_standing_organization_id")),
        sa.PrimaryKeyConstraint("competition_id", "board", "place", name=op.f("pk_standing")),
    )
    op.create_index("ix_standing_subject", "standing", ["competition_id", "board", "subject"], unique=False)
    op.create_index(
        "ix_standing_organization", "standing", ["competition_id", "board", "organization_id", "place"], unique=False
    )
    op.create_table(
        "freeze",
        sa.Column("competition_id", BigId, nullable=False),
        sa.Column("frozen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("frozen_by_id", BigId, nullable=True),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("summary", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["competition_id"], ["competition.id"], name=op.f("fk_freeze_competition_id")),
        sa.ForeignKeyConstraint(["frozen_by_id"], ["account.id"], name=op.f("fk_freeze_frozen_by_id")),
        sa.PrimaryKeyConstraint("competition_id", name=op.f("pk_freeze")),
    )


def downgrade() -> None:
    op.drop_table("freeze")
    op.drop_table("standing")
