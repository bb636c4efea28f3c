"""How deep a JSON body is, found while it comes in: a deep one is refused before it is parsed."""

import re
from typing import Final

MAX_DEPTH: Final = 32  # the deepest body of ours has 5
_TOKENS: Final = re.compile(rb'\\.|["\[\]{}]', re.DOTALL)


class Depth:
    """Counts brackets outside of strings."""

    def __init__(self) -> None:
        self._in_string = False
        self._left = b""  # a backslash whose letter is to come
        self._depth = 0
        self.deepest = 0

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes in."""
        chunk = self._left + chunk
        ends = len(chunk) - len(chunk.rstrip(b"\\"))
        self._left = b"\\" if ends % 2 else b""
        for token in _TOKENS.findall(chunk[: len(chunk) - len(self._left)]):
            if token == b'"':
                self._in_string = not self._in_string
            elif not self._in_string and token in (b"[", b"{"):
                self._depth += 1
                self.deepest = max(self.deepest, self._depth)
            elif not self._in_string and token in (b"]", b"}"):
                self._depth -= 1
