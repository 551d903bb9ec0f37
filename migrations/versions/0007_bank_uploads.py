"""Uploads that are checked outside the request, keep their file and can be undone; pictures of questions."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "picture",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("png", sa.LargeBinary(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("uploaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("in_use", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_picture")),
    )
    op.create_index(op.f("ix_picture_uploaded_at"), "picture", ["uploaded_at"], unique=False)
    with op.batch_alter_table("bank_upload") as batch:
        batch.add_column(sa.Column("state", sa.String(length=8), nullable=False, server_default="checked"))
        batch.add_column(sa.Column("progress", sa.Integer(), nullable=False, server_default="100"))
        batch.add_column(sa.Column("failure", sa.String(length=40), nullable=False, server_default=""))
        batch.add_column(sa.Column("touched_at", sa.DateTime(timezone=True), nullable=True))
        batch.add_column(sa.Column("choices", sa.JSON(), nullable=False, server_default="{}"))
        batch.add_column(sa.Column("file", sa.LargeBinary(), nullable=True))
        batch.add_column(sa.Column("draft_id", BigId, nullable=True))
        batch.add_column(sa.Column("replaced", sa.JSON(), nullable=True))
        batch.add_column(sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True))
        batch.create_check_constraint(
            op.f("ck_bank_upload_state_known"), "state IN ('waiting', 'checking', 'checked', 'failed')"
        )
        batch.create_foreign_key(
            op.f("fk_bank_upload_draft_id"), "bank_version", ["draft_id"], ["id"], ondelete="SET NULL"
        )
        batch.create_index(op.f("ix_bank_upload_draft_id"), ["draft_id"], unique=False)
    op.execute("UPDATE bank_upload SET touched_at = created_at")
    with op.batch_alter_table("bank_upload") as batch:
        batch.alter_column("touched_at", existing_type=sa.DateTime(timezone=True), nullable=False)
        for column, kind in (("state", sa.String(8)), ("progress", sa.Integer()), ("failure", sa.String(40))):
            batch.alter_column(column, existing_type=kind, server_default=None)
        batch.alter_column("choices", existing_type=sa.JSON(), server_default=None)


def downgrade() -> None:
    # What was never checked has no report, and before this there was none without.
    op.execute("DELETE FROM bank_upload WHERE state <> 'checked'")
    with op.batch_alter_table("bank_upload") as batch:
        batch.drop_index(op.f("ix_bank_upload_draft_id"))
        batch.drop_constraint(op.f("fk_bank_upload_draft_id"), type_="foreignkey")
        batch.drop_constraint(op.f("ck_bank_upload_state_known"), type_="check")
        for column in (
            *("undone_at", "replaced", "draft_id", "file", "choices", "touched_at", "failure", "progress", "state"),
        ):
            batch.drop_column(column)
    op.drop_table("picture")
