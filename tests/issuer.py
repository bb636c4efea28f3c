"""An issuer of tokens on loopback: its discovery document, its keys, and tokens of any kind."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

AUDIENCE = "clipforge"


@dataclass
class Issuer:
    """Signs with the newest of its keys; shows those that it has not withdrawn."""

    url: str = ""
    away: bool = False
    asked: int = 0
    keys: dict[str, rsa.RSAPrivateKey] = field(default_factory=dict[str, rsa.RSAPrivateKey])

    def rotate(self) -> str:
        """A new key; the old ones are shown no longer."""
        kid = f"key-{len(self.keys)}-{time.monotonic_ns()}"
        self.keys = {kid: rsa.generate_private_key(public_exponent=65537, key_size=2048)}
        return kid

    def token(self, *, kid: str = "", algorithm: str = "RS256", **claims: Any) -> str:
        """A token that is good for five minutes, with these claims besides."""
        newest = next(reversed(self.keys))
        said = {"iss": self.url, "aud": AUDIENCE, "exp": time.time() + 300, **claims}
        said = {name: value for name, value in said.items() if value is not None}
        key: Any = (
            self.keys[newest]
            if algorithm.startswith("RS")
            else "a shared secret of 32 bytes, or more"
        )
        return jwt.encode(said, key, algorithm=algorithm, headers={"kid": kid or newest})

    def answer(self, path: str) -> dict[str, Any] | None:
        """What is at an address."""
        self.asked += 1
        if self.away:
            return None
        if path.endswith("/.well-known/openid-configuration"):
            return {"issuer": self.url, "jwks_uri": f"{self.url}/keys"}
        shown = [
            {**json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key())), "kid": kid}
            for kid, key in self.keys.items()
        ]
        return {"keys": shown}


@contextmanager
def issuing() -> Iterator[Issuer]:
    """An issuer, until the end of the block."""
    issuer = Issuer()
    issuer.rotate()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = issuer.answer(self.path)
            body = json.dumps(found).encode()
            self.send_response(503 if found is None else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    issuer.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield issuer
    finally:
        server.shutdown()
        server.server_close()
        serving.join()
