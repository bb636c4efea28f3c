"""Documents as they lie in the object store: JSON with the field names of the proto files."""

from typing import TypeVar

from google.protobuf import json_format
from google.protobuf.message import Message

from clipforge_contracts.validation import Invalid, validate

D = TypeVar("D", bound=Message)


def to_json(document: Message) -> bytes:
    """The document as UTF-8 JSON: same document, same bytes. Invalid where it breaks a rule."""
    validate(document)
    text = json_format.MessageToJson(
        document, preserving_proto_field_name=True, indent=None, ensure_ascii=False
    )
    return text.encode()


def from_json(body: bytes, shape: type[D]) -> D:
    """Read a document; fields of a newer writer are ignored. Invalid where it is not one."""
    try:
        document = json_format.Parse(body, shape(), ignore_unknown_fields=True)
    except json_format.ParseError as error:
        raise Invalid(f"not a {shape.DESCRIPTOR.name}: {error}") from error
    validate(document)
    return document
