"""Awards, their results, headcounts with evidence and their lock. Triggers keep what was written down as it is.

A migration that rebuilds one of these tables on SQLite (batch mode) drops its triggers and must make them again.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

HAS_OPENED = (
    "EXISTS (SELECT 1 FROM competition WHERE id = {row}.competition_id AND published_at IS NOT NULL AND {past})"
)
PAST_ON_SQLITE = "{moment} <= strftime('%Y-%m-%d %H:%M:%f', 'now')"
# table, deed, the rows that it touches, and since which moment it is refused
LOCKED = [
    ("award", "INSERT", ("NEW",), "opens_at"),
    ("award", "UPDATE", ("OLD", "NEW"), "opens_at"),
    ("award", "DELETE", ("OLD",), "opens_at"),
    ("headcount_lock", "INSERT", ("NEW",), "opens_at"),
    ("headcount_lock", "UPDATE", ("OLD",), "OLD.locks_at"),
    ("headcount_lock", "DELETE", ("OLD",), "OLD.locks_at"),
]
KEPT = [
    ("award_result", "UPDATE"),
    ("award_result", "DELETE"),
    ("headcount_declaration", "UPDATE"),
    ("headcount_evidence", "UPDATE"),
]


def upgrade() -> None:
    op.create_table(
        "award",
        sa.Column("id", BigId, nullable=False),
        sa.Column("competition_id", BigId, nullable=False),
        sa.Column("title", sa.String(length=60), nullable=False),
        sa.Column("rules", sa.JSON(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("written_by_id", BigId, nullable=True),
        sa.ForeignKeyConstraint(
            ["competition_id"], ["competition.id"], name=op.f("fk_award_competition_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["written_by_id"], ["account.id"], name=op.f("fk_award_written_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_award")),
        sa.UniqueConstraint("competition_id", "title", name="uq_award_title"),
    )
    op.create_table(
        "award_result",
        sa.Column("award_id", BigId, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=16), nullable=False),
        sa.Column("signature", sa.String(length=128), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by_id", BigId, nullable=True),
        sa.ForeignKeyConstraint(["award_id"], ["award.id"], name=op.f("fk_award_result_award_id")),
        sa.ForeignKeyConstraint(["made_by_id"], ["account.id"], name=op.f("fk_award_result_made_by_id")),
        sa.PrimaryKeyConstraint("award_id", "number", name=op.f("pk_award_result")),
    )
    op.create_table(
        "headcount_lock",
        sa.Column("competition_id", BigId, nullable=False),
        sa.Column("locks_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["competition_id"], ["competition.id"], name=op.f("fk_headcount_lock_competition_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("competition_id", name=op.f("pk_headcount_lock")),
    )
    op.create_table(
        "headcount_evidence",
        sa.Column("organization_id", BigId, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=4), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kept_by_id", BigId, nullable=True),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organization.id"],
            name=op.f("fk_headcount_evidence_organization_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["kept_by_id"], ["account.id"], name=op.f("fk_headcount_evidence_kept_by_id")),
        sa.PrimaryKeyConstraint("organization_id", "digest", name=op.f("pk_headcount_evidence")),
    )
    op.create_table(
        "headcount_declaration",
        sa.Column("id", BigId, nullable=False),
        sa.Column("organization_id", BigId, nullable=False),
        sa.Column("before", sa.Integer(), nullable=True),
        sa.Column("headcount", sa.Integer(), nullable=True),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("evidence", sa.String(length=64), nullable=True),
        sa.Column("declared_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("declared_by_id", BigId, nullable=True),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organization.id"],
            name=op.f("fk_headcount_declaration_organization_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["declared_by_id"], ["account.id"], name=op.f("fk_headcount_declaration_declared_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_headcount_declaration")),
    )
    op.create_index(
        op.f("ix_headcount_declaration_organization_id"), "headcount_declaration", ["organization_id"], unique=False
    )
    op.create_table(
        "headcount_request",
        sa.Column("id", BigId, nullable=False),
        sa.Column("competition_id", BigId, nullable=False),
        sa.Column("organization_id", BigId, nullable=False),
        sa.Column("before", sa.Integer(), nullable=True),
        sa.Column("headcount", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("evidence", sa.String(length=64), nullable=True),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("requested_by_id", BigId, nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by_id", BigId, nullable=True),
        sa.Column("reply", sa.String(length=300), nullable=False),
        sa.CheckConstraint(
            "state IN ('pending', 'approved', 'rejected')", name=op.f("ck_headcount_request_state_known")
        ),
        sa.CheckConstraint(
            "(state = 'pending') = (decided_at IS NULL)", name=op.f("ck_headcount_request_decided_when")
        ),
        sa.CheckConstraint(
            "(state = 'pending') = (decided_by_id IS NULL)", name=op.f("ck_headcount_request_decided_by_whom")
        ),
        sa.CheckConstraint("decided_by_id <> requested_by_id", name=op.f("ck_headcount_request_second_person")),
        sa.CheckConstraint("headcount > 0", name=op.f("ck_headcount_request_headcount_positive")),
        sa.ForeignKeyConstraint(
            ["competition_id"], ["competition.id"], name=op.f("fk_headcount_request_competition_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name=op.f("fk_headcount_request_organization_id")
        ),
        sa.ForeignKeyConstraint(["requested_by_id"], ["account.id"], name=op.f("fk_headcount_request_requested_by_id")),
        sa.ForeignKeyConstraint(["decided_by_id"], ["account.id"], name=op.f("fk_headcount_request_decided_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_headcount_request")),
    )
    op.create_index(op.f("ix_headcount_request_competition_id"), "headcount_request", ["competition_id"], unique=False)
    op.create_index(
        "uq_headcount_request_pending",
        "headcount_request",
        ["competition_id", "organization_id"],
        unique=True,
        sqlite_where=sa.text("state = 'pending'"),
        postgresql_where=sa.text("state = 'pending'"),
    )
    _add_triggers_on_sqlite() if op.get_bind().dialect.name == "sqlite" else _add_triggers_on_postgresql()


def _add_triggers_on_sqlite() -> None:
    for table, deed, rows, moment in LOCKED:
        past = PAST_ON_SQLITE.format(moment=moment)
        when = " OR ".join(HAS_OPENED.format(row=row, past=past) for row in rows)
        op.execute(
            f"CREATE TRIGGER {table}_no_{deed.lower()} BEFORE {deed} ON {table} WHEN {when} "
            f"BEGIN SELECT RAISE(ABORT, 'locked since its date'); END"
        )
    for table, deed in KEPT:
        op.execute(
            f"CREATE TRIGGER {table}_no_{deed.lower()} BEFORE {deed} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, 'what was recorded is immutable'); END"
        )
    # INSERT OR REPLACE removes the old row without its delete trigger.
    op.execute(
        "CREATE TRIGGER award_result_no_replace BEFORE INSERT ON award_result WHEN EXISTS "
        "(SELECT 1 FROM award_result WHERE award_id = NEW.award_id AND number = NEW.number) "
        "BEGIN SELECT RAISE(ABORT, 'what was recorded is immutable'); END"
    )


def _add_triggers_on_postgresql() -> None:
    # A trigger's WHEN can't hold a subquery on PostgreSQL, so there are functions that look.
    for table, moment in (("award", "opens_at"), ("headcount_lock", "OLD.locks_at")):
        tests = {
            "INSERT": HAS_OPENED.format(row="NEW", past="opens_at <= clock_timestamp()"),
            "UPDATE": HAS_OPENED.format(row="OLD", past=f"{moment} <= clock_timestamp()"),
            "DELETE": HAS_OPENED.format(row="OLD", past=f"{moment} <= clock_timestamp()"),
        }
        if table == "award":
            tests["UPDATE"] += " OR " + tests["INSERT"]
        branches = " ".join(
            f"{'IF' if number == 0 else 'ELSIF'} TG_OP = '{deed}' THEN refused := {test};"
            for number, (deed, test) in enumerate(tests.items())
        )
        op.execute(
            f"CREATE FUNCTION refuse_late_{table}() RETURNS trigger LANGUAGE plpgsql AS $$ "
            f"DECLARE refused boolean := false; BEGIN {branches} END IF; IF refused THEN "
            f"RAISE EXCEPTION 'locked since its date' USING ERRCODE = 'restrict_violation'; END IF; "
            f"RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END; END $$"
        )
        op.execute(
            f"CREATE TRIGGER {table}_locked BEFORE INSERT OR UPDATE OR DELETE ON {table} "
            f"FOR EACH ROW EXECUTE FUNCTION refuse_late_{table}()"
        )
    for table, deed in KEPT:
        op.execute(
            f"CREATE TRIGGER {table}_no_{deed.lower()} BEFORE {deed} ON {table} "
            f"FOR EACH ROW EXECUTE FUNCTION refuse_immutable()"
        )
    op.execute(
        "CREATE TRIGGER award_result_no_truncate BEFORE TRUNCATE ON award_result EXECUTE FUNCTION refuse_immutable()"
    )


def downgrade() -> None:
    op.drop_table("headcount_request")
    op.drop_table("headcount_declaration")
    op.drop_table("headcount_evidence")
    op.drop_table("headcount_lock")
    op.drop_table("award_result")
    op.drop_table("award")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_late_award()")
        op.execute("DROP FUNCTION refuse_late_headcount_lock()")
