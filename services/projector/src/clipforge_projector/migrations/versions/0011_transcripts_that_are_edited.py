"""transcripts that users edit, and what is said in them, to be searched"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name, kind in (("version", sa.Integer()), ("sequence", sa.BigInteger())):
        op.add_column("transcripts", sa.Column(name, kind, server_default="0", nullable=False))
        op.alter_column("transcripts", name, server_default=None)
    op.add_column("transcripts", sa.Column("edited_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("transcripts", sa.Column("laid_out_key", sa.String(), nullable=True))
    op.create_index("transcripts_by_language", "transcripts", ["tenant_id", "language"])
    op.create_index(
        "transcripts_to_lay_out",
        "transcripts",
        ["created_at"],
        postgresql_where=sa.text("laid_out_key IS DISTINCT FROM key"),
    )
    op.create_index("projects_by_transcript", "projects", ["transcript_key"])
    op.create_table(
        "transcript_versions",
        sa.Column("project_id", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "version"),
    )
    op.create_index("transcript_versions_by_key", "transcript_versions", ["key"])
    op.create_table(
        "segments",
        sa.Column("project_id", sa.String(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("start_ms", sa.Integer(), nullable=False),
        sa.Column("end_ms", sa.Integer(), nullable=False),
        sa.Column("first_word", sa.Integer(), nullable=False),
        sa.Column("words", sa.Integer(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("config", sa.String(), nullable=False),
        sa.Column("vector", postgresql.TSVECTOR(), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "n"),
    )
    op.create_index("segments_by_word", "segments", ["vector"], postgresql_using="gin")
    op.create_index("segments_by_order", "segments", ["tenant_id", "sequence", "n"])


def downgrade() -> None:
    op.drop_table("segments")
    op.drop_table("transcript_versions")
    op.drop_index("projects_by_transcript", "projects")
    op.drop_index("transcripts_to_lay_out", "transcripts")
    op.drop_index("transcripts_by_language", "transcripts")
    for name in ("laid_out_key", "edited_at", "sequence", "version"):
        op.drop_column("transcripts", name)
