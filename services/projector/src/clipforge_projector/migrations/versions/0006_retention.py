"""what is kept for how long, and who removes it"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("projects", sa.Column("expired_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("projects", sa.Column("chunks_key", sa.String(), nullable=True))
    op.add_column("removals", sa.Column("removal_id", sa.String(), nullable=True))
    op.add_column("removals", sa.Column("requested_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "removals",
        sa.Column(
            "decided_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False
        ),
    )
    op.alter_column("removals", "decided_at", server_default=None)
    op.create_index(op.f("ix_removals_removal_id"), "removals", ["removal_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_removals_removal_id"), table_name="removals")
    for name in ("decided_at", "requested_at", "removal_id"):
        op.drop_column("removals", name)
    op.drop_column("projects", "chunks_key")
    op.drop_column("projects", "expired_at")
