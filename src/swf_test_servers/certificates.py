"""An authority that signs certificates for a broker and its clients."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from cryptography.x509.oid import NameOID

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Certificate:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    def write(self, folder: Path, name: str) -> tuple[Path, Path]:
        """Write `NAME.pem` and `NAME-key.pem`."""
        certificate, key = folder / f"{name}.pem", folder / f"{name}-key.pem"
        certificate.write_bytes(self.certificate.public_bytes(Encoding.PEM))
        key.write_bytes(self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        key.chmod(0o600)
        return certificate, key

    def key_store(self, password: str) -> bytes:
        """Certificate and key as Java reads them."""
        said = BestAvailableEncryption(password.encode())
        return pkcs12.serialize_key_and_certificates(b"broker", self.key, self.certificate, None, said)


class Authority:
    """Signs; `certificate` is what believes in it."""

    def __init__(self, name: str = "swf tests") -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        base = x509.BasicConstraints(ca=True, path_length=0)
        self.certificate = self._sign(self._name, self._key, base, until=_DAY)

    def write(self, folder: Path, name: str = "ca") -> Path:
        """Write `NAME.pem`."""
        path = folder / f"{name}.pem"
        path.write_bytes(self.certificate.public_bytes(Encoding.PEM))
        return path

    def trust_store(self, password: str) -> bytes:
        """Belief in this authority, as Java reads it."""
        said = BestAvailableEncryption(password.encode())
        trusted = [pkcs12.PKCS12Certificate(self.certificate, b"ca")]
        return pkcs12.serialize_java_truststore(trusted, said)

    def issue(self, name: str, *, until: timedelta = _DAY) -> Certificate:
        """A certificate for a client, or for a server on this machine, good for `until` from now on."""
        key = ec.generate_private_key(ec.SECP256R1())
        base = x509.BasicConstraints(ca=False, path_length=None)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        return Certificate(self._sign(subject, key, base, until=until), key)

    def _sign(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        base: x509.BasicConstraints,
        *,
        until: timedelta,
    ) -> x509.Certificate:
        present = datetime.now(UTC)
        names = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(secrets.randbits(64) | 1)
            .not_valid_before(present - 30 * _DAY)
            .not_valid_after(present + until)
            .add_extension(base, critical=True)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .sign(self._key, hashes.SHA256())
        )
