"""Which test types the blocks of which tutorial or how-to guide, or what it is that keeps tests from it."""

from enum import StrEnum


class Reason(StrEnum):
    """What a block needs that no test has: all that is only read is so for one of these."""

    DOCKER = "needs docker; the wheel that is put into the image is built by tests/house/test_dependencies.py"
    PANDA = "needs a live PanDA server, and a token"
    REGISTRY = "needs a registry of packages; what would be installed is in the tests' lock"
    SYSTEMD = "needs a systemd of the user"


BY_KIND = {
    "console": "tests/docs/test_examples.py",
    "python": "tests/docs/test_examples.py",
    "toml": "tests/docs/test_examples.py",
}
"""Blocks of these kinds are run, compared, or composed to a configuration, whatever page they are on."""

_DAY, _SHIFT = "tests/docs/test_guides.py", "tests/docs/test_guides_on_shift.py"
TYPED = {
    "how-to/add-a-subsystem.md": _SHIFT,
    "how-to/agent-manager.md": _DAY,
    "how-to/back-up-and-restore.md": _DAY,
    "how-to/change-parameters.md": _DAY,
    "how-to/change-the-sampling.md": _SHIFT,
    "how-to/command-the-runner.md": _SHIFT,
    "how-to/dead-letters.md": _SHIFT,
    "how-to/doctor.md": _DAY,
    "how-to/handle-alarms.md": _SHIFT,
    "how-to/judge-a-run.md": _DAY,
    "how-to/kill-and-recover.md": _SHIFT,
    "how-to/manage-data.md": _SHIFT,
    "how-to/replay-an-execution.md": _DAY,
    "how-to/sample-unannounced-files.md": _DAY,
    "how-to/upgrade.md": "tests/docs/test_upgrade_guide.py",
    "how-to/watch-a-shift.md": _SHIFT,
    "how-to/write-a-schedule.md": _DAY,
    "tutorials/first-run.md": _DAY,
    "tutorials/follow-from-home.md": _SHIFT,
    "tutorials/your-own-workflow.md": _DAY,
}
"""Pages whose `sh` and `py` blocks a test types one after another, and at the end nothing is left of them."""

WITH_CONSOLES = {"tutorials/your-own-workflow.md"}
"""Those of them whose consoles are typed with the rest, since what they write is used."""

LEFT_OUT = {
    "how-to/agent-manager.md": {
        "systemctl --user daemon-reload": Reason.SYSTEMD,
        "systemctl --user enable --now swf-agent-manager.service": Reason.SYSTEMD,
    },
}
"""Lines of such pages that are not typed."""

_LABS, _ENGINES = "tests/chain/test_chain_labs.py", "tests/pool/pool_rigs.py"
_RUCIO, _POOL = "tests/workflows/test_data_agent_rucio.py", "tests/chain/test_chain_pool.py"
_COPY, _DOCKER = "tests/monitor/test_monitor_copying.py", "tests/cli/test_docker_mode.py"
_PAYLOADS, _CHECKS = "tests/payloads/test_payload_guide.py", "tests/fastmon/test_plugins.py"
_PROXY, _ELSEWHERE = "tests/monitor/test_monitor_reverse_proxy.py", "tests/monitor/test_exit_buffer.py"
_AGENT, _CLIENT = "tests/cli/test_own_agent.py", "tests/monitor/test_stream_example.py"

BY_BLOCK = {
    "how-to/assistant.md": {
        "./testbed start": _DAY,
        "./testbed token": _DAY,
        '{"mcpServers"': _DAY,
    },
    "how-to/copy-to-postgresql.md": {
        "testbed stop-agents": _COPY,
        "createdb": _COPY,
        "python manage.py copy_database": _COPY,
        "testbed start": _COPY,
    },
    "how-to/docker.md": {
        "SWF_MODE=docker": _DOCKER,
        "testbed start": _DOCKER,
        "uv build": Reason.DOCKER,
    },
    "how-to/follow-in-python.md": {"export SWF_MONITOR_URL=": _CLIENT, "import os": _CLIENT},
    "how-to/follow-the-stream.md": {
        "curl -N": _SHIFT,
        "import httpx": "tests/monitor/test_monitor_stream_others.py",
        '<ol id="events">': "tests/web/test_web_event_source.py",
    },
    "how-to/lab-servers.md": {
        "artemis create": _LABS,
        "createuser": _LABS,
        "swf.host=": "tests/bus/test_bus_tls.py",
        "ACTIVEMQ_USE_SSL=": "tests/bus/test_bus_tls.py",
    },
    "how-to/local-services.md": {"SWF_MODE=local": _LABS, "testbed start": _LABS},
    "how-to/payloads.md": {
        "[payloads.counting]": _PAYLOADS,
        "testbed run": _POOL,
        "from swf_testbed.stf.reader": _PAYLOADS,
        "#!/bin/sh": _PAYLOADS,
    },
    "how-to/pool.md": {
        "[agents.pool]": _POOL,
        "testbed run": _POOL,
        '[pool]\nengine = "slurm"': _ENGINES,
        "[panda]": _ENGINES,
        "SWF_PANDA_LIVE_URL=": Reason.PANDA,
    },
    "how-to/process-whole-stfs.md": {
        "testbed run": "tests/chain/test_chain_prompt.py",
        "[stf_processing]": "tests/chain/test_chain_prompt.py",
        "[panda]": "tests/panda/test_panda_production.py",
    },
    "how-to/read-from-elsewhere.md": {
        "curl -H": _ELSEWHERE,
        "location /swf-monitor/exit-buffer/": _ELSEWHERE,
        "all.export": _ELSEWHERE,
    },
    "how-to/reverse-proxy.md": {
        "SWF_MONITOR_PUBLIC_URL=": _PROXY,
        "upstream swf_monitor": _PROXY,
        "curl -H": _PROXY,
        "SWF_MONITOR_URL=": _PROXY,
    },
    "how-to/rucio.md": {
        "pip install": Reason.REGISTRY,
        "export SWF_RUCIO_URL": _RUCIO,
        "[data]": _RUCIO,
        "tools/get_rucio": "tests/adapters/test_rucio_here.py",
        "stf ls": _RUCIO,
    },
    "tutorials/your-own-agent.md": {
        '"""The agent watcher': _AGENT,
        "[agents.watcher]": _AGENT,
        "testbed run fast_processing": _AGENT,
        "testbed logs watcher": _AGENT,
        "run 100011: ": _AGENT,
    },
    "tutorials/your-own-check.md": {
        "import numpy as np": _CHECKS,
        "class Saturation(": _CHECKS,
        "[fastmon]": _CHECKS,
        "[project.entry-points": _CHECKS,
    },
}
"""Each block of the other pages, by its first words: the test that takes it from there, or why none does."""
