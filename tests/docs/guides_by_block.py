"""Guides to servers and programs: different tests take their blocks, and some are for no test."""

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
"""Of each block of a page, by its first words, the test that takes it from there, or why none does."""
