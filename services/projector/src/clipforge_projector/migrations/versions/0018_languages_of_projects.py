"""projects are listed by the language that is spoken in them"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "projects_by_language",
        "projects",
        ["tenant_id", sa.text("lower(language::text)"), "sequence", "id"],
    )


def downgrade() -> None:
    op.drop_index("projects_by_language", "projects")
