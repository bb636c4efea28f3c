"""files of brands, kits, styles and presets in versions, batches, and how an export is to look"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def _json(name: str, default: str = "{}") -> "sa.Column[Any]":
    return sa.Column(name, JSONB(), server_default=sa.text(f"'{default}'::jsonb"), nullable=False)


def _text(name: str, *, null: bool = False) -> "sa.Column[str]":
    return sa.Column(name, sa.String(), nullable=null)


def _time(name: str) -> "sa.Column[Any]":
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False)


def _number(name: str) -> "sa.Column[int]":
    return sa.Column(name, sa.BigInteger(), nullable=False)


def upgrade() -> None:
    op.create_table(
        "brand_assets",
        *(_text(name) for name in ("id", "tenant_id", "kind", "file_name", "upload_key", "state")),
        _json("asset"),
        *(_text(name, null=True) for name in ("failure_reason", "failure_sentence")),
        _number("sequence"),
        _time("created_at"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("brand_assets_by_order", "brand_assets", ["tenant_id", "sequence", "id"])
    op.create_table(
        "looks",
        *(_text(name) for name in ("id", "tenant_id", "kind")),
        sa.Column("version", sa.Integer(), nullable=False),
        _json("body"),
        _number("sequence"),
        _number("updated_sequence"),
        _time("created_at"),
        _time("updated_at"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("looks_by_order", "looks", ["tenant_id", "kind", "sequence", "id"])
    op.create_table(
        "look_versions",
        *(_text(name) for name in ("id", "look_id", "tenant_id")),
        sa.Column("version", sa.Integer(), nullable=False),
        _json("body"),
        _number("sequence"),
        _time("saved_at"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("look_versions_by_order", "look_versions", ["look_id", "sequence"])
    op.create_table(
        "batches",
        *(_text(name) for name in ("id", "tenant_id")),
        _json("export_ids", "[]"),
        _number("sequence"),
        _time("created_at"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("batches_by_order", "batches", ["tenant_id", "sequence", "id"])
    op.add_column("exports", _json("render"))
    op.add_column("exports", _text("kit_id", null=True))


def downgrade() -> None:
    op.drop_column("exports", "kit_id")
    op.drop_column("exports", "render")
    for table in ("batches", "look_versions", "looks", "brand_assets"):
        op.drop_table(table)
