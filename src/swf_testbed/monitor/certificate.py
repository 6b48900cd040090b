"""The certificate of the HTTPS address: a self-signed one of our own, or the one that the settings name."""

import ipaddress
import logging
import socket
import ssl
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from swf_testbed.config.settings import Settings
from swf_testbed.model.clock import now
from swf_testbed.model.errors import BadInput
from swf_testbed.monitor.private_files import write_secret

log = logging.getLogger(__name__)

VALID = timedelta(days=365)
RENEWED_BEFORE = timedelta(days=30)
"""A certificate of our own that ends sooner is replaced when the monitor starts."""

_CLOCKS_DIFFER = timedelta(hours=1)
_LONGEST_COMMON_NAME = 64


def ensure_certificate(swf: Settings) -> None:
    """Let a certificate and its key be in place: the settings' are checked, our own is made if need be.

    Raises:
        BadInput: names the setting, the file, and what is wrong with it.
    """
    if swf.swf_monitor_cert_file is None and swf.swf_monitor_key_file is None:
        _ensure_own(swf)
    else:
        _check_given(swf)


def _check_given(swf: Settings) -> None:
    files = {
        "SWF_MONITOR_CERT_FILE": swf.swf_monitor_cert_file,
        "SWF_MONITOR_KEY_FILE": swf.swf_monitor_key_file,
    }
    for variable, file in files.items():
        if file is None:
            raise BadInput(variable, file, "must be set too: a certificate and its key go together")
        try:
            file.read_bytes()
        except OSError as error:
            raise BadInput(variable, str(file), f"cannot be read: {error.strerror}") from None
    problem = _problem(swf.monitor_certificate, swf.monitor_key)
    if problem:
        raise BadInput("SWF_MONITOR_CERT_FILE", str(swf.monitor_certificate), problem)
    left = _end(swf.monitor_certificate)
    if left < RENEWED_BEFORE:
        log.warning("the certificate %s ends in %d days; replace it", swf.monitor_certificate, left.days)


def _problem(certificate: Path, key: Path) -> str:
    """Why a server cannot use them; empty if it can."""

    def no_password() -> str:
        raise ValueError(f"the key {key} has a password; give one without")

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, no_password)
        _end(certificate)
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            return f"does not belong to the key {key}"
        return f"is not a certificate in PEM form, or {key} is not a key in PEM form"
    except (OSError, ValueError) as error:
        return str(error)
    return ""


def _end(certificate: Path) -> timedelta:
    """How long a certificate is still valid."""
    return x509.load_pem_x509_certificate(certificate.read_bytes()).not_valid_after_utc - now()


def _ensure_own(swf: Settings) -> None:
    certificate, key = swf.monitor_certificate, swf.monitor_key
    if not certificate.exists() and not key.exists():
        why = "there was none"
    elif problem := _problem(certificate, key):
        why = f"the old one could not be used: {problem}"
    elif (left := _end(certificate)) < RENEWED_BEFORE:
        why = f"the old one ends in {left.days} days"
    elif missing := _addressed(swf) - _named(certificate):
        why = f"the old one does not name {', '.join(sorted(missing))}"
    else:
        return
    names = _names(swf)
    made, signer = self_signed(names)
    write_secret(key, signer)
    write_secret(certificate, made)
    log.info(
        "made a self-signed certificate, %s: valid %d days for %s (%s)",
        certificate, VALID.days, ", ".join(names), why,
    )  # fmt: skip


def _addressed(swf: Settings) -> set[str]:
    """The hosts by which the settings call the monitor."""
    said = (swf.swf_monitor_url, swf.swf_monitor_http_url)
    return {host for url in said if (host := urlsplit(url).hostname)}


def _names(swf: Settings) -> list[str]:
    """What this machine and its monitor are called."""
    own = [socket.gethostname().lower(), socket.getfqdn().lower()]
    names = ["localhost", "127.0.0.1", "::1", *own, *sorted(_addressed(swf))]
    return [name for name in dict.fromkeys(names) if name and name.isascii()]


def _named(certificate: Path) -> set[str]:
    found = x509.load_pem_x509_certificate(certificate.read_bytes())
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return {*names.get_values_for_type(x509.DNSName), *map(str, names.get_values_for_type(x509.IPAddress))}


def self_signed(names: list[str], valid: timedelta = VALID) -> tuple[str, str]:
    """A certificate for these host names and addresses, and its key, both in PEM form.

    It is its own authority and can sign nothing else: who trusts it trusts this server alone.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, names[0][:_LONGEST_COMMON_NAME]),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "swf-testbed"),
        ]
    )
    own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    usage = x509.KeyUsage(
        digital_signature=True, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=False, crl_sign=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now() - _CLOCKS_DIFFER)
        .not_valid_after(now() + valid)
        .add_extension(x509.SubjectAlternativeName([_general_name(one) for one in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(own, critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own), critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return made.public_bytes(Encoding.PEM).decode(), secret.decode()


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
