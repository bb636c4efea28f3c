"""films are listed in the order in which they came in"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "assets", sa.Column("sequence", sa.BigInteger(), server_default="0", nullable=False)
    )
    op.execute(
        "UPDATE assets SET sequence = coalesce("
        "(SELECT min(p.sequence) FROM projects p WHERE p.asset_id = assets.id), 0)"
    )
    op.alter_column("assets", "sequence", server_default=None)
    op.create_index("assets_by_order", "assets", ["tenant_id", "sequence", "id"])
    op.drop_index("ix_assets_tenant_id", "assets")


def downgrade() -> None:
    op.create_index("ix_assets_tenant_id", "assets", ["tenant_id"])
    op.drop_index("assets_by_order", "assets")
    op.drop_column("assets", "sequence")
