"""API keys as rows: what works, and what does not any more."""

import pytest

from clipforge.v1.facts_pb2 import ApiKeySaved
from clipforge_catalog.database import Sessions
from clipforge_catalog.queries import keys
from clipforge_contracts import ids
from clipforge_projector import projector
from clipforge_runtime.testing import MemoryBus
from samples import every_fact

pytestmark = pytest.mark.integration


async def test_a_key_that_was_changed_no_longer_works_as_it_was(sessions: Sessions) -> None:
    bus = MemoryBus()
    tenants = [f for f in every_fact() if f.DESCRIPTOR.name == "TenantSaved"]
    [former] = [fact for fact in every_fact() if isinstance(fact, ApiKeySaved)]
    changed = ApiKeySaved()
    changed.CopyFrom(former)
    changed.hash = bytes(reversed(former.hash)) + b"!"

    for fact in (*tenants, former, changed):
        await bus.state(fact, fact_id=ids.new("evt"))
    await projector.project(sessions, bus, batch=3, until=len(bus.entries))

    async with sessions() as session:
        assert await keys.find(session, changed.hash) is not None
        assert await keys.find(session, former.hash) is None
