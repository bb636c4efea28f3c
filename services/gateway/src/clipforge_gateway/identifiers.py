"""What ids look like, told in the OpenAPI document of each of them.

In words and by an example, not as a pattern: a job of no project has `_` in its place.
"""

from collections.abc import Mapping
from typing import Any, Final

from clipforge_gateway.examples import ID

FIELDS: Final = {
    "asset_id": "ast",
    "brand_kit_id": "kit",
    "clip_id": "clip",
    "export_id": "exp",
    "message_id": "evt",
    "project_id": "prj",
    "tenant_id": "ten",
    "upload_id": "upl",
    "webhook_id": "whk",
}
"""How the ids in a field begin, whatever model has it."""
MODELS: Final = {
    "ApiKeyView": "key",
    "AssetDetailView": "ast",
    "AssetView": "ast",
    "BatchView": "bat",
    "BrandAssetView": "bas",
    "BrandKitView": "kit",
    "CaptionStyleView": "sty",
    "ClipView": "clip",
    "DeadLetterView": "job",
    "DeliveryDetailView": "dlv",
    "DeliveryView": "dlv",
    "ExportCompleted": "evt",
    "ExportFailed": "evt",
    "ExportView": "exp",
    "JobView": "job",
    "NewApiKeyView": "key",
    "NewWebhookView": "whk",
    "PresetView": "pst",
    "ProjectFailed": "evt",
    "ProjectReady": "evt",
    "ProjectView": "prj",
    "TenantView": "ten",
    "UploadView": "upl",
    "WebhookTest": "evt",
    "WebhookView": "whk",
}
"""How the `id` of a model begins."""


def tell(schemas: Mapping[str, Any]) -> None:
    """Say it of each id that has no pattern of its own."""
    for model, schema in schemas.items():
        for name, one in schema.get("properties", {}).items():
            prefix = MODELS.get(model) if name == "id" else FIELDS.get(name)
            if prefix is None or any("pattern" in kind for kind in one.get("anyOf", [one])):
                continue
            before = f"{one['description']}. " if "description" in one else ""
            one["description"] = f"{before}A TypeID: `{prefix}_` and 26 letters and digits"
            one["examples"] = [f"{prefix}_{ID}"]
