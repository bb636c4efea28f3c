"""The image: who runs in it, what is process 1, how it ends, and what it says of itself."""

import re

from render import chart

DOCKERFILE = (chart.ROOT / "Dockerfile").read_text()
*_, IMAGE = DOCKERFILE.split("\nFROM ")


def test_it_ends_without_rights() -> None:
    assert re.findall("^USER .*", IMAGE, re.MULTILINE) == ["USER 10001:10001"]


def test_process_1_passes_on_the_signal_that_ends_it() -> None:
    assert re.findall("^ENTRYPOINT .*", IMAGE, re.MULTILINE) == [
        'ENTRYPOINT ["/usr/bin/tini", "--"]'
    ]
    assert re.findall("^STOPSIGNAL .*", IMAGE, re.MULTILINE) == ["STOPSIGNAL SIGTERM"]
    assert re.search(r"apt-get install .*\btini\b", IMAGE)
    # No shell stands between: it would keep the signal.
    (command,) = re.findall("^CMD .*", IMAGE, re.MULTILINE)
    assert '"exec python' in command


def test_it_says_what_it_is() -> None:
    labels = dict(re.findall(r'org\.opencontainers\.image\.(\w+)="([^"]*)"', IMAGE))

    assert labels == {
        "title": "clipforge-${SERVICE}",
        "version": "${VERSION}",
        "revision": "${REVISION}",
        "licenses": "Apache-2.0",
    }
    for argument in ("SERVICE", "VERSION", "REVISION"):
        assert re.search(f"^ARG {argument}", IMAGE, re.MULTILINE)
