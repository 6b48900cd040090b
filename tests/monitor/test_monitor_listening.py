"""The sockets that the monitor listens on."""

import socket

from swf_test_servers import free_port
from swf_testbed.monitor.listening import listen


def test_an_answer_does_not_wait_for_the_client_to_confirm_its_first_part() -> None:
    (server,) = listen("SWF_MONITOR_HTTP_URL", f"http://127.0.0.1:{free_port()}", "http")
    with server, socket.create_connection(server.getsockname()):
        accepted, _ = server.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
