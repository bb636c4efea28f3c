"""how many jobs are in each state, counted as they change"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

# Jobs change one by one and in bulk, so the database counts: nobody can forget to. One writer, so
# the few rows of a tenant are not fought for.
COUNT = """
CREATE FUNCTION count_job() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        UPDATE job_counts SET number = number - 1
        WHERE stage = OLD.stage AND tenant_id = OLD.tenant_id
            AND priority = OLD.priority AND state = OLD.state;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO job_counts AS counted (stage, tenant_id, priority, state, number)
        VALUES (NEW.stage, NEW.tenant_id, NEW.priority, NEW.state, 1)
        ON CONFLICT (stage, tenant_id, priority, state) DO UPDATE SET number = counted.number + 1;
    END IF;
    RETURN NULL;
END
$$
"""
OF = ("stage", "tenant_id", "priority", "state")


def upgrade() -> None:
    op.create_table(
        "job_counts",
        *(sa.Column(name, sa.String(), nullable=False) for name in OF),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(*OF),
    )
    op.execute("LOCK TABLE jobs IN SHARE ROW EXCLUSIVE MODE")  # nothing changes uncounted meanwhile
    names = ", ".join(OF)
    op.execute(f"INSERT INTO job_counts SELECT {names}, count(*) FROM jobs GROUP BY {names}")  # noqa: S608
    op.execute(COUNT)
    op.execute(
        "CREATE TRIGGER jobs_added_or_gone AFTER INSERT OR DELETE ON jobs "
        "FOR EACH ROW EXECUTE FUNCTION count_job()"
    )
    changed = " OR ".join(f"OLD.{name} IS DISTINCT FROM NEW.{name}" for name in OF)
    op.execute(
        "CREATE TRIGGER jobs_changed AFTER UPDATE ON jobs "
        f"FOR EACH ROW WHEN ({changed}) EXECUTE FUNCTION count_job()"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER jobs_changed ON jobs")
    op.execute("DROP TRIGGER jobs_added_or_gone ON jobs")
    op.execute("DROP FUNCTION count_job")
    op.drop_table("job_counts")
