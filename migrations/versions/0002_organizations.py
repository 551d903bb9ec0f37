"""The tree of organizations, memberships, and roles (which may be bound to an organization)."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "organization",
        sa.Column("id", BigId, nullable=False),
        sa.Column("parent_id", BigId, nullable=True),
        sa.Column("path", sa.String(length=200), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("join_code", sa.String(length=20), nullable=False),
        sa.Column("region", sa.String(length=6), nullable=True),
        sa.Column("industry", sa.String(length=10), nullable=True),
        sa.Column("league", sa.String(length=40), nullable=True),
        sa.Column("is_central", sa.Boolean(), nullable=False),
        sa.Column("headcount", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("headcount IS NULL OR headcount > 0", name=op.f("ck_organization_headcount_positive")),
        sa.ForeignKeyConstraint(["parent_id"], ["organization.id"], name=op.f("fk_organization_parent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organization")),
        sa.UniqueConstraint("code", name=op.f("uq_organization_code")),
        sa.UniqueConstraint("join_code", name=op.f("uq_organization_join_code")),
    )
    op.create_index(op.f("ix_organization_industry"), "organization", ["industry"], unique=False)
    op.create_index(op.f("ix_organization_parent_id"), "organization", ["parent_id"], unique=False)
    op.create_index(
        "ix_organization_path", "organization", ["path"], unique=False, postgresql_ops={"path": "text_pattern_ops"}
    )
    op.create_index(op.f("ix_organization_region"), "organization", ["region"], unique=False)
    op.create_table(
        "membership",
        sa.Column("id", BigId, nullable=False),
        sa.Column("account_id", BigId, nullable=False),
        sa.Column("organization_id", BigId, nullable=False),
        sa.Column("staff_number", sa.String(length=40), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by_id", BigId, nullable=True),
        sa.CheckConstraint("state IN ('pending', 'confirmed', 'removed')", name=op.f("ck_membership_state_known")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_membership_account_id")),
        sa.ForeignKeyConstraint(["decided_by_id"], ["account.id"], name=op.f("fk_membership_decided_by_id")),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_membership_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_membership")),
    )
    op.create_index(op.f("ix_membership_account_id"), "membership", ["account_id"], unique=False)
    op.create_index(op.f("ix_membership_organization_id"), "membership", ["organization_id"], unique=False)
    op.create_index(
        "uq_membership_current_account",
        "membership",
        ["account_id"],
        unique=True,
        sqlite_where=sa.text("state <> 'removed'"),
        postgresql_where=sa.text("state <> 'removed'"),
    )
    op.create_index(
        "uq_membership_staff_number",
        "membership",
        ["organization_id", "staff_number"],
        unique=True,
        sqlite_where=sa.text("state <> 'removed'"),
        postgresql_where=sa.text("state <> 'removed'"),
    )
    op.create_table(
        "role_grant",
        sa.Column("id", BigId, nullable=False),
        sa.Column("account_id", BigId, nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("organization_id", BigId, nullable=True),
        sa.Column("region", sa.String(length=6), nullable=True),
        sa.Column("industry", sa.String(length=10), nullable=True),
        sa.Column("granted_by_id", BigId, nullable=True),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(role = 'association') = (region IS NOT NULL OR industry IS NOT NULL)",
            name=op.f("ck_role_grant_association_has_field"),
        ),
        sa.CheckConstraint(
            "(role = 'coordinator') = (organization_id IS NOT NULL)", name=op.f("ck_role_grant_coordinator_has_unit")
        ),
        sa.CheckConstraint(
            "role IN ('administrator', 'organizer', 'association', 'coordinator', 'auditor')",
            name=op.f("ck_role_grant_role_known"),
        ),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_role_grant_account_id")),
        sa.ForeignKeyConstraint(["granted_by_id"], ["account.id"], name=op.f("fk_role_grant_granted_by_id")),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_role_grant_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_role_grant")),
    )
    op.create_index(op.f("ix_role_grant_account_id"), "role_grant", ["account_id"], unique=False)
    op.create_index(op.f("ix_role_grant_organization_id"), "role_grant", ["organization_id"], unique=False)
    op.create_index(
        "uq_role_grant_scope",
        "role_grant",
        [
            "account_id",
            "role",
            sa.text("coalesce(organization_id, 0)"),
            sa.text("coalesce(region, '')"),
            sa.text("coalesce(industry, '')"),
        ],
        unique=True,
    )


def downgrade() -> None:
    op.drop_table("role_grant")
    op.drop_table("membership")
    op.drop_table("organization")
