"""Draws, their rolls and winners, with triggers: each step of a draw is written once, and refused every change afterwards.

A migration that rebuilds one of these tables on SQLite (batch mode) drops its triggers and must make them again.
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

PLAN = (
    *("id", "competition_id", "number", "reason", "prizes", "exclude_staff", "exclude_earlier", "created_at"),
    *("created_by_id", "planned_by_id", "title", "standings", "excluded", "entry_count", "digest", "frozen_at"),
)
CHANCE = ["chance", "round", "commitment", "source", "happens_at", "open_by", "named_at"]
CHANGED = " OR ".join(f"CAST(OLD.{name} AS TEXT) {{differs}} CAST(NEW.{name} AS TEXT)" for name in PLAN)
CHANCE_CHANGED = " OR ".join(f"CAST(OLD.{name} AS TEXT) {{differs}} CAST(NEW.{name} AS TEXT)" for name in CHANCE)
FROZEN = "EXISTS (SELECT 1 FROM draw WHERE id IN ({ids}) AND frozen_at IS NOT NULL)"
DRAWN = "EXISTS (SELECT 1 FROM draw WHERE id = NEW.draw_id AND (named_at IS NULL OR drawn_at IS NOT NULL))"
OWN_PART = "EXISTS (SELECT 1 FROM draw WHERE id = NEW.draw_id AND (number = 1 OR NEW.account_id IN (created_by_id, planned_by_id)))"

# table, name, deed, when the deed on the row is refused
REFUSED = [
    ("draw", "no_change_once_drawn", "UPDATE", "OLD.drawn_at IS NOT NULL"),
    ("draw", "no_other_roll", "UPDATE", f"OLD.frozen_at IS NOT NULL AND ({CHANGED})"),
    ("draw", "no_other_chance", "UPDATE", f"OLD.named_at IS NOT NULL AND ({CHANCE_CHANGED})"),
    (
        "draw",
        "two_approve_another",
        "UPDATE",
        (
            "OLD.frozen_at IS NULL AND NEW.frozen_at IS NOT NULL AND NEW.number > 1 AND "
            "(SELECT count(*) FROM draw_approval WHERE draw_id = NEW.id) < 2"
        ),
    ),
    ("draw", "no_delete", "DELETE", "OLD.frozen_at IS NOT NULL"),
    ("draw", "planned_first", "INSERT", "NEW.frozen_at IS NOT NULL"),
    ("draw_approval", "by_others", "INSERT", f"{OWN_PART} OR {FROZEN.format(ids='NEW.draw_id')}"),
    ("draw_approval", "no_update", "UPDATE", "TRUE"),
    ("draw_approval", "no_delete", "DELETE", FROZEN.format(ids="OLD.draw_id")),
    ("draw_winner", "once", "INSERT", DRAWN),
    ("draw_winner", "no_update", "UPDATE", "TRUE"),
    ("draw_winner", "no_delete", "DELETE", "TRUE"),
]
for _table in ("draw_entry", "draw_exclusion"):
    REFUSED += [
        (_table, "no_insert", "INSERT", FROZEN.format(ids="NEW.draw_id")),
        (_table, "no_update", "UPDATE", FROZEN.format(ids="OLD.draw_id, NEW.draw_id")),
        (_table, "no_delete", "DELETE", FROZEN.format(ids="OLD.draw_id")),
    ]
# INSERT OR REPLACE removes the old row without its delete trigger.
REFUSED_ON_SQLITE = [
    (
        "draw",
        "no_replace",
        "INSERT",
        (
            "EXISTS (SELECT 1 FROM draw WHERE frozen_at IS NOT NULL"
            " AND (id = NEW.id OR competition_id = NEW.competition_id AND number = NEW.number))"
        ),
    ),
    (
        "draw_winner",
        "no_replace",
        "INSERT",
        (
            "EXISTS (SELECT 1 FROM draw_winner WHERE draw_id = NEW.draw_id"
            " AND (prize = NEW.prize AND place = NEW.place OR entry = NEW.entry))"
        ),
    ),
]
TABLES = ("draw", "draw_approval", "draw_exclusion", "draw_entry", "draw_winner")


def upgrade() -> None:
    op.create_table(
        "draw",
        sa.Column("id", BigId, nullable=False),
        sa.Column("competition_id", BigId, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("prizes", sa.JSON(), nullable=False),
        sa.Column("exclude_staff", sa.Boolean(), nullable=False),
        sa.Column("exclude_earlier", sa.String(length=12), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_id", BigId, nullable=False),
        sa.Column("planned_by_id", BigId, nullable=False),
        sa.Column("title", sa.String(length=120), nullable=True),
        sa.Column("standings", sa.String(length=64), nullable=True),
        sa.Column("excluded", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("entry_count", sa.Integer(), nullable=True),
        sa.Column("digest", sa.String(length=64), nullable=True),
        sa.Column("frozen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("chance", sa.String(length=10), nullable=True),
        sa.Column("round", sa.BigInteger(), nullable=True),
        sa.Column("commitment", sa.String(length=64), nullable=True),
        sa.Column("source", sa.String(length=300), nullable=True),
        sa.Column("happens_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("open_by", sa.DateTime(timezone=True), nullable=True),
        sa.Column("named_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("beacon_signature", sa.String(length=96), nullable=True),
        sa.Column("secret", sa.String(length=64), nullable=True),
        sa.Column("public_number", sa.String(length=200), nullable=True),
        sa.Column("drawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("key", sa.String(length=16), nullable=True),
        sa.Column("signature", sa.String(length=128), nullable=True),
        sa.CheckConstraint("number >= 1", name=op.f("ck_draw_number_positive")),
        sa.CheckConstraint("number = 1 OR length(reason) > 0", name=op.f("ck_draw_another_has_a_reason")),
        sa.CheckConstraint(
            "exclude_earlier IN ('none', 'competition', 'all')", name=op.f("ck_draw_exclude_earlier_known")
        ),
        sa.CheckConstraint("(frozen_at IS NULL) = (digest IS NULL)", name=op.f("ck_draw_frozen_has_digest")),
        sa.CheckConstraint("(frozen_at IS NULL) = (standings IS NULL)", name=op.f("ck_draw_frozen_has_standings")),
        sa.CheckConstraint("chance IS NULL OR chance IN ('beacon', 'commitment')", name=op.f("ck_draw_chance_known")),
        sa.CheckConstraint("(named_at IS NULL) = (chance IS NULL)", name=op.f("ck_draw_named_has_chance")),
        sa.CheckConstraint("(named_at IS NULL) = (happens_at IS NULL)", name=op.f("ck_draw_named_has_time")),
        sa.CheckConstraint(
            "named_at IS NULL OR (frozen_at IS NOT NULL AND named_at >= frozen_at AND happens_at > named_at)",
            name=op.f("ck_draw_named_before_it_exists"),
        ),
        sa.CheckConstraint(
            "COALESCE(chance, '') <> 'beacon' OR round IS NOT NULL", name=op.f("ck_draw_beacon_has_round")
        ),
        sa.CheckConstraint(
            "COALESCE(chance, '') <> 'commitment' OR "
            "(commitment IS NOT NULL AND source IS NOT NULL AND open_by IS NOT NULL AND open_by > happens_at)",
            name=op.f("ck_draw_commitment_is_whole"),
        ),
        sa.CheckConstraint(
            "drawn_at IS NULL OR (named_at IS NOT NULL AND drawn_at >= happens_at)",
            name=op.f("ck_draw_drawn_when_it_exists"),
        ),
        sa.CheckConstraint(
            "drawn_at IS NULL OR open_by IS NULL OR drawn_at <= open_by", name=op.f("ck_draw_opened_in_time")
        ),
        sa.CheckConstraint(
            "(drawn_at IS NOT NULL) = "
            "(beacon_signature IS NOT NULL OR (secret IS NOT NULL AND public_number IS NOT NULL))",
            name=op.f("ck_draw_drawn_has_outcome"),
        ),
        sa.CheckConstraint("(drawn_at IS NULL) = (signature IS NULL)", name=op.f("ck_draw_drawn_is_signed")),
        sa.ForeignKeyConstraint(["competition_id"], ["competition.id"], name=op.f("fk_draw_competition_id")),
        sa.ForeignKeyConstraint(["created_by_id"], ["account.id"], name=op.f("fk_draw_created_by_id")),
        sa.ForeignKeyConstraint(["planned_by_id"], ["account.id"], name=op.f("fk_draw_planned_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draw")),
        sa.UniqueConstraint("competition_id", "number", name="uq_draw_number"),
        sa.UniqueConstraint("digest", name=op.f("uq_draw_digest")),
    )
    op.create_table(
        "draw_approval",
        sa.Column("draw_id", BigId, nullable=False),
        sa.Column("account_id", BigId, nullable=False),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_draw_approval_account_id")),
        sa.ForeignKeyConstraint(["draw_id"], ["draw.id"], name=op.f("fk_draw_approval_draw_id")),
        sa.PrimaryKeyConstraint("draw_id", "account_id", name=op.f("pk_draw_approval")),
    )
    op.create_table(
        "draw_exclusion",
        sa.Column("draw_id", BigId, nullable=False),
        sa.Column("account_id", BigId, nullable=False),
        sa.Column("reason", sa.String(length=16), nullable=False),
        sa.Column("by_name", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "reason IN ('staff', 'voided', 'earlier_winner', 'other')", name=op.f("ck_draw_exclusion_reason_known")
        ),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_draw_exclusion_account_id")),
        sa.ForeignKeyConstraint(["draw_id"], ["draw.id"], name=op.f("fk_draw_exclusion_draw_id")),
        sa.PrimaryKeyConstraint("draw_id", "account_id", name=op.f("pk_draw_exclusion")),
    )
    op.create_table(
        "draw_entry",
        sa.Column("draw_id", BigId, nullable=False),
        sa.Column("entry", sa.String(length=20), nullable=False),
        sa.Column("account_id", BigId, nullable=False),
        sa.Column("organization_id", BigId, nullable=True),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_draw_entry_account_id")),
        sa.ForeignKeyConstraint(["draw_id"], ["draw.id"], name=op.f("fk_draw_entry_draw_id")),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_draw_entry_organization_id")),
        sa.PrimaryKeyConstraint("draw_id", "entry", name=op.f("pk_draw_entry")),
        sa.UniqueConstraint("draw_id", "account_id", name="uq_draw_entry_account"),
    )
    op.create_index(op.f("ix_draw_entry_account_id"), "draw_entry", ["account_id"], unique=False)
    op.create_table(
        "draw_winner",
        sa.Column("draw_id", BigId, nullable=False),
        sa.Column("prize", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("entry", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(["draw_id"], ["draw.id"], name=op.f("fk_draw_winner_draw_id")),
        sa.ForeignKeyConstraint(
            ["draw_id", "entry"], ["draw_entry.draw_id", "draw_entry.entry"], name="fk_winner_entry"
        ),
        sa.PrimaryKeyConstraint("draw_id", "prize", "place", name=op.f("pk_draw_winner")),
        sa.UniqueConstraint("draw_id", "entry", name="uq_draw_winner_entry"),
    )
    if op.get_bind().dialect.name == "sqlite":
        for table, name, deed, when in [*REFUSED, *REFUSED_ON_SQLITE]:
            op.execute(
                f"CREATE TRIGGER {table}_{name} BEFORE {deed} ON {table} WHEN {when.format(differs='IS NOT')} "
                f"BEGIN SELECT RAISE(ABORT, 'a draw is immutable: {name}'); END"
            )
        return
    for table, name, deed, when in REFUSED:
        row = "OLD" if deed == "DELETE" else "NEW"
        # A trigger's WHEN can't hold a subquery on PostgreSQL, so each has a function that looks.
        op.execute(
            f"CREATE FUNCTION {table}_{name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"IF {when.format(differs='IS DISTINCT FROM')} THEN RAISE EXCEPTION 'a draw is immutable: {name}' "
            f"USING ERRCODE = 'restrict_violation'; END IF; RETURN {row}; END $$"
        )
        op.execute(
            f"CREATE TRIGGER {table}_{name} BEFORE {deed} ON {table} FOR EACH ROW EXECUTE FUNCTION {table}_{name}()"
        )
    for table in TABLES:
        op.execute(f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} EXECUTE FUNCTION refuse_immutable()")


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        for table, name, _deed, _when in REFUSED:
            op.execute(f"DROP FUNCTION {table}_{name}()")
