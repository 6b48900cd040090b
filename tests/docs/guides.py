"""Which test runs the commands of which tutorial or how-to guide, and why not, where none does."""

RUN_BY = {
    "docs/how-to/add-a-subsystem.md": "tests/daq/test_add_subsystem.py",
    "docs/how-to/agent-manager.md": "tests/docs/test_guides.py",
    "docs/how-to/back-up-and-restore.md": "tests/docs/test_guides.py",
    "docs/how-to/change-parameters.md": "tests/docs/test_guides.py",
    "docs/how-to/command-the-runner.md": "tests/docs/test_guides.py",
    "docs/how-to/dead-letters.md": "tests/docs/test_guides.py",
    "docs/how-to/doctor.md": "tests/docs/test_guides.py",
    "docs/how-to/follow-in-python.md": "tests/monitor/test_stream_example.py",
    "docs/how-to/follow-the-stream.md": "tests/monitor/test_monitor_stream_others.py",
    "docs/how-to/handle-alarms.md": "tests/docs/test_guides.py",
    "docs/how-to/judge-a-run.md": "tests/docs/test_guides.py",
    "docs/how-to/manage-data.md": "tests/docs/test_guides.py",
    "docs/how-to/read-from-elsewhere.md": "tests/monitor/test_exit_buffer.py",
    "docs/how-to/replay-an-execution.md": "tests/docs/test_guides.py",
    "docs/how-to/reverse-proxy.md": "tests/monitor/test_monitor_reverse_proxy.py",
    "docs/how-to/sample-unannounced-files.md": "tests/docs/test_guides.py",
    "docs/how-to/upgrade.md": "tests/docs/test_upgrade_guide.py",
    "docs/how-to/watch-a-shift.md": "tests/docs/test_guides.py",
    "docs/how-to/write-a-schedule.md": "tests/docs/test_guides.py",
    "docs/tutorials/first-run.md": "tests/docs/test_guides.py",
    "docs/tutorials/your-own-agent.md": "tests/cli/test_own_agent.py",
    "docs/tutorials/your-own-check.md": "tests/fastmon/test_plugins.py",
    "docs/tutorials/your-own-workflow.md": "tests/docs/test_tutorial_run.py",
}
"""Pages that a test takes its steps from: what it reads there, it runs."""

NOT_TYPED = {
    "docs/how-to/agent-manager.md": {
        "systemctl --user daemon-reload": "needs a systemd of the user",
        "systemctl --user enable --now swf-agent-manager.service": "needs a systemd of the user",
    },
}
"""Lines of a page that is run otherwise, which are left out, and why."""

NOT_RUN = {
    "docs/how-to/assistant.md": "an assistant takes the steps: tests/chain/test_chain_assistant.py",
    "docs/how-to/change-the-sampling.md": "needs a run that goes on; taken by tests/agents and tests/monitor",
    "docs/how-to/kill-and-recover.md": "takes a run of 30 STFs; its kills: tests/chain/test_fault_matrix.py",
    "docs/tutorials/follow-from-home.md": "needs a monitor elsewhere: tests/fastmon_client",
}
"""Why the shell blocks of a page are not typed by a test. They are read as below."""

_LABS, _ENGINES = "tests/chain/test_chain_labs.py", "tests/pool/pool_rigs.py"
_RUCIO, _POOL = "tests/workflows/test_data_agent_rucio.py", "tests/chain/test_chain_pool.py"
_COPY, _DOCKER = "tests/monitor/test_monitor_copying.py", "tests/cli/test_docker_mode.py"
_PAYLOADS = "tests/payloads/test_payload_guide.py"

BY_BLOCK = {
    "docs/how-to/copy-to-postgresql.md": {
        "testbed stop-agents": _COPY,
        "createdb": _COPY,
        "python manage.py copy_database": _COPY,
        "testbed start": _COPY,
    },
    "docs/how-to/docker.md": {
        "SWF_MODE=docker": _DOCKER,
        "testbed start": _DOCKER,
        "uv build": "needs docker; the wheel is built by tests/house/test_dependencies.py",
    },
    "docs/how-to/lab-servers.md": {
        "artemis create": _LABS,
        "createuser": _LABS,
        "swf.host=": "tests/bus/test_bus_tls.py",
        "ACTIVEMQ_USE_SSL=": "tests/bus/test_bus_tls.py",
    },
    "docs/how-to/local-services.md": {"SWF_MODE=local": _LABS, "testbed start": _LABS},
    "docs/how-to/payloads.md": {
        "[payloads.counting]": _PAYLOADS,
        "testbed run": _POOL,
        "from swf_testbed.stf.reader": _PAYLOADS,
        "#!/bin/sh": _PAYLOADS,
    },
    "docs/how-to/pool.md": {
        "[agents.pool]": _POOL,
        "testbed run": _POOL,
        '[pool]\nengine = "slurm"': _ENGINES,
        "[panda]": _ENGINES,
        "SWF_PANDA_LIVE_URL=": "needs a live PanDA server, and a token",
    },
    "docs/how-to/process-whole-stfs.md": {
        "testbed run": "tests/chain/test_chain_prompt.py",
        "[stf_processing]": "tests/chain/test_chain_prompt.py",
        "[panda]": "tests/panda/test_panda_production.py",
    },
    "docs/how-to/rucio.md": {
        "pip install": "needs a registry; what it installs is in the tests' lock",
        "export SWF_RUCIO_URL": _RUCIO,
        "[data]": _RUCIO,
        "tools/get_rucio": "tests/adapters/test_rucio_here.py",
        "stf ls": _RUCIO,
    },
}
"""Guides to servers and programs: of each block, by its first words, the test that takes it from the page, or
why none does."""
