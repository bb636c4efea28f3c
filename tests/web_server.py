"""A web server on loopback that behaves as badly as a test wants."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Asked:
    """A request that arrived."""

    path: str
    headers: dict[str, str]


@dataclass
class WebServer:
    """Gives the first answer to the first request, and so on; the last one again and again."""

    answers: list[Answer]
    asked: list[Asked] = field(default_factory=list[Asked])

    def __enter__(self) -> "WebServer":
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 30

            def do_GET(self) -> None:
                n = len(server.asked)
                server.asked.append(Asked(self.path, dict(self.headers)))
                self.close_connection = True
                server.answers[min(n, len(server.answers) - 1)](self)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = _Quiet(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def allowed(self) -> frozenset[tuple[str, int]]:
        """The exception that lets this server be imported from."""
        return frozenset({("127.0.0.1", self.port)})

    def url(self, path: str = "/film.mp4") -> str:
        return f"http://127.0.0.1:{self.port}{path}"


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up are what these tests are about."""


def whole(body: bytes, *, promised: int | None = None, **headers: str) -> Answer:
    """200 with everything; `promised` bytes where the server lies about the length."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        _head(request, 200, {"Content-Length": str(promised or len(body)), **_named(headers)})
        request.wfile.write(body)

    return answer


def ranged(body: bytes, *, etag: str = '"one"', cut_after: int | None = None) -> Answer:
    """A good server; it hangs up after `cut_after` bytes of a body."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        asked = request.headers.get("Range", "")
        start = int(asked.removeprefix("bytes=").rstrip("-") or 0) if asked else 0
        if asked and request.headers.get("If-Range") != etag:
            start = 0
        if start >= len(body):
            _head(request, 416, {"Content-Range": f"bytes */{len(body)}", "Content-Length": "0"})
            return
        rest = body[start:]
        headers = {"Content-Length": str(len(rest)), "ETag": etag, "Accept-Ranges": "bytes"}
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
        _head(request, 206 if start else 200, headers)
        request.wfile.write(rest[:cut_after])

    return answer


def status(code: int, **headers: str) -> Answer:
    """Nothing but a status."""
    return lambda request: _head(request, code, {"Content-Length": "0", **_named(headers)})


def redirect(to: str, code: int = 302) -> Answer:
    return status(code, location=to)


def chunked(pieces: Callable[[], Iterator[bytes]], **headers: str) -> Answer:
    """200 without a length, piece by piece, for as long as there are any."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        _head(request, 200, {"Transfer-Encoding": "chunked", **_named(headers)})
        for piece in pieces():
            request.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            request.wfile.flush()
        request.wfile.write(b"0\r\n\r\n")

    return answer


def trickle(piece: bytes = b"x", every: float = 0.02) -> Iterator[bytes]:
    """Never stops, and never gets anywhere."""
    while True:
        yield piece
        time.sleep(every)


def silence(until: threading.Event) -> Answer:
    """A head, one byte, and then nothing."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        _head(request, 200, {"Content-Length": "1000"})
        request.wfile.write(b"x")
        request.wfile.flush()
        until.wait(30)

    return answer


def _head(request: BaseHTTPRequestHandler, code: int, headers: dict[str, str]) -> None:
    request.send_response(code)
    for name, value in headers.items():
        request.send_header(name, value)
    request.end_headers()


def _named(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}
