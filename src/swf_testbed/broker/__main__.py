"""`python -m swf_testbed.broker`: run the embedded STOMP broker in the foreground."""

import argparse
import asyncio
import logging
import os
import signal
import ssl
import sys
from pathlib import Path

from swf_testbed.broker.limits import Limits
from swf_testbed.broker.server import Server
from swf_testbed.config.memory import give_back_regularly
from swf_testbed.model.errors import BadInput, SwfError

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def main(arguments: list[str] | None = None) -> int:
    """Run until SIGTERM or SIGINT; return the exit code: 0 stopped, 1 failed, 2 wrong arguments."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(
        stream=sys.stderr, level=options.log_level, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    # The store's thread must get its turn beside a busy event loop: 5 ms, the default, is a long wait for it.
    sys.setswitchinterval(0.0005)
    try:
        login, tls = _login(options), _tls(options)
        give_back_regularly()
        asyncio.run(_serve(options, login, tls))
    except BadInput as error:
        logging.error("%s", error)
        return 2
    except (SwfError, OSError) as error:
        logging.error("%s", error)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    limits = Limits()
    parser = argparse.ArgumentParser(
        prog="python -m swf_testbed.broker",
        description="The embedded STOMP 1.2 broker: topics, queues, durable subscriptions; stores in SQLite.",
        epilog="Stops cleanly on SIGTERM and SIGINT. What a receipt has confirmed, no kill can lose.",
    )
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="address to listen on (%(default)s: this machine only)")
    add("--port", type=int, default=61613, help="port to listen on, 0 for a free one (%(default)s)")
    add("--port-file", type=Path, help="file to write the port to, once the broker listens")
    add("--data", type=Path, required=True, help="directory of stored messages, made if missing")
    add("--user", help="login that clients must give; without it everybody is let in")
    add("--password-env", metavar="NAME", help="environment variable that holds the passcode of --user")
    add("--tls-cert", type=Path, help="serve TLS with this certificate (PEM, chain included)")
    add("--tls-key", type=Path, help="its key, if it is not in the same file")
    add("--max-frame", type=int, default=limits.max_frame, help="largest frame, bytes (%(default)s)")
    add(
        "--queue-messages",
        type=int,
        default=limits.queue_messages,
        help="messages in one queue from which on its producers wait (%(default)s)",
    )
    add(
        "--queue-bytes",
        type=int,
        default=limits.queue_bytes,
        help="the same in bytes (%(default)s)",
    )
    add("--max-connections", type=int, default=limits.max_connections, help="most clients (%(default)s)")
    add(
        "--log-level",
        default="INFO",
        choices=["DEBUG", "INFO", "WARNING", "ERROR"],
        help="least level logged to stderr (%(default)s)",
    )
    return parser


def _login(options: argparse.Namespace) -> tuple[str, str] | None:
    if options.user is None:
        return None
    if not options.password_env:
        raise BadInput("--password-env", options.password_env, "is needed with --user")
    passcode = os.environ.get(options.password_env)
    if not passcode:
        raise BadInput(
            "--password-env", options.password_env, "must name an environment variable that is set"
        )
    return options.user, passcode


def _tls(options: argparse.Namespace) -> ssl.SSLContext | None:
    if options.tls_cert is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(options.tls_cert, options.tls_key)
    return context


async def _serve(
    options: argparse.Namespace, login: tuple[str, str] | None, tls: ssl.SSLContext | None
) -> None:
    limits = Limits(
        max_frame=options.max_frame,
        max_connections=options.max_connections,
        queue_messages=options.queue_messages,
        queue_bytes=options.queue_bytes,
    )
    server = Server(options.data, login=login, limits=limits, tls=tls)
    loop = asyncio.get_running_loop()
    for number in _SIGNALS:
        loop.add_signal_handler(number, server.request_stop)
    port = await server.start(options.host, options.port)
    if options.port_file is not None:
        part = options.port_file.with_name(options.port_file.name + ".part")
        part.write_text(f"{port}\n")
        part.rename(options.port_file)  # whoever waits for the file never reads half a number
    try:
        await server.wait_stopped()
    finally:
        await server.close()
    if server.failure is not None:
        raise SwfError("stopped because messages could not be stored") from server.failure


if __name__ == "__main__":
    sys.exit(main())
