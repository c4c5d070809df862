"""Endpoints against a plain comparison of segments."""

from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st

from shadowai.signatures.endpoints import EndpointTable
from shadowai.signatures.kinds import split_endpoint

SEGMENT = st.sampled_from(["a", "b", "v1", "chat"])
PATH = st.lists(SEGMENT, min_size=1, max_size=4).map(lambda segments: "/" + "/".join(segments))
PORT = st.sampled_from(["", ":1", ":2"])


@given(
    st.lists(st.tuples(PORT, PATH).map("".join), max_size=8, unique=True),
    st.sampled_from([None, 1, 2, 3]),
    PATH,
    st.sampled_from(["", "/", "?x=/a", "#a", ";v", "x", "/x"]),
)
def test_the_longest_endpoint_on_the_port_is_found(
    endpoints: list[str], port: int | None, path: str, tail: str
) -> None:
    table = EndpointTable((endpoint, endpoint) for endpoint in endpoints)
    bare = (path + tail).partition("?")[0].partition("#")[0].partition(";")[0].split("/")
    fitting = []
    for endpoint in endpoints:
        own, place = split_endpoint(endpoint)
        segments = place.split("/")
        if own == port and bare[: len(segments)] == segments:
            fitting.append(endpoint)
    assert table.find(port, path + tail) == max(fitting, key=lambda endpoint: endpoint.count("/"), default=None)


@given(st.text(max_size=200))
def test_any_path_has_an_answer(path: str) -> None:
    table = EndpointTable([("/v1/chat", "x"), (":1/a/b/c/d", "y")])
    for port in (None, 1, 2):
        assert table.find(port, path) in (None, "x", "y")


def test_a_path_of_slashes_takes_no_longer_than_its_length() -> None:
    table = EndpointTable([("/v1/chat", "x")])
    begin = time.perf_counter()
    assert table.find(None, "/" * 2_000_000) is None
    assert time.perf_counter() - begin < 1


def test_an_endpoint_is_port_and_path() -> None:
    assert split_endpoint(":11434/api/chat") == (11434, "/api/chat")
    assert split_endpoint("/v1/x") == (None, "/v1/x")
