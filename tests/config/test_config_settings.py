"""The environment: what is read, what wins, what is refused by name, and what is never shown."""

from pathlib import Path

import pytest

from swf_testbed.config import environment
from swf_testbed.config.environment import load_settings
from swf_testbed.config.settings import Settings
from swf_testbed.model.errors import BadInput


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder of a user who has nothing yet; `$HOME` and `SWF_HOME` are different."""
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    (tmp_path / "user").mkdir()
    (tmp_path / "swf").mkdir()
    return tmp_path


def load(home: Path, **said: str) -> Settings:
    return load_settings({"SWF_HOME": str(home / "swf"), **said})


def test_nothing_needs_to_be_said(home: Path) -> None:
    settings = load(home)
    assert settings.swf_mode == "embedded"
    assert settings.activemq_port == 61613
    assert settings.monitor_port == 8002
    assert settings.swf_home == home / "swf"
    assert settings.database_file == home / "swf" / "var" / "monitor" / "monitor.sqlite3"
    assert settings.log_dir == home / "swf" / "logs"
    assert settings.api_token() == settings.broker_password() == ""


def test_an_empty_variable_is_as_good_as_none(home: Path) -> None:
    assert load(home, ACTIVEMQ_PORT="", SWF_API_TOKEN="").activemq_port == 61613


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("SWF_MODE", "cloud", "Input should be 'embedded', 'local' or 'docker'"),
        ("SWF_MONITOR_URL", "ftp://h", "must be an http:// or https:// address"),
        ("SWF_MONITOR_URL", "http://[", "Invalid IPv6 URL"),
        ("SWF_MONITOR_HTTP_URL", "http://h:99999", "Port out of range 0-65535"),
        ("SWF_MONITOR_HTTP_URL", "http://h:0", "must be an http:// or https:// address"),
        ("SWF_MONITOR_PROD_URL", "h", "must be an http:// or https:// address"),
        ("SWF_LOG_LEVEL", "debug", "Input should be 'DEBUG', 'INFO', 'WARNING' or 'ERROR'"),
        ("SWF_AGENT_QUIET", "perhaps", "must be true or false"),
        ("SWF_AGENT_MAX_WORKERS", "0", "Input should be greater than or equal to 1"),
        ("SWF_STOMP_DEBUG", "2", "must be true or false"),
        ("SWF_PUBLIC_READ", "maybe", "must be true or false"),
        ("ACTIVEMQ_PORT", "http", "Input should be a valid integer"),
        ("ACTIVEMQ_PORT", "70000", "Input should be less than or equal to 65535"),
        ("ACTIVEMQ_USE_SSL", "si", "must be true or false"),
        ("DB_PORT", "-1", "Input should be greater than or equal to 1"),
        ("FASTMON_MODE", "psychic", "Input should be 'message' or 'continuous'"),
        ("FASTMON_SELECTION_FRACTION", "0", "Input should be greater than 0"),
        ("FASTMON_SELECTION_FRACTION", "nan", "Input should be"),
        ("FASTMON_TF_FILES_PER_STF", "1001", "Input should be less than or equal to 1000"),
    ],
)
def test_a_bad_value_is_refused_by_name(home: Path, name: str, value: str, said: str) -> None:
    with pytest.raises(BadInput) as refused:
        load(home, **{name: value})
    assert str(refused.value).startswith(f"{name} = {value!r}: {said}")


def test_parameters_of_the_environment_are_those_that_are_set(home: Path) -> None:
    assert load(home).parameters == {}
    said = load(home, FASTMON_MODE="continuous", FASTMON_SELECTION_FRACTION="0.3", FASTMON_WATCH="/a:/b")
    assert said.parameters == {
        "fastmon.mode": "continuous",
        "fastmon.selection_fraction": 0.3,
        "fastmon.watch": ["/a", "/b"],
    }


@pytest.mark.parametrize(
    ("word", "value"),
    [("1", True), ("Yes", True), (" on ", True), ("TRUE", True), ("0", False), ("off", False)],
)
def test_a_switch_is_said_in_many_ways(home: Path, word: str, value: bool) -> None:
    assert load(home, ACTIVEMQ_USE_SSL=word).activemq_use_ssl is value


def test_the_old_names_are_understood_and_the_new_ones_win(home: Path) -> None:
    old = load(home, MQ_USER="old", MQ_PASSWD="secret", MQ_CAFILE="/ca.pem")
    assert (old.activemq_user, old.broker_password(), old.activemq_ssl_ca_certs) == (
        "old",
        "secret",
        Path("/ca.pem"),
    )
    assert load(home, MQ_USER="old", ACTIVEMQ_USER="new").activemq_user == "new"


def test_secrets_are_not_shown(home: Path) -> None:
    settings = load(home, SWF_API_TOKEN="hush1", ACTIVEMQ_PASSWORD="hush2", DB_PASSWORD="hush3")
    assert "hush" not in f"{settings!r} {settings} {settings.model_dump()}"
    assert settings.api_token() == "hush1"
    with pytest.raises(BadInput, match=r"SWF_MONITOR_URL = '\(hidden\)': must be") as refused:
        load(home, SWF_MONITOR_URL="ftp://me:hush@host")
    assert "hush" not in str(refused.value)
    with pytest.raises(BadInput, match=r"DB_PASSWORD = '\(hidden\)'"):
        load_settings({"SWF_HOME": str(home), "DB_PASSWORD": 5})  # type: ignore[dict-item]  # no text, on purpose


def test_the_user_s_file_the_testbed_s_file_and_the_process_in_this_order(home: Path) -> None:
    (home / "user" / ".env").write_text(
        "# mine\nexport DB_NAME='one'\nexport DB_USER=\"one two\"\n"
        "DB_HOST=one # remark\nDB_PORT=1\nACTIVEMQ_HOST\nnonsense line\n"
    )
    (home / "swf" / ".env").write_text("DB_HOST=two\nDB_PORT=2\n")
    settings = load(home, DB_PORT="3")
    assert (settings.db_name, settings.db_user, settings.db_host, settings.db_port) == (
        "one",
        "one two",
        "two",
        3,
    )
    assert settings.activemq_host == "127.0.0.1"


def test_the_home_may_stand_in_the_user_s_file(home: Path) -> None:
    (home / "user" / ".env").write_text(f"SWF_HOME={home / 'swf'}\n")
    (home / "swf" / ".env").write_text("DB_HOST=two\n")
    settings = load_settings({})
    assert (settings.swf_home, settings.db_host) == (home / "swf", "two")
    assert load_settings({"SWF_HOME": "~/own"}).swf_home == home / "user" / "own"


def test_without_a_word_home_is_where_testbed_toml_is(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "swf" / "deep").mkdir()
    monkeypatch.chdir(home / "swf" / "deep")
    assert load_settings({}).swf_home == home / "user" / "swf-testbed"
    (home / "swf" / "testbed.toml").touch()
    assert load_settings({}).swf_home == home / "swf"


def test_a_file_that_cannot_be_read_is_named(home: Path) -> None:
    (home / "user" / ".env").write_bytes(b"A=\xff\n")
    with pytest.raises(BadInput, match=r"environment file = '.env': .*/user/.env cannot be read"):
        load(home)


def test_keys_in_files_are_one_line(home: Path) -> None:
    settings = load(home)
    settings.token_file.parent.mkdir(parents=True)
    settings.token_file.write_text("key\n")
    settings.broker_password_file.write_text("word\nsecond line\n")
    assert (settings.api_token(), settings.broker_password()) == ("key", "word")


def test_programs_are_started_with_this_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWF_TEST_WORD", "here")
    assert environment.child_environment({"OTHER": "1"})["SWF_TEST_WORD"] == "here"
    assert environment.child_environment({"SWF_TEST_WORD": "1"})["SWF_TEST_WORD"] == "1"


def test_who_runs_this(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "j-doe")
    assert environment.username() == "j_doe"


def test_a_process_reads_its_settings_once(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWF_HOME", str(home / "swf"))
    environment.settings.cache_clear()
    try:
        assert environment.settings() is environment.settings()
        assert environment.settings().swf_home == home / "swf"
    finally:
        environment.settings.cache_clear()
