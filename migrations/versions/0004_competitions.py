"""Competitions, their units, announcements and extra time."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "competition",
        sa.Column("id", BigId, nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("host", sa.String(length=120), nullable=False),
        sa.Column("introduction", sa.Text(), nullable=False),
        sa.Column("contact", sa.String(length=200), nullable=False),
        sa.Column("timezone", sa.String(length=40), nullable=False),
        sa.Column("opens_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("frozen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("shift_ms", sa.BigInteger(), nullable=False),
        sa.Column("bank_version_id", BigId, nullable=False),
        sa.Column("blueprint", sa.JSON(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("grace_ms", sa.Integer(), nullable=False),
        sa.Column("attempts_total", sa.Integer(), nullable=True),
        sa.Column("attempts_per_day", sa.Integer(), nullable=True),
        sa.Column("keep", sa.String(length=10), nullable=False),
        sa.Column("shuffle_questions", sa.Boolean(), nullable=False),
        sa.Column("shuffle_options", sa.Boolean(), nullable=False),
        sa.Column("multiple_scoring", sa.String(length=10), nullable=False),
        sa.Column("show_answers", sa.String(length=10), nullable=False),
        sa.Column("pass_score", sa.Integer(), nullable=False),
        sa.Column("entry", sa.String(length=10), nullable=False),
        sa.Column("boards", sa.String(length=10), nullable=False),
        sa.Column("board_minimum_people", sa.Integer(), nullable=False),
        sa.Column("tie_keys", sa.String(length=20), nullable=False),
        sa.Column("shards", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_id", BigId, nullable=True),
        sa.Column("copied_from_id", BigId, nullable=True),
        sa.CheckConstraint("boards IN ('public', 'members', 'off')", name=op.f("ck_competition_boards_known")),
        sa.CheckConstraint("entry IN ('anyone', 'members', 'confirmed')", name=op.f("ck_competition_entry_known")),
        sa.CheckConstraint("keep IN ('best', 'first', 'last')", name=op.f("ck_competition_keep_known")),
        sa.CheckConstraint(
            "multiple_scoring IN ('exact', 'partial')", name=op.f("ck_competition_multiple_scoring_known")
        ),
        sa.CheckConstraint(
            "show_answers IN ('at_once', 'submitted', 'closed', 'never')",
            name=op.f("ck_competition_show_answers_known"),
        ),
        sa.CheckConstraint(
            "tie_keys IN ('score', 'score,time', 'score,time,earlier')", name=op.f("ck_competition_tie_keys_known")
        ),
        sa.CheckConstraint("closes_at > opens_at", name=op.f("ck_competition_window_forward")),
        sa.CheckConstraint("minutes > 0", name=op.f("ck_competition_minutes_positive")),
        sa.ForeignKeyConstraint(["bank_version_id"], ["bank_version.id"], name=op.f("fk_competition_bank_version_id")),
        sa.ForeignKeyConstraint(["copied_from_id"], ["competition.id"], name=op.f("fk_competition_copied_from_id")),
        sa.ForeignKeyConstraint(["created_by_id"], ["account.id"], name=op.f("fk_competition_created_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_competition")),
    )
    op.create_index(op.f("ix_competition_bank_version_id"), "competition", ["bank_version_id"], unique=False)
    op.create_table(
        "competition_organization",
        sa.Column("competition_id", BigId, nullable=False),
        sa.Column("organization_id", BigId, nullable=False),
        sa.ForeignKeyConstraint(
            ["competition_id"], ["competition.id"], name=op.f("fk_competition_organization_competition_id")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name=op.f("fk_competition_organization_organization_id")
        ),
        sa.PrimaryKeyConstraint("competition_id", "organization_id", name=op.f("pk_competition_organization")),
    )
    op.create_table(
        "announcement",
        sa.Column("id", BigId, nullable=False),
        sa.Column("competition_id", BigId, nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("author_id", BigId, nullable=True),
        sa.ForeignKeyConstraint(["author_id"], ["account.id"], name=op.f("fk_announcement_author_id")),
        sa.ForeignKeyConstraint(["competition_id"], ["competition.id"], name=op.f("fk_announcement_competition_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_announcement")),
    )
    op.create_index(op.f("ix_announcement_competition_id"), "announcement", ["competition_id"], unique=False)
    op.create_table(
        "extra_time",
        sa.Column("id", BigId, nullable=False),
        sa.Column("competition_id", BigId, nullable=False),
        sa.Column("account_id", BigId, nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("granted_by_id", BigId, nullable=True),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("minutes > 0", name=op.f("ck_extra_time_minutes_positive")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_extra_time_account_id")),
        sa.ForeignKeyConstraint(["competition_id"], ["competition.id"], name=op.f("fk_extra_time_competition_id")),
        sa.ForeignKeyConstraint(["granted_by_id"], ["account.id"], name=op.f("fk_extra_time_granted_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_extra_time")),
        sa.UniqueConstraint("competition_id", "account_id", name="uq_extra_time_person"),
    )
    op.create_index(op.f("ix_extra_time_account_id"), "extra_time", ["account_id"], unique=False)


def downgrade() -> None:
    op.drop_table("extra_time")
    op.drop_table("announcement")
    op.drop_table("competition_organization")
    op.drop_table("competition")
