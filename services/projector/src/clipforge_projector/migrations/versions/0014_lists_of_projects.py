"""projects are listed by state, by time and by title"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("projects_by_state", "projects", ["tenant_id", "state", "sequence", "id"])
    op.create_index("projects_by_time", "projects", ["tenant_id", "created_at"])
    op.create_index(
        "projects_by_title",
        "projects",
        ["tenant_id", sa.text('lower("left"(title::text, 100))'), "sequence", "id"],
    )


def downgrade() -> None:
    for name in ("projects_by_title", "projects_by_time", "projects_by_state"):
        op.drop_index(name, "projects")
