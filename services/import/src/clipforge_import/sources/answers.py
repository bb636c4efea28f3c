"""What a server's answer means: go on, begin anew, come back later, or give up. Pure."""

import re
from dataclasses import dataclass
from typing import Final

import httpx

from clipforge_runtime.errors import Permanent, Transient

PAGES: Final = ("text/html", "application/xhtml")
_RANGE: Final = re.compile(r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)")
_REFUSALS: Final = {
    401: "asks for a login",
    403: "refuses to hand it out",
    404: "has no such file",
    410: "has removed the file",
}


class Unwell(Transient):
    """The server cannot deliver just now."""


class Changed(Exception):
    """What the server sends does not follow what we have: begin anew."""


@dataclass
class Partial:
    """What has been fetched so far, and whether the rest can follow."""

    have: int = 0
    total: int | None = None
    validator: str = ""  # of If-Range: a strong etag or a date
    complete: bool = False

    @property
    def resumable(self) -> bool:
        """Without a validator, the rest might be that of another file."""
        return bool(self.validator)

    @property
    def request(self) -> dict[str, str]:
        """Headers that ask for what is missing."""
        if not self.have:
            return {}
        return {"Range": f"bytes={self.have}-", "If-Range": self.validator}


def judge(response: httpx.Response, partial: Partial) -> None:
    """Take note of what follows. Permanent, Unwell or Changed where it is not the film."""
    match response.status_code:
        case 200:
            _refuse_pages(response)
            partial.have = 0
            partial.total = _length(response)
            partial.validator = _validator(response)
        case 206:
            _refuse_pages(response)
            _go_on(response, partial)
        case 416 if partial.have:
            _judge_end(response, partial)
        case 408 | 425 | 429 as status:
            raise _unwell(response, status)
        case status if status >= 500:
            raise _unwell(response, status)
        case status:
            what = _REFUSALS.get(status, f"answered {status}")
            raise Permanent(
                f"We could not fetch the video: {response.url.host} {what}. "
                "Check the address, or upload the file.",
                reason=f"http-{status}",
            )


def _go_on(response: httpx.Response, partial: Partial) -> None:
    start, total = _range(response)
    validator = _validator(response)
    if start != partial.have or _differ(validator, partial.validator):
        raise _changed(partial)
    if _differ(total, partial.total):
        raise _changed(partial)
    partial.total = total or partial.total
    partial.validator = partial.validator or validator


def _judge_end(response: httpx.Response, partial: Partial) -> None:
    """There is nothing after what we have: we have it all, or it has become shorter."""
    _, total = _range(response)
    if total != partial.have:
        raise _changed(partial)
    partial.total, partial.complete = total, True


def _differ(one: object, other: object) -> bool:
    """Both are known, and they are not the same."""
    return bool(one and other) and one != other


def _changed(partial: Partial) -> Changed:
    partial.validator = ""
    return Changed("the file changed while it was fetched")


def _refuse_pages(response: httpx.Response) -> None:
    if response.headers.get("Content-Type", "").lower().startswith(PAGES):
        raise Permanent(
            "This address is a web page, not a video file. Give the address of the file itself, "
            "or upload it.",
            reason="web-page",
        )


def _unwell(response: httpx.Response, status: int) -> Unwell:
    host = response.url.host
    return Unwell(f"{host} cannot deliver the video just now (it answered {status}).")


def _range(response: httpx.Response) -> tuple[int | None, int | None]:
    found = _RANGE.fullmatch(response.headers.get("Content-Range", "").strip())
    if not found:
        return None, None
    start, total = found.groups()
    return (int(start) if start else None), (int(total) if total != "*" else None)


def _length(response: httpx.Response) -> int | None:
    length = response.headers.get("Content-Length", "")
    return int(length) if length.isdigit() else None


def _validator(response: httpx.Response) -> str:
    etag = str(response.headers.get("ETag", ""))
    # A weak one may stand for other bytes (RFC 9110, 13.1.5).
    return (
        etag
        if etag and not etag.startswith("W/")
        else str(response.headers.get("Last-Modified", ""))
    )
