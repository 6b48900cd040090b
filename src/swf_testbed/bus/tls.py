"""Why TLS to the broker does not come about: stomp.py does not say, and tries for ever without a file.

A broker that wants another certificate of us says so only after the handshake (TLS 1.3), and closes.
"""

import socket
import ssl
from datetime import UTC, datetime

from cryptography import x509

from swf_testbed.bus.address import BrokerAddress

_PATIENCE_S = 5.0
_LISTEN_S = 10.0
"""A broker that takes us is silent for so long; one that is busy needs seconds to say that it does not."""

_NO_TLS = "there is no TLS at this port: set ACTIVEMQ_PORT to that of TLS, or ACTIVEMQ_USE_SSL to false"


def files_problem(address: BrokerAddress) -> str:
    """Which file cannot be used, and why; empty if all can."""
    try:
        _context(address)
    except ValueError as error:
        return str(error)
    return ""


def tls_problem(address: BrokerAddress) -> str:
    """What is wrong, with the variable to set; empty if nothing is found."""
    try:
        with socket.create_connection((address.host, address.port), _PATIENCE_S) as plain:
            return _greeted(address, plain)
    except OSError:
        return ""


def _greeted(address: BrokerAddress, plain: socket.socket) -> str:
    handshaken = False
    try:
        with _context(address).wrap_socket(plain, server_hostname=address.host) as secure:
            handshaken = True
            secure.settimeout(_LISTEN_S)
            # A broker that takes us waits for us to speak.
            secure.recv(1)
            return _refused("closed after the handshake", address)
    except ssl.SSLCertVerificationError as error:
        return (
            f"its certificate is not trusted ({error.verify_message}): "
            "set ACTIVEMQ_SSL_CA_CERTS to the certificate of its authority"
        )
    except ssl.SSLError as error:
        return _refused(error.reason or str(error), address)
    except TimeoutError:
        return "" if handshaken else _NO_TLS
    except ConnectionError:
        return _refused("closed after the handshake", address)


def _context(address: BrokerAddress) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_default_certs()
    if address.ca_file:
        try:
            context.load_verify_locations(address.ca_file)
        except OSError as error:
            raise ValueError(f"ACTIVEMQ_SSL_CA_CERTS = {address.ca_file}: {_plain(error)}") from None
    if address.cert_file:
        try:
            context.load_cert_chain(address.cert_file, address.key_file)
        except OSError as error:
            said = f"ACTIVEMQ_SSL_CERT_FILE = {address.cert_file}, _KEY_FILE = {address.key_file}"
            raise ValueError(f"{said}: {_plain(error)}") from None
    return context


def _refused(reason: str, address: BrokerAddress) -> str:
    plain = reason.replace("_", " ").lower()
    if "wrong version number" in plain or "record layer failure" in plain:
        return _NO_TLS
    if address.cert_file is None:
        return (
            f"it wants a certificate of ours ({plain}): "
            "set ACTIVEMQ_SSL_CERT_FILE and ACTIVEMQ_SSL_KEY_FILE to it and its key"
        )
    end = x509.load_pem_x509_certificate(address.cert_file.read_bytes()).not_valid_after_utc
    why = f"it expired on {end:%Y-%m-%d %H:%M} UTC" if end < datetime.now(UTC) else plain
    return f"it does not take our certificate {address.cert_file} (ACTIVEMQ_SSL_CERT_FILE): {why}"


def _plain(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return f"is not readable as PEM ({(error.reason or 'no certificate').replace('_', ' ').lower()})"
    return (error.strerror or str(error)).lower()
