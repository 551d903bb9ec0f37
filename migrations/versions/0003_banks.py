"""Banks, versions and questions, with triggers: what is published is refused every change by the database itself.

A migration that rebuilds one of these tables on SQLite (batch mode) drops its triggers and must make them again.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

PUBLISHED_PLACE = "EXISTS (SELECT 1 FROM bank_version WHERE id IN ({ids}) AND number IS NOT NULL)"

# table, name, deed, when: the deed on the row is refused. The last two are for INSERT OR REPLACE, which on SQLite removes
# the old row without its delete trigger.
REFUSED = [
    ("bank_version", "bank_version_no_update", "UPDATE", "OLD.number IS NOT NULL"),
    ("bank_version", "bank_version_no_delete", "DELETE", "OLD.number IS NOT NULL"),
    ("version_question", "version_question_no_insert", "INSERT", PUBLISHED_PLACE.format(ids="NEW.version_id")),
    (
        "version_question",
        "version_question_no_update",
        "UPDATE",
        PUBLISHED_PLACE.format(ids="OLD.version_id, NEW.version_id"),
    ),
    ("version_question", "version_question_no_delete", "DELETE", PUBLISHED_PLACE.format(ids="OLD.version_id")),
    ("question", "question_no_update", "UPDATE", "TRUE"),
    ("question", "question_no_delete", "DELETE", "TRUE"),
]
REFUSED_ON_SQLITE = [
    (
        "bank_version",
        "bank_version_no_replace",
        "INSERT",
        "EXISTS (SELECT 1 FROM bank_version WHERE id = NEW.id AND number IS NOT NULL)",
    ),
    ("question", "question_no_replace", "INSERT", "EXISTS (SELECT 1 FROM question WHERE id = NEW.id)"),
]
TABLES = ("bank_version", "version_question", "question")


def upgrade() -> None:
    op.create_table(
        "bank",
        sa.Column("id", BigId, nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bank")),
        sa.UniqueConstraint("code", name=op.f("uq_bank_code")),
    )
    op.create_table(
        "bank_version",
        sa.Column("id", BigId, nullable=False),
        sa.Column("bank_id", BigId, nullable=False),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("digest", sa.String(length=64), nullable=True),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("topics", sa.JSON(), nullable=False),
        sa.Column("source_name", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_id", BigId, nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("published_by_id", BigId, nullable=True),
        sa.CheckConstraint("(number IS NULL) = (digest IS NULL)", name=op.f("ck_bank_version_published_has_digest")),
        sa.CheckConstraint(
            "(number IS NULL) = (published_at IS NULL)", name=op.f("ck_bank_version_published_has_time")
        ),
        sa.ForeignKeyConstraint(["bank_id"], ["bank.id"], name=op.f("fk_bank_version_bank_id")),
        sa.ForeignKeyConstraint(["created_by_id"], ["account.id"], name=op.f("fk_bank_version_created_by_id")),
        sa.ForeignKeyConstraint(["published_by_id"], ["account.id"], name=op.f("fk_bank_version_published_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bank_version")),
        sa.UniqueConstraint("bank_id", "number", name="uq_bank_version_number"),
    )
    op.create_index(
        "uq_bank_version_draft",
        "bank_version",
        ["bank_id"],
        unique=True,
        sqlite_where=sa.text("number IS NULL"),
        postgresql_where=sa.text("number IS NULL"),
    )
    op.create_table(
        "question",
        sa.Column("id", BigId, nullable=False),
        sa.Column("bank_id", BigId, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["bank_id"], ["bank.id"], name=op.f("fk_question_bank_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_question")),
        sa.UniqueConstraint("bank_id", "digest", name="uq_question_digest"),
    )
    op.create_table(
        "version_question",
        sa.Column("version_id", BigId, nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("question_id", BigId, nullable=False),
        sa.ForeignKeyConstraint(["question_id"], ["question.id"], name=op.f("fk_version_question_question_id")),
        sa.ForeignKeyConstraint(["version_id"], ["bank_version.id"], name=op.f("fk_version_question_version_id")),
        sa.PrimaryKeyConstraint("version_id", "ordinal", name=op.f("pk_version_question")),
    )
    op.create_index(op.f("ix_version_question_question_id"), "version_question", ["question_id"], unique=False)
    op.create_table(
        "bank_upload",
        sa.Column("id", BigId, nullable=False),
        sa.Column("bank_code", sa.String(length=40), nullable=False),
        sa.Column("source_name", sa.String(length=200), nullable=False),
        sa.Column("question_count", sa.Integer(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("findings", sa.JSON(), nullable=False),
        sa.Column("faulty", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_id", BigId, nullable=True),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["created_by_id"], ["account.id"], name=op.f("fk_bank_upload_created_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bank_upload")),
    )
    op.create_index(op.f("ix_bank_upload_bank_code"), "bank_upload", ["bank_code"], unique=False)
    op.create_index(op.f("ix_bank_upload_created_at"), "bank_upload", ["created_at"], unique=False)
    if op.get_bind().dialect.name == "sqlite":
        for table, name, deed, when in REFUSED + REFUSED_ON_SQLITE:
            op.execute(
                f"CREATE TRIGGER {name} BEFORE {deed} ON {table} WHEN {when} "
                f"BEGIN SELECT RAISE(ABORT, 'published content is immutable'); END"
            )
    else:
        op.execute(
            "CREATE FUNCTION refuse_immutable() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "RAISE EXCEPTION 'published content is immutable' USING ERRCODE = 'restrict_violation'; END $$"
        )
        # A trigger's WHEN can't hold a subquery on PostgreSQL, so the places have a function that looks.
        op.execute(
            "CREATE FUNCTION refuse_published_place() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "IF EXISTS (SELECT 1 FROM bank_version WHERE number IS NOT NULL AND id IN ("
            "CASE WHEN TG_OP <> 'INSERT' THEN OLD.version_id END, CASE WHEN TG_OP <> 'DELETE' THEN NEW.version_id END)) "
            "THEN RAISE EXCEPTION 'published content is immutable' USING ERRCODE = 'restrict_violation'; END IF; "
            "RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END; END $$"
        )
        for table, name, deed, when in REFUSED:
            if table == "version_question":
                how = "EXECUTE FUNCTION refuse_published_place()"
            else:
                how = f"WHEN ({when}) EXECUTE FUNCTION refuse_immutable()"
            op.execute(f"CREATE TRIGGER {name} BEFORE {deed} ON {table} FOR EACH ROW {how}")
        for table in TABLES:
            op.execute(
                f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} EXECUTE FUNCTION refuse_immutable()"
            )


def downgrade() -> None:
    op.drop_table("bank_upload")
    op.drop_table("version_question")
    op.drop_table("question")
    op.drop_table("bank_version")
    op.drop_table("bank")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_published_place()")
        op.execute("DROP FUNCTION refuse_immutable()")
