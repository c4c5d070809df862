"""What pyshark dissected, as it hands it over: frames of QUIC streams, and flows whose ends are not known."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from shadowai.captures import deep as deep_module
from shadowai.captures.deep import stream_pieces
from shadowai.model import Tally


def layer(name: str, **fields: str | list[str]) -> Any:
    """A layer as pyshark gives it."""

    def get_field(asked: str) -> SimpleNamespace | None:
        shown = fields.get(asked)
        listed = [shown] if isinstance(shown, str) else shown
        return None if listed is None else SimpleNamespace(all_fields=[SimpleNamespace(show=one) for one in listed])

    return SimpleNamespace(layer_name=name, get_field=get_field)


@pytest.mark.parametrize(("yes", "no"), [("1", "0"), ("True", "False")])
def test_stream_frames_are_told_apart_by_their_flags(yes: str, no: str) -> None:
    packet = layer(
        "quic",
        stream_stream_id=["0", "4", "8", "zz"],
        stream_off=[no, yes, yes, no],
        stream_len=[yes, yes, no, no],
        stream_offset=["70", "9"],
        stream_length=["3", "0"],
        stream_data=["01:02:03", "ff"],
    )
    assert [tuple(piece) for piece in stream_pieces(packet, is_client=True)] == [
        (0, 0, b"\1\2\3", True),
        (4, 70, b"", True),
        (8, 9, b"\xff", True),
    ]


def test_quic_of_unknown_ends_or_beyond_measure_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deep_module, "MAX_CONNECTIONS", 1)
    found = deep_module._Collector(frozenset({("203.0.113.5", 443)}))
    network = SimpleNamespace(layer_name="ip", src="192.0.2.10", dst="203.0.113.5")
    elsewhere = SimpleNamespace(layer_name="ip", src="192.0.2.10", dst="203.0.113.6")
    transport = SimpleNamespace(layer_name="udp", srcport="40000", dstport="443")
    for place, number in ((network, "0"), (network, "1"), (elsewhere, "0"), (network, "0")):
        layers = [place, transport, layer("quic", connection_number=number)]
        found.feed(SimpleNamespace(layers=layers, number="1", sniff_timestamp="1.5"))
    tally = Tally(records=9, parsed=9)
    assert found.finish(tally) == []
    assert (tally.parsed, tally.skipped) == (7, {"reassembly-dropped": 2})
