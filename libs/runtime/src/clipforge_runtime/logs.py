"""One JSON object a line, with the fields of the delivery in hand and its trace."""

import json
import logging
import re
import sys
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final

from opentelemetry import trace

context: ContextVar[Mapping[str, str]] = ContextVar("log_context", default=MappingProxyType({}))

# Signatures of presigned addresses, passwords in addresses, API keys and secrets of webhooks stay
# out of the logs.
_SECRETS: Final = re.compile(r"(?i)(X-Amz-(?:Signature|Credential|Security-Token)=)[^&\s\"']+")
_PASSWORDS: Final = re.compile(r"(?<=://)([^/\s:@]*):[^/\s@]+@")
_API_KEYS: Final = re.compile(r"\b(cf_|whsec_)[A-Za-z0-9_+/-]{20,}=*")


class JsonFormatter(logging.Formatter):
    """Formats a record as one line of JSON."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "service": self._service,
            "logger": record.name,
            "message": redact(record.getMessage()),
            **context.get(),
        }
        span = trace.get_current_span().get_span_context()
        if span.is_valid:
            line["trace_id"] = trace.format_trace_id(span.trace_id)
        if record.exc_info:
            line["traceback"] = redact(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False)


def redact(text: str) -> str:
    """The text without the secrets that we know by their form."""
    for secret, shown in ((_SECRETS, r"\1***"), (_PASSWORDS, r"\1:***@"), (_API_KEYS, r"\1***")):
        text = secret.sub(shown, text)
    return text


def configure(service: str, level: str) -> None:
    """Send every record of this process to stderr as JSON."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter(service))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    # These tell of every request; we log decisions.
    for chatty in ("httpx", "httpcore", "urllib3", "nats", "faster_whisper"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, logging.getLogger().level))
