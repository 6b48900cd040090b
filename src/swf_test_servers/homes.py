"""Where a testbed of a test lives: a folder and addresses of its own, as the environment says them."""

from pathlib import Path

from swf_test_servers.ports import free_port


def monitor_addresses() -> dict[str, str]:
    """The addresses of a monitor, on free ports."""
    return {
        "SWF_MONITOR_HTTP_URL": f"http://127.0.0.1:{free_port()}",
        "SWF_MONITOR_URL": f"https://127.0.0.1:{free_port()}",
    }


def own_home(folder: Path) -> dict[str, str]:
    """A testbed in that folder, with all its addresses on free ports."""
    return {"SWF_HOME": str(folder), "ACTIVEMQ_PORT": str(free_port()), **monitor_addresses()}
