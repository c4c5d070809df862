"""What the DHCP servers and the VPN gateway kept of who held which address, each in its own format."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.organisation.clock import HOUR, MINUTE, SECOND, moment
from support.organisation.places import SITES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from support.organisation.tenancy import Tenure


def lease_files(tenures: list[Tenure]) -> dict[str, str]:
    """Give the lease files by name: one a site."""

    def of(*sites: str) -> list[Tenure]:
        return sorted((one for one in tenures if one.site in sites), key=lambda one: one.start)

    return {
        "hq-dhcpd.leases": isc(of("hq", "guest")),
        "branch-kea.csv": kea(of("branch")),
        "works-dhcp.log": windows(of("works")),
        "vpn-accounting.csv": accounting(of("vpn")),
    }


def isc(tenures: Iterable[Tenure]) -> str:
    """Write dhcpd.leases(5) of ISC DHCP: one declaration for each change of a lease, the last of which counts."""
    entries: list[tuple[int, str]] = []
    for one in tenures:
        lease = SITES[one.site].lease
        entries += [(time, _isc_entry(one, time, time + lease, "active")) for time in (one.start, *one.renewals)]
        last = one.renewals[-1] if one.renewals else one.start
        if one.is_over:
            entries.append((one.end, _isc_entry(one, last, one.end, "free")))
    text = "".join(entry for _, entry in sorted(entries, key=lambda entry: entry[0]))
    head = "# The format of this file is documented in the dhcpd.leases(5) manual page."
    return f"{head}\nauthoring-byte-order little-endian;\n\n{text}"


def _isc_entry(one: Tenure, start: int, end: int, state: str) -> str:
    lines = [
        f"lease {one.address} {{",
        f"  starts {_isc_time(start)};",
        f"  ends {_isc_time(end)};",
        f"  cltt {_isc_time(start)};",
        f"  binding state {state};",
        "  next binding state free;",
        f"  hardware ethernet {one.device.mac};",
        f'  client-hostname "{one.device.host}";' if state == "active" else "",
        "}",
    ]
    return "\n".join(line for line in lines if line) + "\n"


def _isc_time(time: int) -> str:
    when = moment(time)
    return f"{(when.weekday() + 1) % 7} {when:%Y/%m/%d %H:%M:%S}"


def kea(tenures: Iterable[Tenure]) -> str:
    """Write Kea's memfile for DHCPv4: a line for each change; `expire` is when the lease ends that is granted then."""
    rows: list[tuple[int, str]] = []
    for one in tenures:
        lease = SITES[one.site].lease
        rows += [(time, _kea_row(one, time + lease, 0)) for time in (one.start, *one.renewals)]
        if one.is_over:  # the server reclaims it some time after
            rows.append((one.end + MINUTE, _kea_row(one, one.end, 2)))
    first = "address,hwaddr,client_id,valid_lifetime,expire,subnet_id"
    head = f"{first},fqdn_fwd,fqdn_rev,hostname,state,user_context,pool_id\n"
    return head + "".join(row for _, row in sorted(rows, key=lambda row: row[0]))


def _kea_row(one: Tenure, expire: int, state: int) -> str:
    lease = SITES[one.site].lease // SECOND
    client = f"01:{one.device.mac}"
    return f"{one.address},{one.device.mac},{client},{lease},{expire // SECOND},1,0,0,{one.device.host},{state},,0\n"


_WINDOWS_HEAD = """\t\tMicrosoft DHCP Service Activity Log


Event ID  Meaning
00\tThe log was started.
01\tThe log was stopped.
02\tThe log was temporarily paused due to low disk space.
10\tA new IP address was leased to a client.
11\tA lease was renewed by a client.
12\tA lease was released by a client.
13\tAn IP address was found to be in use on the network.
14\tA lease request could not be satisfied because the scope's address pool was exhausted.
15\tA lease was denied.
16\tA lease was deleted.
17\tA lease was expired and DNS records for an expired leases have not been deleted.
18\tA lease was expired and DNS records were deleted.
20\tA BOOTP address was leased to a client.
24\tIP address cleanup operation has began.
25\tIP address cleanup statistics.
30\tDNS update request to the named DNS server.
31\tDNS update failed.
32\tDNS update successful.

ID,Date,Time,Description,IP Address,Host Name,MAC Address,User Name, TransactionID, QResult,Probationtime, \
CorrelationID,Dhcid,VendorClass(Hex),VendorClass(ASCII),UserClass(Hex),UserClass(ASCII),RelayAgentInformation,DnsRegError.
"""


def windows(tenures: Iterable[Tenure]) -> str:
    """Write the audit log of Windows's DHCP server: leases, releases and expiries, in the server's zone, here UTC."""
    rows: list[tuple[int, str]] = []
    for one in tenures:
        rows.append((one.start, _windows_row(one, one.start, 10, "Assign")))
        rows += [(time, _windows_row(one, time, 11, "Renew")) for time in one.renewals]
        code, word = (12, "Release") if one.released else (17, "Expired")
        if one.is_over:
            rows.append((one.end, _windows_row(one, one.end, code, word)))
    return _WINDOWS_HEAD + "".join(row for _, row in sorted(rows, key=lambda row: row[0]))


def _windows_row(one: Tenure, time: int, code: int, word: str) -> str:
    when = f"{moment(time):%m/%d/%y,%H:%M:%S}"
    mac = one.device.mac.replace(":", "").upper()
    client = f"{one.address},{one.device.host}.works.harbour.example,{mac}"
    return f"{code},{when},{word},{client},,{time // SECOND % 4_000_000},0,,,,0x4D534654,MSFT 5.0,,,,0\n"


def accounting(tenures: Iterable[Tenure]) -> str:
    """Write the VPN gateway's RADIUS accounting (RFC 2866) as CSV: one line an event."""
    rows: list[tuple[int, str]] = []
    for number, one in enumerate(tenures):
        for time, event in _events(one):
            user = one.device.owner.user if one.device.owner else ""
            when = f"{moment(time):%Y-%m-%dT%H:%M:%SZ}"
            rows.append((time, f"{when},{event},{user},{one.address},{one.device.mac},{number:08x}\n"))
    return "time,event,user,address,device,session\n" + "".join(row for _, row in sorted(rows, key=lambda row: row[0]))


def _events(one: Tenure) -> list[tuple[int, str]]:
    interim = [(time, "interim") for time in range(one.start + HOUR, one.end, HOUR)]
    return [(one.start, "start"), *interim, (one.end, "stop")]
