"""what the reconciler did"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("jobs", sa.Column("restated", sa.Integer(), server_default="0", nullable=False))
    op.alter_column("jobs", "restated", server_default=None)
    op.add_column("jobs", sa.Column("looked_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("jobs", "looked_at")
    op.drop_column("jobs", "restated")
