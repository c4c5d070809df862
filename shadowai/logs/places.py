"""Where a request went: host, port and path from the columns a format has for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from shadowai.logs import values
from shadowai.logs.columns import Getter, Row
from shadowai.logs.values import Memo, Place

TUNNEL = frozenset(("CONNECT", "connect"))  # RFC 9110 section 9.3.6; some vendors write methods in lower case
Placer = Callable[[Row, str | None], Place]


def name_reader(getters: Sequence[Getter], spelling: str) -> Placer:
    """Give a reader of the name a DNS question asks for."""
    read = _first(getters, Memo(values.labels_of if spelling == "dns-labels" else values.name_of))
    return lambda row, _method: (read(row), None, None)


def place_reader(getters: Mapping[str, Sequence[Getter]]) -> Placer:
    """Give a reader of host, port and path from the columns that a format has of `url`, `uri`, `host`, `path`, `query`.

    A `url` names the host; a `uri` is a request target (RFC 9112 section 3.2): a path, an absolute URL, or an
    authority. What starts with a slash is a path in both. A tunnel (CONNECT) has no path.
    """
    if len(getters["url"]) == 1 and not any(getters[name] for name in ("uri", "host", "path", "query")):
        return _url_only(getters["url"][0])
    read_url, read_uri, read_path, read_query = (
        _first(getters[name], _TEXTS) for name in ("url", "uri", "path", "query")
    )
    read_host = _first(getters["host"], Memo(values.host_of))

    def read(row: Row, method: str | None) -> Place:
        tunnel = method in TUNNEL
        url = read_url(row)
        if url is not None and url[0] != "/":
            host, port, path = values.url_of(url)
        else:
            target = read_host(row) or _NOWHERE
            host, port, path = _request_target(read_uri(row) or url, target, tunnel=tunnel)
            # Last what the column of the host says beyond the host: exports may hold a whole URL there.
            path = path or _joined(read_path(row), read_query(row)) or target[2]
        return host, port, None if tunnel else path

    return read


_TEXTS = Memo(values.text_of)
_NOWHERE: Place = (None, None, None)


def _first(getters: Sequence[Getter], memo: Memo[values.V | None]) -> Callable[[Row], values.V | None]:
    def read(row: Row) -> values.V | None:
        for get in getters:
            value = memo[get(row)]
            if value is not None:
                return value
        return None

    return read


def _url_only(get: Getter) -> Placer:
    def read(row: Row, method: str | None) -> Place:
        url = get(row)
        if method in TUNNEL:
            host, port, _ = values.url_of(url)
            return host, port, None
        if url.startswith("/") or values.is_nothing(url):
            return None, None, url if url.startswith("/") else None
        return values.url_of(url)

    return read


def _request_target(uri: str | None, target: Place, *, tunnel: bool) -> Place:
    host, port, _ = target
    if uri is None or uri[0] in "/*":
        return host, port, uri
    if "://" in uri[:20] or (host is None and tunnel):
        return values.url_of(uri)
    return host, port, uri


def _joined(path: str | None, query: str | None) -> str | None:
    if query is None:
        return path
    return f"{path or '/'}{'' if query.startswith('?') else '?'}{query}"
