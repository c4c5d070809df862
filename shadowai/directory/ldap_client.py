"""The LDAP protocol by way of ldap3: a verified connection, and a search in pages.

Pages follow RFC 2696; values that a server gives in ranges ([MS-ADTS] section 3.1.1.3.1.3.3) are fetched to the end.
This is the only module that imports ldap3, which is optional.
"""

from __future__ import annotations

import ssl
import warnings
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Literal

from shadowai.errors import SourceError, UsageError

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # ldap3 2.9.1 uses names that pyasn1 0.6 calls old
    import ldap3
    from ldap3.core.exceptions import LDAPException, LDAPSocketOpenError, LDAPStartTLSError

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator, Sequence

    from shadowai.directory.ldap import Entry, LdapServer

from shadowai.directory.ldap import ATTRIBUTES, TIMEOUT

MAX_RANGES = 1000  # of one attribute; a server gives 1,500 values at a time
_INVALID_CREDENTIALS, _SIZE_LIMIT, _NO_SUCH_OBJECT = 49, 4, 32  # RFC 4511 section 4.1.9
_PAGED = "1.2.840.113556.1.4.319"  # RFC 2696 section 2


class _Tls(ldap3.Tls):
    """Certificate, name and address are checked by OpenSSL, with the name sent (SNI); ldap3's own check is older."""

    def wrap_socket(self, connection: Any, do_handshake: bool = False) -> None:  # noqa: ANN401, FBT001, FBT002  # ldap3's own signature
        """Encrypt a connection's socket."""
        del do_handshake
        context = ssl.create_default_context(cafile=self.ca_certs_file)
        connection.socket = context.wrap_socket(connection.socket, server_hostname=connection.server.host)


class Session:
    """A search that has been allowed: gives every entry, page by page."""

    def __init__(self, server: LdapServer, connection: ldap3.Connection) -> None:
        self._server = server
        self._connection = connection

    def entries(self, left_out: Counter[str]) -> Iterator[Entry]:
        """Give each entry with its attributes; referrals to other servers are counted, not followed."""
        cookie = None
        while True:
            self._search(self._server.base, self._server.filter, ATTRIBUTES, paged=(self._server.page, cookie))
            for found in self._connection.response or ():
                if found["type"] == "searchResEntry":
                    yield found["dn"], self._attributes(found)
                else:
                    left_out["lie on other servers (referrals are not followed)"] += 1
            cookie = self._connection.result.get("controls", {}).get(_PAGED, {}).get("value", {}).get("cookie")
            if not cookie:
                return

    def _attributes(self, found: dict[str, Any]) -> dict[str, list[str]]:
        attributes: dict[str, list[str]] = {}
        for written, values in found["raw_attributes"].items():
            name, _, options = written.lower().partition(";")
            texts = [bytes(value).decode("utf-8", "replace") for value in values]
            if options.startswith("range=") and not options.endswith("-*"):
                texts += self._rest(found["dn"], name, len(texts))
            attributes.setdefault(name, []).extend(texts)
        return attributes

    def _rest(self, dn: str, name: str, have: int) -> list[str]:
        """Fetch the values of an attribute from number `have` on."""
        texts: list[str] = []
        for _ in range(MAX_RANGES):
            asked = f"{name};range={have + len(texts)}-*"
            response = self._again(dn, asked)
            found = {
                key.lower(): values for key, values in response.items() if key.lower().startswith(f"{name};range=")
            }
            if not any(found.values()):
                return texts
            (key, values), *_ = found.items()
            texts += [bytes(value).decode("utf-8", "replace") for value in values]
            if key.endswith("-*"):
                return texts
        raise SourceError(f"attribute {name} of {dn!r} never ends", where=self._server.host)

    def _again(self, dn: str, attribute: str) -> dict[str, list[bytes]]:
        """Read one attribute of one entry, in the middle of a paged search (whose cookie is already kept)."""
        kept = self._connection.response, self._connection.result
        try:
            self._search(dn, "(objectClass=*)", (attribute,))
            found = [entry for entry in self._connection.response or () if entry["type"] == "searchResEntry"]
            raw: dict[str, list[bytes]] = found[0]["raw_attributes"] if found else {}
            return raw
        finally:
            self._connection.response, self._connection.result = kept

    def _search(
        self, base: str, wanted: str, attributes: Sequence[str], paged: tuple[int, bytes | None] | None = None
    ) -> None:
        """Search the whole tree in pages, or, without them, the one entry `base`."""
        size, cookie = paged or (None, None)
        scope: Literal["SUBTREE", "BASE"] = "SUBTREE" if paged else "BASE"
        try:
            self._connection.search(
                base, wanted, scope, attributes=list(attributes), paged_size=size, paged_cookie=cookie
            )
        except LDAPException as error:
            raise SourceError(f"the search failed: {_first_line(error)}", where=self._server.host) from error
        result = self._connection.result
        if result["result"] == _SIZE_LIMIT:
            message = (
                "gives no more entries than its size limit: the list would not be whole; search with another account"
            )
            raise SourceError(message, where=self._server.host)
        if result["result"] == _NO_SUCH_OBJECT:
            raise UsageError(f"--base {base!r} is not there, or the account may not read it", where=self._server.host)
        if result["result"] != 0:
            said = result["message"] or result["description"]
            raise SourceError(f"the search was refused: {result['description']}: {said}", where=self._server.host)


@contextmanager
def session(server: LdapServer) -> Iterator[Session]:
    """Connect, verify and log on; SourceError, or UsageError, where one of them fails."""
    if server.ca is not None and not server.ca.is_file():
        raise UsageError("there is no such file of CA certificates", where=server.ca)
    tls = _Tls(validate=ssl.CERT_REQUIRED, ca_certs_file=str(server.ca) if server.ca else None)
    there = ldap3.Server(
        server.host, server.port, use_ssl=not server.start_tls, tls=tls, get_info=ldap3.NONE, connect_timeout=TIMEOUT
    )
    connection = ldap3.Connection(
        there,
        server.bind_dn,
        server.password,
        auto_referrals=False,
        auto_range=False,
        check_names=False,
        read_only=True,
        return_empty_attributes=False,
        receive_timeout=TIMEOUT,
    )
    try:
        _log_on(connection, server)
        yield Session(server, connection)
    finally:
        with suppress(LDAPException, OSError):  # the server may have hung up already
            connection.unbind()
        if connection.socket is not None:
            connection.socket.close()  # ldap3 forgets it where the encryption could not begin


def _log_on(connection: ldap3.Connection, server: LdapServer) -> None:
    try:
        connection.open()
        if server.start_tls:
            connection.start_tls()
        allowed = connection.bind()
    except (LDAPSocketOpenError, LDAPStartTLSError) as error:
        remedy = "; name the CA's certificate with --ca" if "CERTIFICATE_VERIFY_FAILED" in str(error) else ""
        raise SourceError(f"no secure connection: {_first_line(error)}{remedy}", where=server.host) from error
    except (LDAPException, OSError) as error:
        raise SourceError(f"the connection failed: {_first_line(error)}", where=server.host) from error
    if not allowed:
        said = connection.result["description"]
        wrong = connection.result["result"] == _INVALID_CREDENTIALS
        message = "the server does not accept this name and password" if wrong else f"the log-on was refused: {said}"
        raise UsageError(message, where=server.host)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:300]
