"""`run` and its neighbours on a real testbed: refused, interrupted, watched, ended."""

import json
import signal
from collections.abc import Iterator

import pytest
from command_home import Home

from swf_testbed.bus import Subscription, open_bus
from swf_testbed.config.environment import load_settings, username
from swf_testbed.model import destinations
from swf_testbed.runtime.dead_letters import ERROR, ORIGIN

pytestmark = pytest.mark.chain

QUICK = [
    word
    for name in (
        "no_beam_not_ready_delay",
        "broadcast_delay",
        "beam_not_ready_delay",
        "beam_ready_delay",
        "beam_not_ready_end_delay",
    )
    for word in ("--set", f"daq_state_machine.{name}=0.1")
]


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """Services are up."""
    home = Home.at(tmp_path_factory.mktemp("run") / "home")
    started = home.do("start")
    assert started.returncode == 0, started.stderr
    yield home
    assert home.do("stop").returncode == 0


def test_run_returns_at_once_and_a_second_is_refused_with_the_remedy(up: Home) -> None:
    # Longer than this test, so that it is still under way at its end.
    done = up.do("run", "fast_processing", "--stf-count", "1000", "--json")
    assert done.returncode == 0, done.stderr
    started = json.loads(done.stdout)
    assert started["execution_id"].startswith("stf_datataking-")
    assert started["monitor_url"].endswith(f"/runs/{started['run_id']}/")

    second = up.do("run", "fast_processing")
    assert second.returncode == 2
    assert "run `testbed stop-agents` first" in second.stderr

    status = json.loads(up.do("status", "--json").stdout)
    assert status["ready"]
    assert [one["execution_id"] for one in status["executions"]] == [started["execution_id"]]
    assert {one["agent_type"] for one in status["agents"]} >= {"workflow_runner", "data", "fastmon", "merger"}
    assert {one["state"] for one in status["programs"]} == {"RUNNING"}

    stopped = up.do("stop-agents")
    assert stopped.returncode == 0
    assert "workflow_runner" in stopped.stdout
    status = json.loads(up.do("status", "--json").stdout)
    assert status["ready"]
    assert status["executions"] == status["programs"] == status["agents"] == []


def test_ctrl_c_ends_a_run_in_good_order_with_a_summary(up: Home) -> None:
    words = ["--stf-count", "1000", "--wait", "--watch", "--json", *QUICK]
    with up.started("run", "fast_processing", *words) as process:
        assert process.stderr is not None
        assert any("samples 7" in line for line in process.stderr)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=100)
    assert process.returncode == 130, err
    assert "interrupted" in err
    summary = json.loads(out)
    assert summary["status"] == "terminated"
    assert 1 <= summary["stf_count"] < 1000
    assert summary["stf_registered"] == summary["stf_count"]
    assert summary["slices"]["lost"] == 0
    assert summary["histograms"]["equal"] is True
    assert json.loads(up.do("status", "--json").stdout)["programs"] == []


def test_ctrl_c_while_agents_come_up_leaves_none(up: Home) -> None:
    with up.started("run", "fast_processing", "--wait") as process:
        assert process.stderr is not None
        assert any("waiting for the agents" in line for line in process.stderr)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert process.returncode == 130
    assert json.loads(up.do("status", "--json").stdout)["programs"] == []


def test_dead_letters_are_listed_shown_and_sent_again(up: Home) -> None:
    settings = load_settings(up.environment)
    queue, namespace = "/queue/test.origin", "local"
    body = b'{"msg_type": "stf_ready"}'
    with open_bus(settings) as bus:
        bus.publish_body(
            destinations.dead_letters(namespace),
            body,
            {
                ERROR: "BadData: it hurts",
                ORIGIN: queue,
                "swf-message-id": "0123456789",
                "msg_type": "stf_ready",
            },
        )
        (listed,) = json.loads(up.do("dead-letters", "list", "--json").stdout)
        assert listed["error"] == "BadData: it hurts"
        shown = json.loads(up.do("dead-letters", "show", "012345").stdout)
        assert shown["body"] == {"msg_type": "stf_ready"}
        assert shown["origin"] == queue
        wrong = up.do("dead-letters", "show", "999999")
        assert wrong.returncode == 2
        resent = up.do("dead-letters", "resend", "0123456789")
        assert resent.returncode == 0, resent.stderr
        assert json.loads(up.do("dead-letters", "list", "--json").stdout) == []
        (again,) = bus.subscribe(Subscription(queue)).take(timeout_s=10)
        assert again.body == body
        assert again.headers["msg_type"] == "stf_ready"
        assert ERROR not in again.headers


def test_a_token_is_shown_to_its_owner_and_made_for_others(up: Home) -> None:
    settings = load_settings(up.environment)
    assert up.do("token", username()).stdout.strip() == settings.api_token()
    theirs = up.do("token", "visitor", "--create-user")
    assert theirs.returncode == 0, theirs.stderr
    assert len(theirs.stdout.strip()) == 64
    assert theirs.stdout.strip() != settings.api_token()


@pytest.mark.timeout(240)
def test_what_never_comes_is_named_and_counted_as_lost(up: Home) -> None:
    words = ["--stf-count", "1", "--wait", "--json", "--set", "agents.worker.enabled=false", *QUICK]
    done = up.do("run", "fast_processing", *words)
    assert done.returncode == 1
    assert "still missing: 15 slices not settled and merged" in done.stderr
    summary = json.loads(done.stdout)
    assert summary["status"] == "completed"
    assert summary["slices"] == {"created": 15, "completed": 0, "failed": 0, "lost": 15}
    assert summary["histograms"]["equal"] is False
