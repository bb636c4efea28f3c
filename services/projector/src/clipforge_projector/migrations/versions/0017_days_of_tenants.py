"""projects taken in, and bytes stored, by day"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

# What the rows still know of days gone by: of films and exports that are there.
FILMS = """
SELECT a.tenant_id, (a.created_at AT TIME ZONE 'UTC')::date AS day, 0 AS projects,
       (a.media ->> 'bytes')::bigint AS bytes
FROM assets a
WHERE EXISTS (SELECT FROM projects p WHERE p.asset_id = a.id AND p.expired_at IS NULL)
"""
CLIPS = """
SELECT tenant_id, (min(finished_at) AT TIME ZONE 'UTC')::date, 0, (record ->> 'bytes')::bigint
FROM exports WHERE state = 'completed' AND record ? 'bytes' GROUP BY tenant_id, record
"""
PROJECTS = """
SELECT tenant_id, (created_at AT TIME ZONE 'UTC')::date, 1, 0 FROM projects
"""


def upgrade() -> None:
    op.create_table(
        "tenant_days",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("projects", sa.Integer(), nullable=False),
        sa.Column("stored_bytes", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "day"),
    )
    op.create_index("exports_by_clip", "exports", [sa.text("(record #>> '{objects,clip_key}')")])
    known = " UNION ALL ".join((FILMS, CLIPS, PROJECTS))
    op.execute(
        "INSERT INTO tenant_days SELECT tenant_id, day, sum(projects), sum(bytes) "  # noqa: S608
        f"FROM ({known}) AS known GROUP BY tenant_id, day"
    )


def downgrade() -> None:
    op.drop_index("exports_by_clip", "exports")
    op.drop_table("tenant_days")
