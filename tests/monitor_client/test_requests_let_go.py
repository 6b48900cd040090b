"""A request, with a body of megabytes, goes with its answer and does not wait for the collector of cycles."""

import gc
import weakref

from scripted_server import Answer, scripted_server

from swf_testbed.monitor_client.http import http_client, receive


def test_what_was_asked_goes_with_its_answer() -> None:
    answer = Answer(b"{}", headers={"Content-Type": "application/json", "Content-Length": "2"})
    with scripted_server([answer]) as server, http_client(server.url, "", "swf/test") as client:
        gc.disable()
        try:
            request = client.build_request("GET", "/", content=b"x" * 1000)
            kept = weakref.ref(request)
            assert receive(client, request, 0).json() == {}
            del request
            assert kept() is None
        finally:
            gc.enable()
