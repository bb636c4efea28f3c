"""The Python SDK of ClipForge, and the `clipforge` command. Speaks HTTP only."""

from clipforge_client.client import AsyncClient, Client
from clipforge_client.errors import (
    ApiError,
    ClientError,
    Conflict,
    Invalid,
    NotFound,
    Unauthenticated,
    Unavailable,
    Unreachable,
)
from clipforge_client.models import Clip, Event, Export, Page, Project, Upload

__all__ = [
    "ApiError",
    "AsyncClient",
    "Client",
    "ClientError",
    "Clip",
    "Conflict",
    "Event",
    "Export",
    "Invalid",
    "NotFound",
    "Page",
    "Project",
    "Unauthenticated",
    "Unavailable",
    "Unreachable",
    "Upload",
]
