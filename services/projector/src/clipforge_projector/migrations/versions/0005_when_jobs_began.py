"""when jobs began, and lists of them"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("jobs", sa.Column("began_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index("jobs_by_order", "jobs", ["tenant_id", "sequence", "id"])
    op.create_index("jobs_by_end", "jobs", ["stage", "finished_at"])


def downgrade() -> None:
    op.drop_index("jobs_by_end", table_name="jobs")
    op.drop_index("jobs_by_order", table_name="jobs")
    op.drop_column("jobs", "began_at")
