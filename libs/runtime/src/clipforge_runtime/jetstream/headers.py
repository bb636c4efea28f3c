"""The block of headers of a message, as it goes over the wire and lies in the log."""

from collections.abc import Mapping
from typing import Final

VERSION: Final = "NATS/1.0"
STATUS: Final = "Status"
DESCRIPTION: Final = "Description"


def read(block: bytes) -> dict[str, str]:
    """The headers. What the server says by itself, in the first line, is `Status` and more."""
    first, *lines = block.decode(errors="replace").split("\r\n")
    headers = {}
    for line in lines:
        name, separator, value = line.partition(":")
        if separator:
            headers[name] = value.strip()
    if said := first[len(VERSION) :].strip():
        headers[STATUS], _, headers[DESCRIPTION] = said.partition(" ")
    return headers


def write(headers: Mapping[str, str]) -> bytes:
    """The block. ValueError where a name or a value would end its line and begin another."""
    lines = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
    if lines.count("\n") != len(headers) or lines.count("\r") != len(headers):
        raise ValueError("a header must not hold the end of a line")
    return f"{VERSION}\r\n{lines}\r\n".encode()
