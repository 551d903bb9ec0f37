"""Who changed a bank version, who has reviewed it, whether it is retired, and how often its questions were drawn."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    # Not in batch mode: rebuilding the table would lose its triggers.
    op.add_column("bank_version", sa.Column("contributors", sa.JSON(), nullable=False, server_default=sa.text("'[]'")))
    with op.batch_alter_table("competition") as batch:
        batch.add_column(sa.Column("bank_four_eyes", sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("competition") as batch:
        batch.alter_column("bank_four_eyes", existing_type=sa.Boolean(), server_default=None)
    op.create_table(
        "version_retirement",
        sa.Column("version_id", BigId, nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_by_id", BigId, nullable=True),
        sa.ForeignKeyConstraint(["retired_by_id"], ["account.id"], name=op.f("fk_version_retirement_retired_by_id")),
        sa.ForeignKeyConstraint(["version_id"], ["bank_version.id"], name=op.f("fk_version_retirement_version_id")),
        sa.PrimaryKeyConstraint("version_id", name=op.f("pk_version_retirement")),
    )
    op.create_table(
        "version_review",
        sa.Column("version_id", BigId, nullable=False),
        sa.Column("account_id", BigId, nullable=False),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_version_review_account_id")),
        sa.ForeignKeyConstraint(["version_id"], ["bank_version.id"], name=op.f("fk_version_review_version_id")),
        sa.PrimaryKeyConstraint("version_id", "account_id", name=op.f("pk_version_review")),
    )
    op.create_table(
        "question_exposure",
        sa.Column("competition_id", BigId, nullable=False),
        sa.Column("question_id", BigId, nullable=False),
        sa.Column("drawn", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["competition_id"], ["competition.id"], name=op.f("fk_question_exposure_competition_id")
        ),
        sa.ForeignKeyConstraint(["question_id"], ["question.id"], name=op.f("fk_question_exposure_question_id")),
        sa.PrimaryKeyConstraint("competition_id", "question_id", name=op.f("pk_question_exposure")),
    )
    op.create_index(op.f("ix_question_exposure_question_id"), "question_exposure", ["question_id"], unique=False)
    op.create_table(
        "exposure_count",
        sa.Column("competition_id", BigId, nullable=False),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_account_id", sa.BigInteger(), nullable=False),
        sa.Column("last_ordinal", sa.Integer(), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["competition_id"], ["competition.id"], name=op.f("fk_exposure_count_competition_id")),
        sa.PrimaryKeyConstraint("competition_id", name=op.f("pk_exposure_count")),
    )


def downgrade() -> None:
    op.drop_table("exposure_count")
    op.drop_table("question_exposure")
    op.drop_table("version_review")
    op.drop_table("version_retirement")
    with op.batch_alter_table("competition") as batch:
        batch.drop_column("bank_four_eyes")
    op.drop_column("bank_version", "contributors")
