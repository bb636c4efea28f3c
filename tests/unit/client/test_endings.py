"""How the command ends when something is wrong: in words, or with --json as a problem."""

import json
import os
import subprocess
import sys
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from clipforge_client import Client, cli
from web_server import WebServer

CLIPFORGE = Path(sys.executable).with_name("clipforge")
PROBLEM = {
    "type": "http://gateway/problems/unauthenticated",
    "title": "This request needs a valid API key",
    "status": 401,
    "detail": "Send one.",
    "request_id": "req_1",
}


def ended(*words: str, stdin: str = "", **env: str) -> "subprocess.CompletedProcess[str]":
    """The command, from its beginning to its end."""
    done = subprocess.run(
        [CLIPFORGE, *words],
        env={**os.environ, "CLIPFORGE_URL": "http://127.0.0.1:9", **env},
        input=stdin,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return done


def refuse(request: BaseHTTPRequestHandler) -> None:
    body = json.dumps(PROBLEM).encode()
    request.send_response(401)
    request.send_header("Content-Type", "application/problem+json")
    request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    request.wfile.write(body)


def test_a_problem_of_the_gateway_is_handed_on_as_it_is() -> None:
    with WebServer([refuse]) as server:
        done = ended("projects", "list", "--json", CLIPFORGE_URL=f"http://127.0.0.1:{server.port}")

    told = json.loads(done.stderr)
    assert (done.returncode, done.stdout) == (4, "")
    assert told.items() >= PROBLEM.items()
    assert "clipforge login" in told["remedy"]


@pytest.mark.parametrize(
    ("words", "code", "kind", "said"),
    [
        (("projects", "list", "--json"), 3, "unreachable", "does not answer"),
        (("projcts", "list", "--json"), 2, "usage", "Did you mean 'projects'?"),
        (("projects", "show", "--json"), 2, "usage", "Missing argument 'PROJECT'"),
        (("projects", "create", "--json", "nowhere.mp4"), 2, "usage", "does not exist"),
        (("--profile", "work", "keys", "list", "--json"), 1, "failed", "no profile work"),
    ],
)
def test_what_no_gateway_has_answered_is_a_problem_of_our_own(
    words: tuple[str, ...], code: int, kind: str, said: str
) -> None:
    done = ended(*words)

    told = json.loads(done.stderr)
    assert (done.returncode, done.stdout) == (code, "")
    assert told["type"] == f"urn:clipforge:client:{kind}"
    assert said in told["detail"]


@pytest.mark.parametrize("as_json", [[], ["--json"]])
def test_a_defect_is_told_in_words_without_a_traceback(
    as_json: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object, **__: object) -> object:
        raise KeyError("state")

    monkeypatch.setattr(Client, "__enter__", broken)
    monkeypatch.setenv("CLIPFORGE_URL", "http://127.0.0.1:9")
    monkeypatch.setattr(sys, "argv", ["clipforge", "keys", "list", *as_json])

    with pytest.raises(SystemExit) as end:
        cli.main()

    assert end.value.code == 1
    assert "KeyError: 'state'" in capsys.readouterr().err


def test_a_key_that_does_not_open_is_not_kept(tmp_path: Path) -> None:
    with WebServer([refuse]) as server:
        address = f"http://127.0.0.1:{server.port}"
        done = ended("login", address, stdin="cf_wrong\n", XDG_CONFIG_HOME=str(tmp_path))

    assert done.returncode == 4
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["local", "a b", "../x"])
def test_a_profile_is_given_a_name_that_can_be_one(name: str, tmp_path: Path) -> None:
    done = ended("login", "http://127.0.0.1:9", "--profile", name, stdin="cf_x\n")

    assert done.returncode == 2
    assert "--profile" in done.stderr
