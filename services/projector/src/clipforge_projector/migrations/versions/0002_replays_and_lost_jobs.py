"""replays, and jobs that the log has lost"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    numbers = {"replay": sa.Integer(), "restated": sa.Integer(), "cause_sequence": sa.BigInteger()}
    for name, kind in numbers.items():
        op.add_column("jobs", sa.Column(name, kind, server_default="0", nullable=False))
        op.alter_column("jobs", name, server_default=None)
    op.execute("UPDATE jobs SET cause_sequence = sequence")
    op.add_column("jobs", sa.Column("looked_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    for name in ("looked_at", "cause_sequence", "restated", "replay"):
        op.drop_column("jobs", name)
