"""The fast monitoring client against a real monitor and a real broker: what people and scripts see."""

import json
import signal
from collections.abc import Callable
from pathlib import Path
from subprocess import PIPE
from typing import Any

from client_process import WAIT_S, bad_flag, imminent, run, running, sample, started
from monitor_instance import Instance

from swf_test_servers import free_port
from swf_testbed.monitor_client import MonitorClient
from swf_testbed.records import Subscriber, SystemAgent

SAMPLE = '"event":"tf_file_registered"'


def lines(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.splitlines()]


def test_a_person_sees_runs_samples_and_flags_live_and_a_summary_after_ctrl_c(
    instance: Instance, namespace: str, run_number: int
) -> None:
    with running(instance, "start", "--namespace", namespace, columns=100) as client, instance.bus() as bus:
        client.out.wait_for("waiting for what comes")
        bus.publish_many(
            [imminent(namespace, run_number), *(sample(namespace, run_number, n) for n in (1, 2, 3))]
        )
        bus.publish(bad_flag(namespace, run_number))
        client.out.wait_for(f"swf.{run_number}.000003_tf_001.tf")
        seen = client.out.wait_for("16 channels are dead")
        assert "70.00 kB" in seen
        assert "2.50 s" in seen
        assert "UTC" in seen
        client.interrupt()
        code, out, err = client.end()
    summary = out[out.rindex("Summary") :]
    assert f"Run {run_number}" in summary
    assert "imminent" in summary
    assert "dRICH/dead" in summary
    assert (code, err) == (130, "")


def test_a_narrow_terminal_is_enough(instance: Instance, namespace: str, run_number: int) -> None:
    with running(instance, "start", "--namespace", namespace, columns=40) as client, instance.bus() as bus:
        client.out.wait_for("waiting for what")
        bus.publish(sample(namespace, run_number, 1))
        client.out.wait_for(str(run_number), 2)
        client.interrupt(signal.SIGTERM)
        code, out, _ = client.end()
    assert code == 143
    assert "Summary" in out
    assert max(map(len, out.split("Summary")[-1].splitlines())) <= 40


def test_a_pipe_gets_plain_lines(instance: Instance, namespace: str, run_number: int) -> None:
    with instance.bus() as bus:
        bus.publish_many([imminent(namespace, run_number), sample(namespace, run_number, 1)])
        bus.publish(bad_flag(namespace, run_number))
        filters = ("--agents", "fastmon-agent-t-1,another", "--run", str(run_number))
        words = ("start", "--namespace", namespace, "--since", "1h", "--count", "3", *filters)
        code, out, err = run(instance, *words)
    assert code == 0, err
    shown = [line.split("\t") for line in out.splitlines()[:3]]
    assert [line[1:3] for line in shown] == [
        [kind, f"run {run_number}"] for kind in ("run_imminent", "tf_file_registered", "quality_flag")
    ]
    assert shown[1][3] == f"swf.{run_number}.000001_tf_001.tf, 7 frames, 70.00 kB, latency 2.50 s"
    assert "bytes\t70000" in out
    assert "\x1b" not in out + err
    assert run(instance, *words, "--quiet")[1].splitlines()[0] == "messages\t3"


def test_scripts_get_an_object_a_line_and_can_go_on_from_the_summary(
    instance: Instance, namespace: str, run_number: int
) -> None:
    def follow(since: str, count: int) -> list[dict[str, Any]]:
        options = ("--namespace", namespace, "--json", "--since", since, "--count", str(count))
        code, out, err = run(instance, "start", *options)
        assert (code, err) == (0, "")
        return lines(out)

    with instance.bus() as bus:
        bus.publish_many(sample(namespace, run_number, n) for n in range(1, 11))
    first = follow("earliest", 4)
    second = follow(str(first[-1]["last_event_id"]), 6)
    assert [line["event"] for line in first] == ["connected", *(["tf_file_registered"] * 4), "summary"]
    names = [line["data"]["tf_filename"] for line in [*first, *second] if "data" in line]
    assert names == [f"swf.{run_number}.{n:06d}_tf_001.tf" for n in range(1, 11)]
    statistics = second[-1]["runs"][0]
    assert statistics["run_id"] == run_number
    assert (statistics["samples"], statistics["frames"], statistics["bytes"]) == (6, 42, 420_000)
    assert statistics["latency_s"] == {"p50": 2.5, "p95": 2.5, "max": 2.5}


def test_a_monitor_that_is_killed_is_waited_for_and_nothing_is_missed_or_told_twice(
    make_instance: Callable[..., Instance], namespace: str
) -> None:
    one = make_instance()
    words = ("start", "--namespace", namespace)
    with (
        one.taking_in(),
        one.bus() as bus,
        one.serving() as server,
        running(one, *words, "--json", "--count", "60") as client,
        running(one, *words, columns=100) as watcher,
    ):
        client.out.wait_for("connected")
        watcher.out.wait_for("waiting for what comes")
        bus.publish_many(sample(namespace, 100_010, n) for n in range(1, 21))
        client.out.wait_for(SAMPLE, 20)
        server.kill()
        server.wait()
        watcher.out.wait_for("disconnected")
        bus.publish_many(sample(namespace, 100_010, n) for n in range(21, 41))
        with one.serving():
            seen = watcher.out.wait_for("connected again, resumed after message")
            assert "nothing was missed" in seen
            bus.publish_many(sample(namespace, 100_010, n) for n in range(41, 61))
            code, out, err = client.end()
    assert (code, err) == (0, "")
    found = lines(out)
    numbers = [int(line["data"]["stf_filename"].split(".")[2]) for line in found if "data" in line]
    assert numbers == list(range(1, 61))
    assert [line["gap"] for line in found if line["event"] == "connected"] == [False, False]
    assert found[-1]["outages"] == 1


def test_head_may_leave(instance: Instance, namespace: str, run_number: int) -> None:
    words = ("start", "--namespace", namespace, "--json")
    with instance.bus() as bus, started(instance, *words, stdout=PIPE, stderr=PIPE) as client:
        assert client.stdout is not None
        assert b"connected" in client.stdout.readline()
        client.stdout.close()
        bus.publish(sample(namespace, run_number, 1))
        assert client.wait(WAIT_S) == 0
        assert client.stderr is not None
        assert client.stderr.read() == b""


def test_a_slip_in_a_type_is_warned_of(instance: Instance, namespace: str, run_number: int) -> None:
    with instance.bus() as bus:
        bus.publish(sample(namespace, run_number, 1))
    types = "tf_file_registered,tf_file_registred"
    words = ("--message-types", types, "--namespace", namespace, "--since", "earliest", "--count", "1")
    code, _, err = run(instance, "start", *words)
    assert code == 0
    assert "tf_file_registred is no type" in err


def test_a_wrong_token_an_unknown_certificate_and_a_dead_address_are_one_line_each(
    make_instance: Callable[..., Instance], tmp_path: Path
) -> None:
    one = make_instance(SWF_PUBLIC_READ="false")
    elsewhere = {"SWF_HOME": str(tmp_path / "elsewhere"), "SWF_API_TOKEN": "wrong"}
    token = tmp_path / "token"
    with one.serving(), one.bus() as bus:
        secure = one.settings.swf_monitor_url
        refused = run(one, "start", environment=elsewhere)
        unknown = run(one, "start", "--monitor-url", secure, environment=elsewhere)
        token.write_text(one.settings.api_token() + "\n")
        trust = {**elsewhere, "REQUESTS_CA_BUNDLE": str(one.settings.monitor_certificate)}
        with one.taking_in():
            bus.publish(sample("n1", 100_010, 1))
            words = ("start", "--since", "earliest", "--count", "1", "--quiet")
            options = ("--monitor-url", secure, "--token-file", str(token))
            allowed = run(one, *words, *options, environment=trust)
    no_one = f"http://127.0.0.1:{free_port()}"
    with (
        running(one, "start", "--monitor-url", no_one) as first,
        running(one, "start", "--monitor-url", "https://monitor.invalid") as second,
    ):
        dead, nowhere = first.end(), second.end()
    assert allowed[0] == 0, allowed[2]
    for (code, out, err), expected, words_of_it in (
        (refused, 2, "valid token"),
        (unknown, 2, "set REQUESTS_CA_BUNDLE to a file"),
        (dead, 1, "no stream of events from"),
        (nowhere, 1, "monitor.invalid"),
    ):
        assert (code, out) == (expected, ""), err
        assert len(err.splitlines()) == 1, err
        assert words_of_it in err


def test_a_receiver_is_an_agent_and_a_subscriber_and_goes_on_where_it_left_off(
    instance: Instance, client: MonitorClient, namespace: str, run_number: int
) -> None:
    name = f"receiver-{namespace}"
    environment = {"SWF_SSE_RECEIVER_NAME": name}
    words = ("receive", "--namespace", namespace, "--json")
    with instance.bus() as bus:
        with running(instance, *words, environment=environment) as receiver:
            receiver.out.wait_for("connected")
            assert client.get(SystemAgent, name).operational_state == "READY"
            code, _, err = run(instance, *words, environment=environment)
            assert code == 2
            assert "lives already" in err
            bus.publish_many(sample(namespace, run_number, n) for n in (1, 2, 3))
            receiver.out.wait_for(SAMPLE, 3)
            receiver.interrupt()
            assert receiver.end()[0] == 130
        subscriber = client.get(Subscriber, name)
        assert not subscriber.is_active
        assert subscriber.messages_received == 3
        assert subscriber.message_filters["namespace"] == namespace
        assert client.get(SystemAgent, name).status == "EXITED"
        bus.publish_many(sample(namespace, run_number, n) for n in (4, 5))
        code, out, err = run(instance, *words, "--count", "2", environment=environment)
        assert code == 0, err
    names = [line["data"]["stf_filename"][-10:] for line in lines(out) if "data" in line]
    assert names == ["000004.stf", "000005.stf"]
    assert client.get(Subscriber, name).messages_received == 5


def test_a_receiver_that_is_killed_misses_nothing(
    instance: Instance, namespace: str, run_number: int
) -> None:
    words = ("receive", "--name", f"killed-{namespace}", "--namespace", namespace, "--json")
    with instance.bus() as bus:
        with running(instance, *words) as receiver:
            receiver.out.wait_for("connected")
            bus.publish_many(sample(namespace, run_number, n) for n in (1, 2))
            receiver.out.wait_for(SAMPLE, 2)
            receiver.interrupt(signal.SIGKILL)
            receiver.end()
        bus.publish(sample(namespace, run_number, 3))
        with running(instance, *words) as receiver:
            receiver.out.wait_for("000003_tf_001.tf")


def test_a_receiver_of_another_user_listens_without_a_say_in_the_namespace(
    instance: Instance, client: MonitorClient, namespace: str, run_number: int
) -> None:
    client.ensure_namespace(namespace)
    token = instance.manage("get_token", "bob", "--create-user").split()[-1]
    with instance.bus() as bus:
        bus.publish(sample(namespace, run_number, 1))
    words = ("receive", "--name", f"bob-{namespace}", "--namespace", namespace, "--since", "earliest")
    environment = {"SWF_API_TOKEN": token}
    code, out, err = run(instance, *words, "--count", "1", "--json", environment=environment)
    assert code == 0, err
    assert lines(out)[1]["event"] == "tf_file_registered"
    assert client.get(SystemAgent, f"bob-{namespace}").namespace is None
    code, _, err = run(instance, "send", "--namespace", namespace, environment=environment)
    assert code == 2
    assert len(err.splitlines()) == 1


def test_what_is_sent_arrives(instance: Instance, namespace: str) -> None:
    types = ("--message-types", "sse_test", "--namespace", namespace)
    with running(instance, "start", *types, "--count", "3", "--json") as client:
        client.out.wait_for("connected")
        words = ("send", "--namespace", namespace, "--every", "0.1", "--count", "3", "--text", "hello")
        code, out, err = run(instance, *words)
        assert code == 0, err
        _, heard, _ = client.end()
    got = [line["data"] for line in lines(heard) if "data" in line]
    assert [(one["sequence"], one["text"]) for one in got] == [(1, "hello"), (2, "hello"), (3, "hello")]
    assert [one["message_id"] for one in got] == [line.split()[-1] for line in out.splitlines()]


def test_status_and_version(instance: Instance) -> None:
    code, out, err = run(instance, "status")
    assert code == 0, err
    assert f"monitor\t{instance.url}" in out
    document = json.loads(run(instance, "status", "--json")[1])
    assert document["health"]["status"] == "ok"
    assert run(instance, "version")[1].startswith("swf-fastmon-client ")
