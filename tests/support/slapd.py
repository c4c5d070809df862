"""A real OpenLDAP server for one test run: its own folder, free ports, TLS by a CA that was made for it."""

from __future__ import annotations

import ipaddress
import socket
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

if TYPE_CHECKING:
    from collections.abc import Iterator

BASE = "dc=corp,dc=example"
READER = f"cn=reader,{BASE}"
CREDENTIAL = "correct horse"
SCHEMAS = (Path("/etc/ldap/schema"), Path("/etc/openldap/schema"))
MODULES = (Path("/usr/lib/ldap"), Path("/usr/lib64/openldap"))
START_LIMIT = 20  # seconds

# Active Directory's names, as far as an import needs them, under OpenLDAP's experimental OIDs.
WINDOWS = """
attributetype ( 1.3.6.1.4.1.4203.666.11.1 NAME 'sAMAccountName' EQUALITY caseIgnoreMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
attributetype ( 1.3.6.1.4.1.4203.666.11.2 NAME 'userPrincipalName' EQUALITY caseIgnoreMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
attributetype ( 1.3.6.1.4.1.4203.666.11.3 NAME 'proxyAddresses' EQUALITY caseIgnoreMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
attributetype ( 1.3.6.1.4.1.4203.666.11.4 NAME 'department' EQUALITY caseIgnoreMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
attributetype ( 1.3.6.1.4.1.4203.666.11.5 NAME 'employeeID' EQUALITY caseIgnoreMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
attributetype ( 1.3.6.1.4.1.4203.666.11.6 NAME 'userAccountControl' EQUALITY integerMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )
objectclass ( 1.3.6.1.4.1.4203.666.11.7 NAME 'user' SUP organizationalPerson STRUCTURAL
  MAY ( sAMAccountName $ userPrincipalName $ proxyAddresses $ department $ employeeID $ userAccountControl
  $ displayName $ mail ) )
objectclass ( 1.3.6.1.4.1.4203.666.11.8 NAME 'computer' SUP user STRUCTURAL )
"""

CONFIG = """
{includes}
{windows}
modulepath {modules}
moduleload back_mdb
moduleload memberof
pidfile {folder}/slapd.pid
TLSCertificateFile {folder}/server.pem
TLSCertificateKeyFile {folder}/server.key
TLSCACertificateFile {folder}/ca.pem
disallow bind_anon
security simple_bind=128
database mdb
suffix "{base}"
rootdn "cn=admin,{base}"
directory {folder}/data
maxsize 268435456
overlay memberof
limits dn.exact="{reader}" size.soft=400 size.hard=400 size.prtotal=unlimited
limits dn.exact="cn=small,{base}" size.soft=400 size.hard=400 size.prtotal=400
access to dn.subtree="ou=hidden,{base}" by * none
access to attrs=userPassword by anonymous auth by * none
access to * by users read
"""


@dataclass(frozen=True, slots=True)
class Slapd:
    """Where the server listens; `ca` is the certificate of the CA that it is verified by, `other_ca` of another one."""

    plain: int
    secure: int
    ca: Path
    other_ca: Path


def schema_folder() -> Path | None:
    return next((folder for folder in SCHEMAS if (folder / "inetorgperson.schema").is_file()), None)


@contextmanager
def running(slapd: str, folder: Path, ldif: str) -> Iterator[Slapd]:
    schema = schema_folder()
    assert schema is not None
    modules = next(path for path in MODULES if path.is_dir())
    names = ("core", "cosine", "nis", "inetorgperson")
    includes = "\n".join(f"include {schema}/{name}.schema" for name in names)
    (folder / "data").mkdir()
    certify(folder)
    config = folder / "slapd.conf"
    values = {"includes": includes, "windows": WINDOWS, "modules": modules, "folder": folder}
    config.write_text(CONFIG.format(**values, base=BASE, reader=READER))
    (folder / "people.ldif").write_text(ldif, encoding="utf-8")
    load = [slapd, "-T", "add", "-q", "-f", str(config), "-l", str(folder / "people.ldif")]
    subprocess.run(load, check=True, capture_output=True)
    there = Slapd(free_port(), free_port(), folder / "ca.pem", folder / "other.pem")
    urls = f"ldap://127.0.0.1:{there.plain}/ ldaps://127.0.0.1:{there.secure}/"
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen([slapd, "-d", "0", "-f", str(config), "-h", urls], stdout=log, stderr=log)
        try:
            wait_for(there.secure)
            yield there
        finally:
            server.terminate()
            server.wait(timeout=20)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def wait_for(port: int) -> None:
    end = time.monotonic() + START_LIMIT
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert time.monotonic() < end, "slapd does not listen"
            time.sleep(0.05)
        else:
            return


def certify(folder: Path) -> None:
    """Make a CA, a server certificate of it, and another CA that has nothing to do with either."""
    ca_key, ca = authority("Test CA")
    key = ec.generate_private_key(ec.SECP256R1())
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    certificate = (
        _builder("directory.corp.example", ca.subject, key)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "ca.pem").write_bytes(ca.public_bytes(pem))
    (folder / "other.pem").write_bytes(authority("Another CA")[1].public_bytes(pem))
    (folder / "server.pem").write_bytes(certificate.public_bytes(pem))
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "server.key").write_bytes(secret)


def authority(name: str) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    usage = {"digital_signature": True, "key_cert_sign": True, "crl_sign": True}
    others = ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only")
    return key, (
        _builder(name, subject, key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(**usage, **dict.fromkeys(others, False), decipher_only=False), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def _builder(name: str, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=2))
    )
