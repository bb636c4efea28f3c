"""Errors that are logged, told to Sentry or to what speaks its protocol, where there is one."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, Final

import sentry_sdk
from sentry_sdk.integrations.excepthook import ExcepthookIntegration
from sentry_sdk.integrations.logging import LoggingIntegration
from sentry_sdk.types import Event, Hint
from sentry_sdk.utils import BadDsn

from clipforge_runtime import logs, telemetry

LAST_SECONDS: Final = 5.0  # at the end of a process, for what was not sent yet


@contextmanager
def errors(service: str, dsn: str) -> Generator[None]:
    """Tell of each error that this process logs, and of the one that ends it.

    No values of variables, no bodies and no addresses of users: those may hold what somebody said.
    ValueError where the DSN is none.
    """
    try:
        sentry_sdk.init(
            dsn=dsn,
            default_integrations=False,
            integrations=[LoggingIntegration(level=None), ExcepthookIntegration()],
            before_send=_told,
            include_local_variables=False,
            max_breadcrumbs=0,
        )
    except BadDsn as error:
        raise ValueError(
            f"this is no DSN ({error}); Sentry shows it as https://KEY@HOST/ID"
        ) from None
    sentry_sdk.set_tag("service", service)
    try:
        yield
    finally:
        sentry_sdk.get_client().close(timeout=LAST_SECONDS)


def _told(event: Event, _: Hint) -> Event:
    """With what our log lines carry, and without what they leave out."""
    tags = {**logs.context.get(), "trace_id": telemetry.trace_id()}
    event["tags"] = {**dict(event.get("tags") or {}), **{k: v for k, v in tags.items() if v}}
    entry = dict(event.get("logentry") or {})
    entry.pop("params", None)  # a secret is known by what stands around it
    made: Event = _redacted({**event, "logentry": entry})
    return made


def _redacted(value: Any) -> Any:
    match value:
        case str():
            return logs.redact(value)
        case dict():
            return {key: _redacted(one) for key, one in value.items()}
        case list() | tuple():
            return [_redacted(one) for one in value]
        case _:
            return value
