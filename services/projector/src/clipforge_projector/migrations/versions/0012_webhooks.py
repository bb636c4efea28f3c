"""webhooks, and what was delivered to them"""

from datetime import datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0012"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "webhooks",
        *_texts("id", "tenant_id", "url", "description"),
        _json("events", "[]"),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        _json("secrets", "[]"),
        *_texts("disabled_reason", "disabled_sentence", null=True),
        *_times("failing_since", "accepted_at", null=True),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        *_times("created_at", "updated_at"),
        *_times("deleted_at", null=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("webhooks_by_order", "webhooks", ["tenant_id", "sequence", "id"])
    op.create_table(
        "webhook_deliveries",
        *_texts("id", "tenant_id", "webhook_id", "message_id", "event"),
        *_times("happened_at"),
        _json("data", "{}"),
        *_texts("redelivery_of", "state"),
        sa.Column("attempts", sa.Integer(), nullable=False),
        *_times("next_at", null=True),
        *_texts("reason", "sentence", null=True),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("due_sequence", sa.BigInteger(), nullable=True),
        *_times("created_at"),
        *_times("finished_at", null=True),
        sa.PrimaryKeyConstraint("id"),
    )
    table = "webhook_deliveries"
    op.create_index("webhook_deliveries_by_order", table, ["webhook_id", "sequence", "id"])
    op.create_index("webhook_deliveries_by_age", table, ["created_at"])
    op.create_index(
        "webhook_deliveries_once",
        table,
        ["webhook_id", "message_id"],
        unique=True,
        postgresql_where=sa.text("redelivery_of = ''"),
    )
    op.create_index(
        "webhook_deliveries_to_state",
        table,
        ["sequence"],
        postgresql_where=sa.text("due_sequence IS NULL"),
    )
    op.create_table(
        "webhook_attempts",
        *_texts("delivery_id"),
        sa.Column("n", sa.Integer(), nullable=False),
        *_times("at"),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("duration_ms", sa.Integer(), nullable=False),
        *_texts("error", "answer"),
        sa.PrimaryKeyConstraint("delivery_id", "n"),
    )


def downgrade() -> None:
    for table in ("webhook_attempts", "webhook_deliveries", "webhooks"):
        op.drop_table(table)


def _texts(*names: str, null: bool = False) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.String(), nullable=null) for name in names]


def _times(*names: str, null: bool = False) -> list[sa.Column[datetime]]:
    return [sa.Column(name, sa.DateTime(timezone=True), nullable=null) for name in names]


def _json(name: str, default: str) -> sa.Column[dict[str, object]]:
    return sa.Column(name, JSONB(), server_default=sa.text(f"'{default}'::jsonb"), nullable=False)
