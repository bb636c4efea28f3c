"""Documents as they lie in the object store: JSON with the field names of the proto files."""

from typing import Any, TypeVar

from google.protobuf import json_format
from google.protobuf.message import Message

from clipforge_contracts.validation import Invalid, validate

D = TypeVar("D", bound=Message)


def to_json(document: Message) -> bytes:
    """The document as UTF-8 JSON: same document, same bytes. Invalid where it breaks a rule."""
    validate(document)
    text = json_format.MessageToJson(
        document,
        preserving_proto_field_name=True,
        always_print_fields_with_no_presence=True,
        indent=None,
        ensure_ascii=False,
    )
    return text.encode()


def from_json(body: bytes, shape: type[D]) -> D:
    """Read a document; fields of a newer writer are ignored. Invalid where it is not one."""
    try:
        document = json_format.Parse(body, shape(), ignore_unknown_fields=True)
    except (json_format.ParseError, UnicodeDecodeError) as error:
        raise Invalid(f"not a {shape.DESCRIPTOR.name}: {error}") from error
    validate(document)
    return document


def as_dict(message: Message) -> dict[str, Any]:
    """The message as JSON values, zeros and empty strings included: a clip may start at 0.

    64-bit integers are strings, as protobuf's JSON mapping has it.
    """
    found: dict[str, Any] = json_format.MessageToDict(
        message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )
    return found
