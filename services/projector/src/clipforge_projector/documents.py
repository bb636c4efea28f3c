"""Messages as JSON columns."""

from typing import Any

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message


def as_dict(message: Message) -> dict[str, Any]:
    """The fields that are set, by their names in the proto files."""
    found: dict[str, Any] = MessageToDict(message, preserving_proto_field_name=True)
    return found
