"""Which ClipForge is meant, and the file that keeps those of a user."""

from pathlib import Path

import pytest
import typer

from clipforge_client import ClientError, Unreachable, address, cli, local_stack, profiles
from clipforge_client.profiles import Profile, Profiles

WORK = Profile(url="https://work.example", api_key="cf_work")
HOME = Profile(url="http://home.example:8000", api_key='cf_"home"\\')


@pytest.fixture(autouse=True)
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where profiles are kept in this test; nothing is named by the environment."""
    for name in ("CLIPFORGE_URL", "CLIPFORGE_API_KEY", "CLIPFORGE_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "config/clipforge/config.toml"


@pytest.fixture
def known() -> Profiles:
    known = Profiles("work", {"work": WORK, "home": HOME})
    profiles.write(known)
    return known


def test_profiles_are_read_as_they_were_written_by_their_owner_alone(
    known: Profiles, file: Path
) -> None:
    mode = file.stat().st_mode & 0o777

    assert profiles.read() == known
    assert mode == 0o600
    assert list(file.parent.iterdir()) == [file]


def test_a_file_that_others_may_read_is_refused_with_the_remedy(
    known: Profiles, file: Path
) -> None:
    file.chmod(0o640)

    with pytest.raises(ClientError, match=r"chmod 600 .*config\.toml"):
        profiles.read()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("default = ", "is not TOML"),
        ("[profiles.work]\nurl = 'https://work.example'", r"profiles\.work\.api_key"),
        ("[profiles.work]\nurl = 'https://x'\napi_key = 'cf_x'\nkey = 'cf_y'", r"work\.key"),
        ("[profiles.'a b']\nurl = 'https://x'\napi_key = 'cf_x'", "wrong at profiles"),
    ],
)
def test_a_file_that_is_wrong_is_refused_at_its_place_and_without_its_keys(
    file: Path, text: str, said: str
) -> None:
    file.parent.mkdir(parents=True)
    file.touch(mode=0o600)
    file.write_text(text)

    with pytest.raises(ClientError, match=said) as refused:
        profiles.read()

    assert "cf_" not in str(refused.value)


def test_a_flag_comes_before_the_environment_and_that_before_the_profile_in_use(
    known: Profiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_use = address.find()
    monkeypatch.setenv("CLIPFORGE_PROFILE", "home")
    named = address.find()
    monkeypatch.setenv("CLIPFORGE_URL", "http://env.example")
    monkeypatch.setenv("CLIPFORGE_API_KEY", "cf_env")
    of_environment = address.find()
    with address.profile("work"):
        of_flag = address.find()
    argued = address.find("http://argument.example", "cf_argument")

    assert in_use == ("https://work.example", "cf_work")
    assert named == ("http://home.example:8000", 'cf_"home"\\')
    assert of_environment == ("http://env.example", "cf_env")
    assert of_flag == ("https://work.example", "cf_work")
    assert argued == ("http://argument.example", "cf_argument")


def test_the_key_of_a_profile_goes_to_no_other_address(
    known: Profiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLIPFORGE_URL", "http://env.example")

    assert address.find() == ("http://env.example", "")
    assert address.find("http://argument.example") == ("http://argument.example", "")


def test_a_profile_that_there_is_not_is_refused_with_those_there_are(known: Profiles) -> None:
    with address.profile("wrok"), pytest.raises(ClientError, match="there are: work, home"):
        address.find()


def test_the_stack_of_this_machine_is_found_while_it_runs() -> None:
    with local_stack.announced("http://127.0.0.1:8000", "cf_here"):
        here = address.find()
        named = address.named()

    assert here == ("http://127.0.0.1:8000", "cf_here")
    assert named is None
    with pytest.raises(Unreachable, match="CLIPFORGE_URL is not set"):
        address.find()


def test_local_means_this_machine_whatever_is_in_use(known: Profiles) -> None:
    with local_stack.announced("http://127.0.0.1:8000", "cf_here"), address.profile("local"):
        assert address.find() == ("http://127.0.0.1:8000", "cf_here")


def test_a_stack_that_ends_leaves_what_a_later_one_has_said(file: Path) -> None:
    with local_stack.announced("http://127.0.0.1:1", "cf_1"):
        later = local_stack.announced("http://127.0.0.1:2", "cf_2")
        later.__enter__()

    found = address.find()
    later.__exit__(None, None, None)

    assert found == ("http://127.0.0.1:2", "cf_2")
    assert local_stack.find() is None


def test_whoever_stops_at_the_question_for_a_key_has_cancelled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def stopped(*_: object, **__: object) -> str:
        raise typer.Abort

    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("typer.prompt", stopped)
    monkeypatch.setattr("sys.argv", ["clipforge", "login", "https://work.example", "--json"])

    with pytest.raises(SystemExit) as end:
        cli.main()

    assert end.value.code == 130
