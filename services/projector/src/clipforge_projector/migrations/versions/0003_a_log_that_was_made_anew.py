"""what it takes to read a log again that was made anew or restored"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TIMES = (
    ("position", "at"),
    ("tenants", "saved_at"),
    ("api_keys", "saved_at"),
    ("projects", "finished_at"),
    ("projects", "cancelled_at"),
)


def upgrade() -> None:
    for table, name in TIMES:
        op.add_column(table, sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    op.execute(
        "UPDATE projects SET finished_at = updated_at "
        "WHERE state IN ('ready', 'failed', 'cancelled')"
    )
    op.execute("UPDATE projects SET cancelled_at = updated_at WHERE state = 'cancelled'")
    op.create_table(
        "deleted_projects",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )


def downgrade() -> None:
    op.drop_table("deleted_projects")
    for table, name in reversed(TIMES):
        op.drop_column(table, name)
