"""Audit, system and repeated records of every sample, with no format named: none makes use of them."""

from pathlib import Path

import pytest
import yaml

from shadowai.logs import load_formats, open_reader, read_blocks, recognise
from shadowai.model import SECOND, Tally

REFERENCE = 1_769_904_000 * SECOND
REJECTS = {
    path.stem: [str(line) for line in document["rejects"]]
    for path in sorted((Path(__file__).parent / "samples").glob("*.yaml"))
    if "rejects" in (document := yaml.safe_load(path.read_text(encoding="utf-8")))
}
# What one format leaves to another of the same product: alone, a response is the one trace of its question.
NEIGHBOURS = {
    "bind": {"bind-responses", "bind-errors"},
    "bind-errors": {"bind"},
    "bind-responses": {"bind"},
    "cloudflare-http": {"cloudflare-network"},
    "dnstap-collector-responses": {"dnstap-collector"},
    "dnstap-json-responses": {"dnstap-json"},
    "dnstap-text-responses": {"dnstap-text"},
    "dnstap-vector-responses": {"dnstap-vector"},
    "infoblox-cef-responses": {"infoblox-cef"},
    "ocsf-responses": {"ocsf"},
    "sentinel-asim-responses": {"sentinel-asim"},
    "suricata": {"suricata-answers"},
    "suricata-answers": {"suricata"},
    "umbrella-proxy": {"umbrella-firewall"},
    "unbound-replies": {"unbound"},
    "zscaler-pairs": {"zscaler-zpa-browser"},
}


def makers(line: str) -> set[str]:
    """Return the formats that make use of a line on its own."""
    data = (line + "\n").encode()
    found = recognise(data)
    if found is None:
        return set()
    reader = open_reader(found, name="x.log", reference_time=REFERENCE)
    return {seen.dataset for seen in read_blocks([(0, data)], reader, Tally(), None)}


def test_neighbours_are_formats() -> None:
    assert set(NEIGHBOURS) <= set(REJECTS)
    assert set().union(*NEIGHBOURS.values()) <= set(load_formats())


@pytest.mark.parametrize("name", REJECTS)
def test_no_other_format_makes_use_of_them(name: str) -> None:
    for line in REJECTS[name]:
        assert makers(line) <= NEIGHBOURS.get(name, set()), line
