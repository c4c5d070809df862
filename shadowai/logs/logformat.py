"""Log formats that an administrator wrote in a server's own language, compiled into definitions.

`squid:<logformat>` follows Squid's directive logformat (squid-cache.org, version 7), `nginx:<log_format>` NGINX's
module ngx_http_log_module, `apache:<LogFormat>` Apache's mod_log_config, `haproxy:<log-format>` section 8.2.6 of
HAProxy's manual. A format is cut into codes and the text between them; each code becomes a group of one regular
expression whose values end where the text that follows begins.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shadowai.errors import UsageError
from shadowai.logs.schema import Format
from shadowai.tenant_headers import TENANT_HEADERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

_CLF_TIME = "%d/%b/%Y:%H:%M:%S %z"
_TIMES = {"epoch": "epoch", "iso": "iso", "local": _CLF_TIME, "gmt": _CLF_TIME, "zoneless": "%d/%b/%Y:%H:%M:%S"}
_REQUEST = r"(?P<method>[A-Z_-]+|-) ?(?P<target>\S*)(?: [A-Za-z]+/[\d.]+)?"  # RFC 9112 section 3
Piece = tuple[str, str]  # a code and its argument, or "" and the text between codes


@dataclass(frozen=True, slots=True)
class Dialect:
    """One language of formats: how a code is written, which column each is, and the facts of the definition.

    `code` has groups that begin with `code` and `arg`; `columns` has codes with an argument as `code{arg}`, the
    argument in lower case. `has_flags` says that the argument is HAProxy's flags.
    """

    code: re.Pattern[str]
    columns: Mapping[str, str]
    facts: Mapping[str, Any]
    has_flags: bool = False


_WITH_MILLISECONDS = frozenset((("ts", "tu"), ("Ts", "ms")))
_RAW = "/"  # the code of a piece whose text is a pattern
_CAPTURED = r"(?:\{[^}]*\}(?:\s+|$))?"  # HAProxy's captured headers; without any, the blank after them goes too
_HAPROXY_TAG = r"(?:haproxy(?:\[\d+\])?: )?"
_HAPROXY_ADDRESSES = frozenset(("bi", "ci", "dst", "fi", "si", "src"))
# Dates and numbers, which HAProxy never quotes.
_HAPROXY_PLAIN = re.compile(r"B|ST|U|T[RTacdhilqrstuw]?|tr[gl]?|t|[abfs]c|[bcfs]p|[bs]q|r[ct]|lc|ms|pid")
_OF_STATUS = [{"when": {"status": "403"}, "then": "denied"}, {"when": {"status": r"[23]\d\d"}, "then": "allowed"}]
_VERDICTS = [{"when": {"result": r"(?:TCP|UDP)_DENIED.*"}, "then": "denied"}, {"then": "allowed"}]
_IGNORED = [
    {"when": {"status": "407"}, "reason": "auth-challenge"},
    {"when": {"result": ".*/407"}, "reason": "auth-challenge"},
    {"when": {"method": "-|NONE"}, "reason": "not-a-request"},
    {"when": {"result": "(?:NONE|NONE_NONE|TAG_NONE)/000"}, "reason": "not-a-request"},
]
_TENANTS = [f"tenant{number}" for number in range(len(TENANT_HEADERS))]
_MAP = {
    "source_ip": ["client"], "source_port": ["client_port"], "destination_ip": ["server"], "user": ["user", "login"],
    "destination_port": ["server_port"], "url": ["url", "target"], "uri": ["uri"], "host": ["host", "sni"],
    "path": ["path"], "query": ["query"], "method": ["method"], "user_agent": ["agent"], "bytes_up": ["up"],
    "bytes_down": ["down"], "bytes_total": ["total"], "tenant": _TENANTS,
}  # fmt: skip


def _tenants(*codes: str) -> dict[str, str]:
    """Give the codes that write down whose accounts a network lets through, each header in a column of its own."""
    return {code % name: column for code in codes for name, column in zip(TENANT_HEADERS, _TENANTS, strict=True)}


_DIALECTS = {
    "squid": Dialect(
        re.compile(
            r"%(?:[\"\['#/])?-?(?:\d+)?(?:\.\d+)?(?:\{(?P<arg>[^}]*)\})?(?P<code>%|(?:[a-z_]+::)?[<>]?[a-zA-Z_]+)"
            r"(?:\{(?P<arg2>[^}]*)\})?"
        ),
        {
            "ts": "epoch", "tl": "local", "tg": "gmt", ">a": "client", ">p": "client_port", "<a": "server",
            "<p": "server_port", "un": "user", "ul": "login", "ue": "login", "ui": "login", "us": "login", "ru": "url",
            ">ru": "url", "rm": "method", ">rm": "method", ">rd": "host", "rp": "path", ">rp": "path", "Ss": "result",
            ">Hs": "status", "Hs": "status", ">st": "up", "<st": "down", "st": "total", "ssl::>sni": "sni",
            ">h{user-agent}": "agent", ">h{host}": "host", ">ha{user-agent}": "agent",
            **_tenants(">h{%s}", ">ha{%s}"),
        },
        {
            "vendor": "Squid", "product": "access log, logformat given by the user",
            "document": "https://www.squid-cache.org/Doc/config/logformat/",
        },
    ),
    "nginx": Dialect(
        re.compile(r"\$(?:(?P<code>[a-z0-9_]+)|\{(?P<code2>[a-z0-9_]+)\})"),
        {
            "remote_addr": "client", "remote_port": "client_port", "remote_user": "user", "time_local": "local",
            "time_iso8601": "iso", "msec": "epoch", "request": "request", "request_method": "method", "host": "host",
            "http_host": "host", "request_uri": "uri", "uri": "path", "args": "query", "query_string": "query",
            "status": "status", "bytes_sent": "down", "body_bytes_sent": "down", "request_length": "up",
            "http_user_agent": "agent", "upstream_addr": "server", "ssl_preread_server_name": "sni",
            "connect_host": "host", "connect_port": "server_port", "bytes_received": "up",
            **{code.replace("-", "_"): column for code, column in _tenants("http_%s").items()},
        },
        {
            "vendor": "F5", "product": "NGINX as forward proxy, log_format given by the user",
            "document": "https://nginx.org/en/docs/http/ngx_http_log_module.html",
        },
    ),
    "apache": Dialect(
        re.compile(r"%(?:[!\d,]*)[<>]?(?:\{(?P<arg>[^}]*)\})?(?P<code>%|\^[A-Za-z]{2}|[A-Za-z])"),
        {
            "h": "client", "a": "client", "u": "user", "t": "local", "r": "request", "m": "method",
            "s": "status", "b": "down", "B": "down", "I": "up", "O": "down", "S": "total", "q": "query", "U": "path",
            "i{user-agent}": "agent", "i{host}": "host", "t{sec}": "epoch", "t{msec}": "epoch", "t{usec}": "epoch",
            **_tenants("i{%s}"),
        },
        {
            "vendor": "Apache", "product": "HTTP Server as forward proxy, LogFormat given by the user",
            "document": "https://httpd.apache.org/docs/2.4/mod/mod_log_config.html",
        },
    ),
    "haproxy": Dialect(
        # An alias, or a sample expression of which the converters change nothing that matters here.
        re.compile(r"%(?:\{(?P<arg>[^}]*)\})?(?:(?P<code>%|[A-Za-z0-9_]+)|\[(?P<code2>[^\],]*)[^\]]*\])"),
        {
            "ci": "client", "cp": "client_port", "src": "client", "src_port": "client_port", "si": "server",
            "sp": "server_port", "dst": "server", "dst_port": "server_port", "t": "zoneless", "tr": "zoneless",
            "T": "gmt", "trg": "gmt", "Tl": "local", "trl": "local", "Ts": "epoch", "r": "request", "HM": "method",
            "method": "method", "HU": "url", "url": "url", "HP": "path", "HPO": "path", "path": "path", "HQ": "query",
            "ST": "status", "status": "status", "U": "up", "B": "down", "ssl_fc_sni": "sni", "req.ssl_sni": "sni",
            "req_ssl_sni": "sni", "req.hdr(host)": "host", "req.fhdr(host)": "host", "hdr(host)": "host",
            "var(txn.host)": "host", "var(txn.sni)": "sni", "var(sess.sni)": "sni", "var(sess.host)": "host",
            "req.hdr(user-agent)": "agent", "req.fhdr(user-agent)": "agent",
            **_tenants("req.hdr(%s)", "req.fhdr(%s)"),
        },
        {
            "vendor": "HAProxy", "product": "log of a forward proxy, log-format given by the user",
            "document": "https://docs.haproxy.org/2.8/configuration.html#8.2.6",
        },
        has_flags=True,
    ),
}  # fmt: skip
DIALECTS = tuple(_DIALECTS)


def compile_logformat(text: str, name: str | None = None) -> Format:
    """Compile `dialect:format`, under a name of the user's.

    UsageError where the dialect is unknown, or the format tells no client or no host.
    """
    language, _, written = text.partition(":")
    if language not in _DIALECTS:
        raise UsageError(f"unknown language of log formats {language!r}; there are {', '.join(DIALECTS)}")
    dialect = _DIALECTS[language]
    pieces = list(_pieces(written.strip(), dialect))
    if dialect.has_flags:
        pieces = list(_without_flags(pieces))
    pattern, columns, times = _compiled(_with_milliseconds(pieces), dialect)
    if "client" not in columns or columns.isdisjoint({"url", "uri", "target", "host", "sni"}):
        raise UsageError(f"the log format {written!r} names no client address, or nothing that tells the host")
    fields = {field: [one for one in names if one in columns] for field, names in _MAP.items()}
    definition: dict[str, Any] = {
        "id": name or f"{language}-custom",
        "kind": "proxy",
        "evidence": "proxy",
        "syntax": {"engine": "regex", "pattern": pattern},
        "map": {field: names for field, names in fields.items() if names},
        "time": [{"columns": column, "as": written_as} for column, written_as in times.items()],
        "ignore": [rule for rule in _IGNORED if columns.issuperset(rule["when"])],
        "verdicts": _VERDICTS if "result" in columns else [],
        **dialect.facts,
    }
    if dialect.has_flags:
        definition["begins"] = pattern  # most of these logs come through syslog
        definition["verdicts"] = _OF_STATUS if "status" in columns else []
    return Format.model_validate(definition)


def _pieces(written: str, dialect: Dialect) -> Iterator[Piece]:
    """Cut a format into codes and the text between them."""
    at = 0
    for found in dialect.code.finditer(written):
        if found.start() > at:
            yield "", written[at : found.start()]
        groups = {name[:3]: value for name, value in found.groupdict().items() if value is not None}
        yield ("", "%") if groups["cod"] == "%" else (groups["cod"].removeprefix("http::"), groups.get("arg", ""))
        at = found.end()
    if at < len(written):
        yield "", written[at:]


def _without_flags(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """Write out what HAProxy's flags and captured headers make of a format; its configuration escapes blanks."""
    always = ""
    is_blank_taken = True  # HAProxy writes no blank at the start, nor two together
    yield _RAW, _HAPROXY_TAG
    for code, text in pieces:
        if not code:
            plain = re.sub(r"\\(.)", r"\1", text)
            plain = plain.lstrip() if is_blank_taken else plain
            is_blank_taken = is_blank_taken and not plain
            if plain:
                yield "", plain
            continue
        if code in {"hr", "hs"}:
            yield _RAW, _CAPTURED
            is_blank_taken = True
            continue
        if code == "o":
            always = text
            continue
        is_blank_taken = False
        if "+Q" in text + always and not _HAPROXY_PLAIN.fullmatch(code):
            yield from (("", '"'), (code, ""), ("", '"'))
        else:
            yield code, ""


def _with_milliseconds(pieces: Sequence[Piece]) -> list[Piece]:
    """Read Squid's `%ts.%03tu` and HAProxy's `%Ts.%ms` as one number."""
    merged: list[Piece] = []
    for piece in pieces:
        if merged[1:] and merged[-1] == ("", ".") and (merged[-2][0], piece[0]) in _WITH_MILLISECONDS:
            merged.pop()
        else:
            merged.append(piece)
    return merged


def _compiled(pieces: Sequence[Piece], dialect: Dialect) -> tuple[str, set[str], dict[str, str]]:
    """Make the regular expression; give the columns in it too, and how each of the times is written."""
    parts: list[str] = []
    columns: set[str] = set()
    times: dict[str, str] = {}
    for index, (code, text) in enumerate(pieces):
        if not code:
            parts.append(r"\s+".join(map(re.escape, re.split(r"\s+", text))))
            continue
        if code == _RAW:
            parts.append(text)
            continue
        column = _column(code, text, dialect)
        if column in columns:
            column = ""
        if column == "request":
            parts.append(_REQUEST)
            columns |= {"request", "method", "target"}
            continue
        if column in _TIMES:
            times[column] = _time_format(column, text)
        following = pieces[index + 1] if index + 1 < len(pieces) else ("", "")
        value = _value(times.get(column, ""), "" if following[0] else following[1][:1])
        if dialect.has_flags and code in _HAPROXY_ADDRESSES:
            value = r"[0-9A-Fa-f.:]+|-"  # the colon that follows is one of many
        group = f"(?P<{column}>{value})" if column else f"(?:{value})"
        if (code, text) == ("t", "") and not dialect.has_flags:
            group = rf"\[{group}\]"  # Apache brackets the time by itself
        is_padded = not value.startswith("[^") and not (parts and parts[-1].endswith(r"\s+"))
        parts.append(rf"\s*{group}" if is_padded else group)
        columns |= {column} - {""}
    return "".join(parts) + r"\s*$", columns, times


def _column(code: str, argument: str, dialect: Dialect) -> str:
    """Give the column of a code, "" for one that nothing is made of."""
    named = dialect.columns.get(f"{code}{{{argument.lower()}}}") if argument else None
    if "(" in code:  # a header that HAProxy names; other codes differ by their case
        code = code.lower()
    return named or dialect.columns.get(code, "")


def _time_format(column: str, argument: str) -> str:
    if column == "epoch" or not argument:
        return _TIMES[column]
    bare = argument.removeprefix("begin:").removeprefix("end:")
    return bare.replace("%T", "%H:%M:%S").replace("%F", "%Y-%m-%d").replace("%e", "%d")


def _value(time: str, stop: str) -> str:
    """Give the pattern of a value, so that there is one way only in which a line can be cut.

    A time has the blanks of its format; other values end where the next text begins, those between blanks are not
    empty.
    """
    if time:
        return r"\d+(?:\.\d+)?" if time == "epoch" else rf"[^\s\]]+(?:\s[^\s\]]+){{{time.count(' ')}}}"
    if stop == '"':
        return r'[^"\\]*(?:\\.[^"\\]*)*'
    if stop in {"|", ";", ",", "\t"}:
        return f"[^{stop}]*"
    return rf"[^{re.escape(stop)}\s]*" if stop.strip() else r"\S+"
