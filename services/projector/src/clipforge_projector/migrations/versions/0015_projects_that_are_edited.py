"""projects whose title and options users edit"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "projects", sa.Column("version", sa.Integer(), server_default="0", nullable=False)
    )
    op.alter_column("projects", "version", server_default=None)


def downgrade() -> None:
    op.drop_column("projects", "version")
