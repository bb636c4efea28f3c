"""clips that users edit, make and delete, and what an export was asked for"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("clips", sa.Column("version", sa.Integer(), server_default="0", nullable=False))
    op.alter_column("clips", "version", server_default=None)
    op.add_column("clips", sa.Column("edited_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("clips", sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "exports",
        sa.Column(
            "request",
            postgresql.JSONB(),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
    )


def downgrade() -> None:
    op.drop_column("exports", "request")
    for name in ("deleted_at", "edited_at", "version"):
        op.drop_column("clips", name)
