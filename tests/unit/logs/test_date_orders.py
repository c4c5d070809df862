"""Dates whose order of day and month is told by the file, the user or the vendor, in this order."""

import pytest

from shadowai.logs import open_reader, read_blocks, recognise, with_day_first
from shadowai.model import Tally, iso_time

NETSCALER = (
    "<134> {}:10:00:00 GMT ns1 0-PPE-0 : default SSLVPN TCPCONNSTAT 441998644 0 : Context alice@198.51.100.7 - "
    "SessionId: 13370 - User alice - Client_ip 198.51.100.7 - Nat_ip 192.0.2.9 - Vserver 192.0.2.1:443 - Source "
    "198.51.100.7:333 - Destination 203.0.113.9:443 - Start_time x - End_time x - Duration 00:00:10 - "
    "Total_bytes_send 1 - Total_bytes_recv 2 - Total_compressed_bytes_send 0 - Access Allowed - Group(s) x"
)
PAN = (
    "1,{} 10:00,007200001056,TRAFFIC,end,2561,{} 10:00,10.1.2.3,203.0.113.9,,,web,alice,,ssl,vsys1,trust,untrust,e1,e2,"
)
PAN += "fwd,{} 10:00,1,1,50000,443,0,0,0x0,tcp,allow,3,1,2,3"
PORTAL = (
    "TenantId,TimeGenerated [UTC],DeviceVendor,DeviceProduct,DeviceAction,Activity,DestinationIP,SourceIP,RequestURL\n"
    '1,"{}, 10:00:00.5 AM",Forcepoint CSG,Web,Blocked,1,203.0.113.9,10.1.2.3,http://claude.ai/\n'
)


def days(template: str, dates: list[str], setting: bool | None = None) -> list[str]:  # noqa: FBT001  # three values
    """Read one record a date; give their days."""
    data = "".join(template.replace("{}", date) + "\n" for date in dates).encode()
    fmt = recognise(data)
    assert fmt is not None
    reader = open_reader(with_day_first(fmt, setting), name="x")
    return [(iso_time(one.time) or "")[:10] for one in read_blocks([(0, data)], reader, Tally(), None)]


@pytest.mark.parametrize(
    ("dates", "setting", "expected"),
    [
        (["01/03/2026"], None, ["2026-01-03"]),  # the appliance's default
        (["01/03/2026"], True, ["2026-03-01"]),
        (["15/01/2026", "01/03/2026"], None, ["2026-01-15", "2026-03-01"]),
        (["01/15/2026", "01/03/2026"], True, ["2026-01-15", "2026-01-03"]),
        (["2026/03/01"], None, ["2026-03-01"]),
    ],
)
def test_netscaler_has_a_setting_for_the_order(dates: list[str], setting: bool | None, expected: list[str]) -> None:  # noqa: FBT001  # three values
    assert days(NETSCALER, dates, setting) == expected


@pytest.mark.parametrize(
    ("dates", "setting", "expected"),
    [
        (["9/16/19"], None, ["2019-09-16"]),
        (["9/16/19", "9/5/19"], None, ["2019-09-16", "2019-09-05"]),
        (["16/9/2019", "5/9/2019"], None, ["2019-09-16", "2019-09-05"]),
        (["5/9/2019"], True, ["2019-09-05"]),
        (["5/9/2019"], None, []),  # nobody can know
    ],
)
def test_times_that_a_spreadsheet_wrote_anew(dates: list[str], setting: bool | None, expected: list[str]) -> None:  # noqa: FBT001  # three values
    assert days(PAN, dates, setting) == expected


@pytest.mark.parametrize(("date", "expected"), [("12/10/2026", "2026-12-10"), ("25/10/2026", "2026-10-25")])
def test_the_portals_times_with_am_and_pm_have_the_month_first(date: str, expected: str) -> None:
    assert days(PORTAL, [date]) == [expected]


def test_a_file_that_has_the_day_first_after_all_is_read_so() -> None:
    assert days(PORTAL, ["25/10/2026"]) == ["2026-10-25"]
    rows = PORTAL.replace("{}", "25/10/2026") + PORTAL.replace("{}", "05/10/2026").partition("\n")[2]
    fmt = recognise(rows.encode())
    assert fmt is not None
    found = read_blocks([(0, rows.encode())], open_reader(fmt, name="x"), Tally(), None)
    assert [(iso_time(one.time) or "")[:10] for one in found] == ["2026-10-25", "2026-10-05"]
