"""Attempts, responses, counted results, tallies, and what could not be recorded."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "attempt",
        sa.Column("competition_id", BigId, nullable=False),
        sa.Column("account_id", BigId, nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("organization_id", BigId, nullable=True),
        sa.Column("seed", sa.String(length=32), nullable=False),
        sa.Column("started_ms", sa.BigInteger(), nullable=False),
        sa.Column("extra_ms", sa.Integer(), nullable=False),
        sa.Column("shift_ms", sa.Integer(), nullable=False),
        sa.Column("submitted_ms", sa.BigInteger(), nullable=True),
        sa.Column("used_ms", sa.Integer(), nullable=True),
        sa.Column("ended_by", sa.String(length=10), nullable=True),
        sa.Column("score", sa.Integer(), nullable=True),
        sa.Column("right_count", sa.Integer(), nullable=True),
        sa.Column("points", sa.JSON(), nullable=True),
        sa.CheckConstraint(
            "ended_by IS NULL OR ended_by IN ('person', 'deadline')", name=op.f("ck_attempt_ended_by_known")
        ),
        sa.CheckConstraint("(submitted_ms IS NULL) = (score IS NULL)", name=op.f("ck_attempt_submitted_is_graded")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_attempt_account_id")),
        sa.ForeignKeyConstraint(["competition_id"], ["competition.id"], name=op.f("fk_attempt_competition_id")),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_attempt_organization_id")),
        sa.PrimaryKeyConstraint("competition_id", "account_id", "ordinal", name=op.f("pk_attempt")),
    )
    op.create_index("ix_attempt_account", "attempt", ["account_id", "competition_id"], unique=False)
    op.create_index("ix_attempt_organization", "attempt", ["competition_id", "organization_id"], unique=False)
    op.create_table(
        "response",
        sa.Column("competition_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("chosen", sa.Integer(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("answered_ms", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("chosen >= 0 AND chosen < 256", name=op.f("ck_response_chosen_is_mask")),
        sa.PrimaryKeyConstraint("competition_id", "account_id", "ordinal", "position", name=op.f("pk_response")),
    )
    op.create_table(
        "result",
        sa.Column("competition_id", BigId, nullable=False),
        sa.Column("account_id", BigId, nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("organization_id", BigId, nullable=True),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("right_count", sa.Integer(), nullable=False),
        sa.Column("used_ms", sa.Integer(), nullable=False),
        sa.Column("submitted_ms", sa.BigInteger(), nullable=False),
        sa.Column("full_marks", sa.Integer(), nullable=False),
        sa.Column("passed", sa.Integer(), nullable=False),
        sa.Column("change", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_result_account_id")),
        sa.ForeignKeyConstraint(
            ["competition_id", "account_id", "ordinal"],
            ["attempt.competition_id", "attempt.account_id", "attempt.ordinal"],
            name="fk_result_attempt",
        ),
        sa.ForeignKeyConstraint(["competition_id"], ["competition.id"], name=op.f("fk_result_competition_id")),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_result_organization_id")),
        sa.PrimaryKeyConstraint("competition_id", "account_id", name=op.f("pk_result")),
    )
    op.create_index("ix_result_change", "result", ["competition_id", "change"], unique=False)
    op.create_index("ix_result_order", "result", ["competition_id", "score", "used_ms", "submitted_ms"], unique=False)
    op.create_index("ix_result_organization", "result", ["competition_id", "organization_id"], unique=False)
    op.create_table(
        "tally",
        sa.Column("competition_id", BigId, nullable=False),
        sa.Column("organization_id", BigId, nullable=False),
        sa.Column("started", sa.Integer(), nullable=False),
        sa.Column("participants", sa.Integer(), nullable=False),
        sa.Column("score_sum", sa.BigInteger(), nullable=False),
        sa.Column("used_ms_sum", sa.BigInteger(), nullable=False),
        sa.Column("full_marks", sa.Integer(), nullable=False),
        sa.Column("passed", sa.Integer(), nullable=False),
        sa.Column("change", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["competition_id"], ["competition.id"], name=op.f("fk_tally_competition_id")),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_tally_organization_id")),
        sa.PrimaryKeyConstraint("competition_id", "organization_id", name=op.f("pk_tally")),
    )
    op.create_index("ix_tally_change", "tally", ["competition_id", "change"], unique=False)
    op.create_table(
        "unrecordable",
        sa.Column("id", BigId, nullable=False),
        sa.Column("competition_id", sa.Integer(), nullable=True),
        sa.Column("stream", sa.String(length=80), nullable=False),
        sa.Column("entry_id", sa.String(length=40), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settlement", sa.String(length=200), nullable=True),
        sa.CheckConstraint("(settled_at IS NULL) = (settlement IS NULL)", name=op.f("ck_unrecordable_settled_how")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unrecordable")),
    )
    op.create_index(op.f("ix_unrecordable_competition_id"), "unrecordable", ["competition_id"], unique=False)
    op.create_index("uq_unrecordable_entry", "unrecordable", ["stream", "entry_id"], unique=True)


def downgrade() -> None:
    op.drop_table("unrecordable")
    op.drop_table("tally")
    op.drop_table("result")
    op.drop_table("response")
    op.drop_table("attempt")
