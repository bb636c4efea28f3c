"""Links to pictures of caption styles. One that is not there yet is asked for, and comes soon."""

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

from clipforge.v1.common_pb2 import CaptionStyle, ProjectRef
from clipforge.v1.facts_pb2 import PreviewRequested
from clipforge_contracts import ids, keys, previews, subjects
from clipforge_gateway.auth import Caller
from clipforge_gateway.downloads import link
from clipforge_gateway.parts import Parts
from clipforge_runtime.bus import Contradicted
from clipforge_runtime.telemetry import trace_headers

REMEMBERED: Final = 10_000  # pictures that are known to be there; some 2 MB


class Pictures:
    """What this process knows to be there: a picture is never changed, nor removed."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, None] = OrderedDict()

    async def are_there(self, parts: Parts, key: str) -> bool:
        """Whether the store has it."""
        if key not in self._known:
            if await parts.store.stat(key) is None:
                return False
            self._known[key] = None
            while len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        return True


_PICTURES: Final = Pictures()


async def links(parts: Parts, caller: Caller, styles: Sequence[CaptionStyle]) -> list[str | None]:
    """A link for each style; None while its picture is being rendered."""
    return list(await asyncio.gather(*(_link(parts, caller, style) for style in styles)))


async def _link(parts: Parts, caller: Caller, style: CaptionStyle) -> str | None:
    address = previews.address(style)
    key = keys.preview(caller.tenant_id, address)
    if await _PICTURES.are_there(parts, key):
        return await link(parts, key)
    preview_id = ids.derive("pvw", caller.tenant_id, address)
    fact = PreviewRequested(
        project=ProjectRef(
            tenant_id=caller.tenant_id, project_id=subjects.NOTHING, plan=caller.plan.wire
        ),
        preview_id=preview_id,
        style=style,
    )
    with contextlib.suppress(Contradicted):
        await parts.log.state(
            fact,
            fact_id=ids.derive("evt", preview_id, "requested"),
            headers=trace_headers(),
            once=True,
        )
    return None
