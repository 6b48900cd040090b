"""What must be the user's alone is, or is refused."""

import stat
from pathlib import Path

import pytest

from swf_testbed.config.environment import load_settings
from swf_testbed.config.settings import Settings
from swf_testbed.control.places import broker_password, private_dir, socket_dir
from swf_testbed.model.errors import Refused


def test_a_private_directory_is_closed_to_others(tmp_path: Path) -> None:
    made = private_dir(tmp_path / "var" / "private")
    assert stat.S_IMODE(made.stat().st_mode) == 0o700


def test_an_open_directory_is_refused_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir(mode=0o755)
    with pytest.raises(Refused, match="chmod 700"):
        private_dir(tmp_path / "open")


def test_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "target").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to(tmp_path / "target")
    with pytest.raises(Refused, match="not a directory of yours"):
        private_dir(tmp_path / "link")


def test_sockets_of_a_deep_home_have_short_paths_that_nobody_else_may_make(tmp_path: Path) -> None:
    one, two = (load_settings({"SWF_HOME": str(tmp_path / ("deep/" * 40) / name)}) for name in ("a", "b"))
    folders = {socket_dir(one), socket_dir(two), socket_dir(one)}
    assert len(folders) == 2
    for folder in folders:
        assert len(bytes(folder / "services.sock")) < 100
        assert not folder.exists()
        folder.mkdir(mode=0o755)
    for home in (one, two):
        with pytest.raises(Refused, match="chmod 700"):
            socket_dir(home)
    for folder in folders:
        folder.rmdir()


def test_the_broker_password_is_made_once_for_this_user_alone(home: Settings) -> None:
    password = broker_password(home)
    assert len(password) >= 32
    assert broker_password(home) == password
    assert stat.S_IMODE(home.broker_password_file.stat().st_mode) == 0o600


def test_a_password_of_the_environment_is_taken_and_not_written(tmp_path: Path) -> None:
    settings = load_settings({"SWF_HOME": str(tmp_path), "ACTIVEMQ_PASSWORD": "of-the-lab"})
    assert broker_password(settings) == "of-the-lab"
    assert not settings.broker_password_file.exists()
