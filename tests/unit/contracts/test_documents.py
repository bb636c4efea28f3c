"""Documents of the object store, read back."""

import pytest

from clipforge.v1.documents_pb2 import Transcript
from clipforge_contracts.documents import from_json
from clipforge_contracts.validation import Invalid


@pytest.mark.parametrize("body", [b"", b"{", b"\xf2\x28 torn", b'{"segments": 7}'], ids=repr)
def test_what_is_no_document_is_invalid_whatever_its_bytes(body: bytes) -> None:
    with pytest.raises(Invalid, match="not a Transcript"):
        from_json(body, Transcript)
