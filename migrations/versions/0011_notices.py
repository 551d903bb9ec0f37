"""Signed snapshots of frozen standings, which triggers keep as they are; notices, objections, corrections, consent.

A migration that rebuilds `snapshot` or `snapshot_part` on SQLite (batch mode) drops their triggers and must make them again.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TABLES = {
    "snapshot": "competition_id = NEW.competition_id AND number = NEW.number",
    "snapshot_part": "competition_id = NEW.competition_id AND number = NEW.number AND file = NEW.file"
    " AND position = NEW.position",
}


def upgrade() -> None:
    op.add_column("standing", sa.Column("name", sa.String(length=120), nullable=True))
    op.create_table(
        "snapshot",
        sa.Column("competition_id", BigId, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by_id", BigId, nullable=True),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("changes", sa.JSON(), nullable=False),
        sa.Column("differences", sa.JSON(), nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=16), nullable=False),
        sa.Column("signature", sa.String(length=128), nullable=False),
        sa.ForeignKeyConstraint(["competition_id"], ["competition.id"], name=op.f("fk_snapshot_competition_id")),
        sa.ForeignKeyConstraint(["made_by_id"], ["account.id"], name=op.f("fk_snapshot_made_by_id")),
        sa.PrimaryKeyConstraint("competition_id", "number", name=op.f("pk_snapshot")),
    )
    op.create_table(
        "snapshot_part",
        sa.Column("competition_id", BigId, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("file", sa.String(length=6), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("file IN ('public', 'audit')", name=op.f("ck_snapshot_part_file_known")),
        sa.ForeignKeyConstraint(["competition_id"], ["competition.id"], name=op.f("fk_snapshot_part_competition_id")),
        sa.PrimaryKeyConstraint("competition_id", "number", "file", "position", name=op.f("pk_snapshot_part")),
    )
    op.create_table(
        "notice",
        sa.Column("id", BigId, nullable=False),
        sa.Column("competition_id", BigId, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("working_days", sa.Integer(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("begun_by_id", BigId, nullable=True),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("final_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("final_by_id", BigId, nullable=True),
        sa.CheckConstraint("ends_at > begun_at", name=op.f("ck_notice_span_forward")),
        sa.CheckConstraint("final_at IS NULL OR final_at >= ends_at", name=op.f("ck_notice_final_after_the_end")),
        sa.ForeignKeyConstraint(["competition_id"], ["competition.id"], name=op.f("fk_notice_competition_id")),
        sa.ForeignKeyConstraint(["begun_by_id"], ["account.id"], name=op.f("fk_notice_begun_by_id")),
        sa.ForeignKeyConstraint(["final_by_id"], ["account.id"], name=op.f("fk_notice_final_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
        sa.UniqueConstraint("competition_id", "number", name="uq_notice_snapshot"),
    )
    op.create_table(
        "objection",
        sa.Column("id", BigId, nullable=False),
        sa.Column("competition_id", BigId, nullable=False),
        sa.Column("notice_id", BigId, nullable=False),
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("account_id", BigId, nullable=True),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("contact", sa.String(length=120), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("filed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reply", sa.Text(), nullable=True),
        sa.Column("outcome", sa.String(length=10), nullable=True),
        sa.Column("replied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("replied_by_id", BigId, nullable=True),
        sa.CheckConstraint(
            "outcome IS NULL OR outcome IN ('upheld', 'rejected')", name=op.f("ck_objection_outcome_known")
        ),
        sa.CheckConstraint("(reply IS NULL) = (replied_at IS NULL)", name=op.f("ck_objection_reply_has_its_time")),
        sa.CheckConstraint("(reply IS NULL) = (outcome IS NULL)", name=op.f("ck_objection_reply_has_its_outcome")),
        sa.ForeignKeyConstraint(["competition_id"], ["competition.id"], name=op.f("fk_objection_competition_id")),
        sa.ForeignKeyConstraint(["notice_id"], ["notice.id"], name=op.f("fk_objection_notice_id")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_objection_account_id")),
        sa.ForeignKeyConstraint(["replied_by_id"], ["account.id"], name=op.f("fk_objection_replied_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_objection")),
        sa.UniqueConstraint("code", name=op.f("uq_objection_code")),
    )
    op.create_index("ix_objection_competition", "objection", ["competition_id", "filed_at"], unique=False)
    op.create_table(
        "correction",
        sa.Column("id", BigId, nullable=False),
        sa.Column("competition_id", BigId, nullable=False),
        sa.Column("changes", sa.JSON(), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("proposed_by_id", BigId, nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by_id", BigId, nullable=True),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.CheckConstraint("state IN ('proposed', 'applied', 'refused')", name=op.f("ck_correction_state_known")),
        sa.CheckConstraint(
            "(state = 'applied') = (number IS NOT NULL)", name=op.f("ck_correction_applied_has_its_snapshot")
        ),
        sa.CheckConstraint(
            "state <> 'applied' OR decided_by_id <> proposed_by_id", name=op.f("ck_correction_two_people")
        ),
        sa.ForeignKeyConstraint(["competition_id"], ["competition.id"], name=op.f("fk_correction_competition_id")),
        sa.ForeignKeyConstraint(["proposed_by_id"], ["account.id"], name=op.f("fk_correction_proposed_by_id")),
        sa.ForeignKeyConstraint(["decided_by_id"], ["account.id"], name=op.f("fk_correction_decided_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_correction")),
    )
    op.create_index(op.f("ix_correction_competition_id"), "correction", ["competition_id"], unique=False)
    where = sa.text("state = 'proposed'")
    op.create_index(
        "uq_correction_proposed",
        "correction",
        ["competition_id"],
        unique=True,
        sqlite_where=where,
        postgresql_where=where,
    )
    op.create_table(
        "publication_consent",
        sa.Column("competition_id", BigId, nullable=False),
        sa.Column("account_id", BigId, nullable=False),
        sa.Column("named", sa.Boolean(), nullable=False),
        sa.Column("chosen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["competition_id"], ["competition.id"], name=op.f("fk_publication_consent_competition_id")
        ),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_publication_consent_account_id")),
        sa.PrimaryKeyConstraint("competition_id", "account_id", name=op.f("pk_publication_consent")),
    )
    if op.get_bind().dialect.name == "sqlite":
        for table, same in TABLES.items():
            # The last is for INSERT OR REPLACE, which removes the old row without its delete trigger.
            refused = {"UPDATE": "TRUE", "DELETE": "TRUE", "INSERT": f"EXISTS (SELECT 1 FROM {table} WHERE {same})"}
            for deed, when in refused.items():
                op.execute(
                    f"CREATE TRIGGER {table}_no_{deed.lower()} BEFORE {deed} ON {table} WHEN {when} "
                    "BEGIN SELECT RAISE(ABORT, 'a snapshot is immutable'); END"
                )
        return
    for table in TABLES:
        for deed in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{deed.lower()} BEFORE {deed} ON {table} "
                "FOR EACH ROW EXECUTE FUNCTION refuse_immutable()"
            )
        op.execute(f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} EXECUTE FUNCTION refuse_immutable()")


def downgrade() -> None:
    for table in ("publication_consent", "correction", "objection", "notice", "snapshot_part", "snapshot"):
        op.drop_table(table)
    op.drop_column("standing", "name")
