"""how far uploads were looked at, and whose an upload is"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "walks",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("reached", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("kind"),
    )
    op.execute(
        "CREATE INDEX projects_by_upload ON projects ((source #>> '{upload,object_key}')) "
        "WHERE source #>> '{upload,object_key}' IS NOT NULL"
    )


def downgrade() -> None:
    op.drop_index("projects_by_upload", "projects")
    op.drop_table("walks")
