"""which lane a job waits in"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Where it is not known, the lightest: these have waited long enough.
    op.add_column("jobs", sa.Column("lane", sa.String(), server_default="l0", nullable=False))
    op.alter_column("jobs", "lane", server_default=None)


def downgrade() -> None:
    op.drop_column("jobs", "lane")
