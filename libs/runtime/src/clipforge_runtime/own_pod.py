"""This pod, as Kubernetes knows it: the one file that speaks to the API server.

Plain HTTPS with the pod's token: Kubernetes's own package would bring tens of megabytes into every
worker, for one request.
"""

import asyncio
import http.client
import json
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import urlsplit

SERVER: Final = "https://kubernetes.default.svc"
MOUNTED: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")
SECONDS: Final = 5.0  # for an answer


class Unheard(Exception):
    """The API server did not take it; the text says why."""


class Pod(Protocol):
    """What a worker may say of its own pod."""

    async def annotate(self, name: str, value: str) -> None:
        """Set one annotation. Unheard says why not."""
        ...


@dataclass(frozen=True)
class OwnPod:
    """A pod's name and namespace, and how to reach its API server."""

    name: str
    namespace: str
    token: Path  # read each time: it is another one within the hour
    server: str = SERVER
    authority: Path | None = None  # certificate of the server's

    async def annotate(self, name: str, value: str) -> None:
        await asyncio.to_thread(self._patch, {"metadata": {"annotations": {name: value}}})

    def _patch(self, change: dict[str, object]) -> None:
        try:
            connection = self._connect()
            try:
                connection.request(
                    "PATCH",
                    f"/api/v1/namespaces/{self.namespace}/pods/{self.name}",
                    json.dumps(change),
                    {
                        "Authorization": f"Bearer {self.token.read_text().strip()}",
                        "Content-Type": "application/merge-patch+json",
                        "Accept": "application/json",
                    },
                )
                answer = connection.getresponse()
                said = answer.read(4096).decode(errors="replace")
            finally:
                connection.close()
        except (OSError, http.client.HTTPException) as error:
            raise Unheard(f"{self.server} does not answer: {error}") from error
        if answer.status != 200:
            raise Unheard(f"{self.server} answered {answer.status}: {said[:300]}")

    def _connect(self) -> http.client.HTTPConnection:
        where = urlsplit(self.server)
        host = where.hostname or ""
        if where.scheme == "http":
            return http.client.HTTPConnection(host, where.port, timeout=SECONDS)
        trusted = ssl.create_default_context(cafile=self.authority)
        return http.client.HTTPSConnection(host, where.port, timeout=SECONDS, context=trusted)


def own_pod(mounted: Path = MOUNTED) -> OwnPod | None:
    """The pod that this process runs in; None outside of a cluster, or without a token."""
    try:
        namespace = (mounted / "namespace").read_text().strip()
    except OSError:
        return None
    return OwnPod(socket.gethostname(), namespace, mounted / "token", authority=mounted / "ca.crt")
