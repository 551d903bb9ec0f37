"""What corrections say of single attempts and questions, for a person's own pages: void attempts and corrected keys."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "corrected_key",
        sa.Column("competition_id", BigId, nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("key", sa.String(length=8), nullable=True),
        sa.ForeignKeyConstraint(["competition_id"], ["competition.id"], name=op.f("fk_corrected_key_competition_id")),
        sa.PrimaryKeyConstraint("competition_id", "code", name=op.f("pk_corrected_key")),
    )
    op.create_table(
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


def downgrade() -> None:
    op.drop_table("void_attempt")
    op.drop_table("corrected_key")
