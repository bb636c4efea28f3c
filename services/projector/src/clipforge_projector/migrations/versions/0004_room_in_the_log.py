"""whose facts were taken out of the log"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TABLES = ("projects", "deleted_projects")


def upgrade() -> None:
    for table in TABLES:
        op.add_column(table, sa.Column("trimmed_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    for table in TABLES:
        op.drop_column(table, "trimmed_at")
