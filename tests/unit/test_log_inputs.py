"""Logs from end to end: what a scan's report says of mixed files, refused dates, the user's own log formats, dnstap."""

from pathlib import Path

import pytest
from support.dnstap_writer import message, query, stream

from shadowai.config import load_settings
from shadowai.errors import UsageError
from shadowai.inputs import ReadOptions
from shadowai.observe import observe
from shadowai.provenance import SourceReport

SQUID = "1768471200.576    111 10.1.2.3 TCP_TUNNEL/200 15851 CONNECT chatgpt.com:443 alice HIER_DIRECT/192.0.2.7 -\n"
DNSMASQ = "Jan 15 10:00:00 gw dnsmasq[1]: query[A] chatgpt.com from 10.1.2.3\n"
WINDOWS = (
    "05/06/2021 21:46:04 0D4C PACKET  0000000003D25E10 UDP Rcv 10.1.2.3 0006 Q [0001 D NOERROR] A (7)chatgpt(3)com(0)\n"
)


def report(path: Path, data: str | bytes, **options: object) -> SourceReport:
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    (found,) = observe(ReadOptions([str(path)], **options), "jsonl", path.with_suffix(".jsonl"))
    return found


def test_a_mixed_file_says_what_is_in_it(tmp_path: Path) -> None:
    found = report(tmp_path / "syslog.log", (SQUID + DNSMASQ * 2) * 10 + "Jan 15 10:00:00 h sshd[1]: x\n")
    assert (found.format, found.recognition) == ("mixed", "told line by line: dnsmasq 65%, squid 32%")
    assert "mixed: dnsmasq 67%, squid 33% of 30 lines looked at" in found.warnings
    assert found.skipped == {"of-no-known-format": 1}


def test_the_margin_of_the_choice_is_told(tmp_path: Path) -> None:
    assert report(tmp_path / "a.log", SQUID * 9 + "noise\n").recognition == "90% of 10 lines"


def test_refused_dates_come_with_their_remedy(tmp_path: Path) -> None:
    found = report(tmp_path / "dns.log", WINDOWS * 3)
    assert found.error is not None
    assert "date_order" in found.error
    assert found.skipped == {"ambiguous-date": 3}
    found = report(tmp_path / "dns.log", WINDOWS * 3, day_first=True)
    assert (found.error, found.first) == (None, "2021-06-05T21:46:04.000000Z")
    found = report(tmp_path / "dns.log", WINDOWS * 3, day_first=False)
    assert found.first == "2021-05-06T21:46:04.000000Z"


def test_a_format_in_the_servers_own_language(tmp_path: Path) -> None:
    line = "10.1.2.3 alice CONNECT chatgpt.com:443 1768471200\n"
    text = "squid:%>a %un %rm %ru %ts"
    assert report(tmp_path / "a.log", line * 3, format=text).parsed == 3
    found = report(tmp_path / "a.log", line * 3, logformats={"our-squid": text})
    assert (found.format, found.parsed) == ("our-squid", 3)
    with pytest.raises(UsageError):
        report(tmp_path / "a.log", line, format="squid:%ts")


def test_a_format_that_does_not_fit_fails_hard(tmp_path: Path) -> None:
    found = report(tmp_path / "a.log", SQUID * 3, format="bind")
    assert found.parsed == 0
    assert found.error is not None
    assert "none of 3 lines" in found.error


def test_dnstap_is_read_as_any_other_source(tmp_path: Path) -> None:
    data = stream([message(wire=query("chatgpt.com."))] * 3)
    found = report(tmp_path / "dns.dnstap", data)
    assert (found.format, found.kind, found.parsed) == ("dnstap", "dns", 3)
    assert report(tmp_path / "dns.dnstap", data, format="dnstap").parsed == 3
    assert "Frame Streams" in str(report(tmp_path / "a.log", SQUID, format="dnstap").error)


def test_settings_name_the_order_of_dates_and_log_formats(tmp_path: Path) -> None:
    path = tmp_path / "shadowai.toml"
    path.write_text('date_order = "month-first"\n[logformats]\nour-squid = "squid:%ts %>a %ru"\n')
    settings = load_settings(path, {})
    assert settings.date_order == "month-first"
    assert settings.logformats == {"our-squid": "squid:%ts %>a %ru"}
    assert load_settings(path, {"SHADOWAI_DATE_ORDER": "day-first"}).date_order == "day-first"
    with pytest.raises(UsageError, match="SHADOWAI_DATE_ORDER"):
        load_settings(None, {"SHADOWAI_DATE_ORDER": "guess"})
