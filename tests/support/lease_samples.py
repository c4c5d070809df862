"""Lease files of every kind, written by hand as their vendors document them; the same morning in each of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from shadowai.directory.leases import LeaseTable, read_leases
from shadowai.directory.leases.records import FOREVER
from shadowai.directory.options import DirectoryOptions
from shadowai.directory.tables import Findings
from shadowai.model import SECOND

if TYPE_CHECKING:
    from pathlib import Path

ISC = """\
# The format of this file is documented in the dhcpd.leases(5) manual page.
# This lease file was written by isc-dhcp-4.4.3-P1

# authoring-byte-order entry is generated, DO NOT DELETE
authoring-byte-order little-endian;

server-duid "\\000\\001\\000\\001-\\343\\245\\262\\002\\000\\000\\000\\000\\001";

lease 10.1.0.5 {
  starts 2 2026/05/05 08:00:00;
  ends 2 2026/05/05 20:00:00;
  cltt 2 2026/05/05 08:00:00;
  binding state active;
  next binding state free;
  rewind binding state free;
  hardware ethernet 02:00:00:00:00:0a;
  uid "\\001\\002\\000\\000\\000\\000\\012";
  set vendor-class-identifier = "MSFT 5.0";
  client-hostname "PC-Anna";
  on expiry {
    log (info, "starts");
  }
}
lease 10.1.0.5 {
  starts 2 2026/05/05 08:00:00;
  ends 2 2026/05/05 10:00:00;
  tstp 2 2026/05/05 10:00:00;
  binding state free;
  hardware ethernet 02:00:00:00:00:0a;
}
lease 10.1.0.6 {
  starts epoch 1777968000; # Tue May  5 08:00:00 2026
  ends never;
  binding state active;
  uid "\\001\\002\\000\\000\\000\\000\\013";
}
lease 10.1.0.7 {
  starts 2 2026/05/05 08:00:00;
  ends 2 2026/05/05 20:00:00;
  binding state abandoned;
  client-hostname "pc-ghost";
}
lease 10.1.0.8 {
  binding state free;
}
ia-na "\\001\\000\\000\\000\\000\\003\\000\\001\\002\\000\\000\\000\\000\\014" {
  cltt 2 2026/05/05 08:00:00;
  iaaddr 2001:db8::5 {
    binding state active;
    preferred-life 1800;
    max-life 3600;
    ends 2 2026/05/05 09:00:00;
  }
}
ia-na "01:00:00:00:00:03:00:01:02:00:00:00:00:0e" {
  cltt 2 2026/05/05 08:00:00;
  iaaddr 2001:db8::7 {
    binding state active;
    preferred-life 4294967295;
    max-life 4294967295;
    ends never;
  }
}
ia-pd "01:00:00:00:00:03:00:01:02:00:00:00:00:0d" {
  cltt 2 2026/05/05 08:00:00;
  iaprefix 2001:db8:5::/48 {
    binding state active;
  }
}
"""

KEA4 = """\
address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,user_context,pool_id
10.1.0.5,02:00:00:00:00:0a,01:02:00:00:00:00:0a,7200,1777975200,1,0,0,pc-anna.corp.example,0,,0
10.1.0.5,02:00:00:00:00:0a,01:02:00:00:00:00:0a,7200,1777978800,1,0,0,pc-anna.corp.example,0,,0
10.1.0.6,,01:02:00:00:00:00:0b,4294967295,6072935295,1,0,0,,0,,0
10.1.0.7,02:00:00:00:00:0c,,7200,1777975200,1,0,0,a&#x2cb,0,{ "ISC": { "x": 1 } },0
10.1.0.7,02:00:00:00:00:0c,,0,1777970000,1,0,0,,0,,0
10.1.0.8,02:00:00:00:00:0d,,7200,1777975200,1,0,0,pc-d,0,,0
10.1.0.8,,,86400,1778058000,1,0,0,,1,,0
"""

KEA6_HEADER = (
    "address,duid,valid_lifetime,expire,subnet_id,pref_lifetime,lease_type,iaid,prefix_len,fqdn_fwd,fqdn_rev,hostname,"
    "hwaddr,state,user_context,hwtype,hwaddr_source,pool_id"
)

KEA6 = f"""\
{KEA6_HEADER}
2001:db8::5,00:03:00:01:02:00:00:00:00:0a,7200,1777975200,1,3600,0,1,128,0,0,pc-anna,,0,,,,0
2001:db8:5::,00:03:00:01:02:00:00:00:00:0b,7200,1777975200,1,3600,2,1,48,0,0,,,0,,,,0
2001:db8::6,00:02:00:00:ab:11:01,7200,1777975200,1,3600,0,1,128,0,0,,,0,,,,0
"""

WINDOWS_HEADER = (
    "ID,Date,Time,Description,IP Address,Host Name,MAC Address,User Name, TransactionID, QResult,Probationtime,"
    " CorrelationID,Dhcid,VendorClass(Hex),VendorClass(ASCII),UserClass(Hex),UserClass(ASCII),RelayAgentInformation,"
    "DnsRegError."
)

WINDOWS = f"""\
\t\tMicrosoft DHCP Service Activity Log


Event ID  Meaning
00\tThe log was started.
10\tA new IP address was leased to a client.
50+\tCodes above 50 are used for Rogue Server Detection information.

QResult: 0: NoQuarantine, 1:Quarantine, 2:Drop Packet, 3:Probation,6:No Quarantine Information

{WINDOWS_HEADER}
00,05/05/26,00:00:00,Started,,,,,0,6,,,,,,,,,0
10,05/05/26,10:00:00,Assign,10.1.0.5,PC-Anna.corp.example,02000000000A,,123,0,,,,0x4D53,MSFT 5.0,,,,0
11,05/05/26,12:00:00,Renew,10.1.0.5,PC-Anna.corp.example,02000000000A,,124,0,,,,,,,,,0
30,05/05/26,12:00:01,DNS Update Request,5.0.1.10,PC-Anna.corp.example,,,0,6,,,,,,,,,0
12,05/05/26,13:00:00,Release,10.1.0.5,PC-Anna.corp.example,02000000000A,,125,0,,,,,,,,,0
15,05/05/26,13:00:01,NACK,10.1.0.5,,02000000000B,,126,0,,,,,,,,,0
10,05/05/26,14:00:00,Assign,10.1.0.6,PC-B,02000000000B,,127,0,,,,,,,,,0
18,05/05/26,15:00:00,Expired,10.1.0.6,,,,0,6,,,,,,,,,0
11,05/05/26,14:00:00,Renew,10.1.0.7,PC-C,02000000000C,,128,0,,,,,,,,,0
13,05/05/26,16:00:00,Conflict,10.1.0.7,BAD_ADDRESS,,,0,6,,,,,,,,,0
10,05/05/26,14:00:00,Assign,10.1.0.8,,52415320A0B1C2D3E4F5000000000000,,129,0,,,,,,,,,0
"""

DNSMASQ = """\
1778011200 02:00:00:00:00:0a 10.1.0.5 PC-Anna 01:02:00:00:00:00:0a
0 02:00:00:00:00:0b 10.1.0.6 * *
1778011200 06-02:00:00:00:00:0c 10.1.0.7 pc-c ff:00
duid 00:01:00:01:2d:e3:a5:b2:02:00:00:00:00:01
1778011200 16777226 2001:db8::5 pc-anna 00:03:00:01:02:00:00:00:00:0a
1778011200 T16777226 2001:db8::6 * 00:02:00:00:ab:11:01
"""

_ZEEK_FIELDS = (
    "ts uids client_addr server_addr mac host_name client_fqdn domain requested_addr assigned_addr lease_time"
    " client_message server_message msg_types duration"
)
_ZEEK_TYPES = (
    "time set[string] addr addr string string string string addr addr interval string string vector[string] interval"
)
_ZEEK_ROWS = """\
1777968000.0 C1 - 10.1.0.1 02:00:00:00:00:0a PC-Anna - - - 10.1.0.5 7200.000000 - - DISCOVER,OFFER,REQUEST,ACK 2.000000
1777971600.000000 C2 10.1.0.5 10.1.0.1 02:00:00:00:00:0a PC-Anna - - - 10.1.0.5 7200.000000 - - REQUEST,ACK 0.500000
1777975200.000000 C3 10.1.0.5 10.1.0.1 02:00:00:00:00:0a - - - - - - - - RELEASE 0.000000
1777968000.000000 C4 10.1.0.9 10.1.0.1 02:00:00:00:00:0d - - - - - - - - INFORM,ACK 0.100000
1777968000.000000 C5 - 10.1.0.1 02:00:00:00:00:0d - - - 10.1.0.8 - - - - REQUEST,NAK 0.100000
1777968000.000000 C6 - 10.1.0.1 02:00:00:00:00:0b - pc-b.corp.example - - 10.1.0.6 - - - REQUEST,ACK -
1777971600.000000 C7 - 10.1.0.1 02:00:00:00:00:0b - - - 10.1.0.6 - - - - DECLINE -
"""
ZEEK = "#separator \\x09\n" + (
    "#set_separator ,\n#empty_field (empty)\n#unset_field -\n#path dhcp\n"
    f"#fields {_ZEEK_FIELDS}\n#types {_ZEEK_TYPES}\n{_ZEEK_ROWS}"
).replace(" ", "\t")

EVENTS = """\
time,event,user,address,device,session
2026-05-05T08:00:00Z,start,CORP\\Anna,10.9.0.5,02-00-00-00-00-0A,s1
2026-05-05 12:00:00,interim,CORP\\Anna,10.9.0.5,02-00-00-00-00-0A,s1
1777982400,stop,CORP\\Anna,10.9.0.5,02-00-00-00-00-0A,s1
1777982460000,Start,anna@corp.example,10.9.0.6,PC-Anna,s2
2026-05-05T14:00:00+02:00,stop,"bert",10.9.0.7,,
"""

SPANS = """\
start;end;user;address;device
2026-05-05T08:00:00Z;2026-05-05T12:00:00Z;anna;10.9.0.5;pc-anna
2026-05-05T08:00:00Z;;;10.9.0.6;02:00:00:00:00:0b
"""

RADIUS = """\
Tue May  5 10:00:02 2026
\tAcct-Session-Id = "4D2BB8AC-00000098"
\tAcct-Status-Type = Start
\tUser-Name = "CORP\\\\Anna"
\tNAS-IP-Address = 10.1.0.1
\tFramed-IP-Address = 10.9.0.5
\tCalling-Station-Id = "02-00-00-00-00-0A"
\tEvent-Timestamp = "May  5 2026 10:00:00 CEST"
\tAcct-Delay-Time = 2
\tTimestamp = 1777968002

Tue May  5 12:00:00 2026
\tAcct-Session-Id = "4D2BB8AC-00000098"
\tAcct-Status-Type = Interim-Update
\tUser-Name = "CORP\\\\Anna"
\tFramed-IP-Address = 10.9.0.5
\tFramed-IPv6-Address = 2001:db8::5
\tCalling-Station-Id = "02-00-00-00-00-0A"
\tTimestamp = 1777975200

Tue May  5 14:00:00 2026
\tAcct-Session-Id = "4D2BB8AC-00000098"
\tAcct-Status-Type = Stop
\tUser-Name = "CORP\\\\Anna"
\tFramed-IP-Address = 10.9.0.5
\tCalling-Station-Id = "02-00-00-00-00-0A"
\tAcct-Session-Time = 14400
\tTimestamp = 1777982400

Tue May  5 14:00:00 2026
\tAcct-Session-Id = "99"
\tAcct-Status-Type = Stop
\tUser-Name = "bert"
\tFramed-IP-Address = 10.9.0.6
\tCalling-Station-Id = "198.51.100.7"
\tAcct-Session-Time = 7200

Tue May  5 14:00:00 2026
\tAcct-Status-Type = Accounting-On
\tNAS-IP-Address = 10.1.0.1

Tue May  5 14:00:00 2026
\tAcct-Session-Id = "100"
\tAcct-Status-Type = Start
\tUser-Name = "cora"
"""


def mac(last: str) -> str:
    return f"02:00:00:00:00:{last}"


Span = tuple[str, str, set[tuple[str | None, ...]]]


def written(time: int) -> str:
    return "never" if time >= FOREVER else datetime.fromtimestamp(time / SECOND, UTC).strftime("%d %H:%M:%S")


def read(
    folder: Path, content: str | bytes, name: str = "file", zone: str = "Europe/Berlin", **lease_times: int
) -> tuple[LeaseTable, Findings]:
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    findings = Findings()
    options = DirectoryOptions(zone=zone, lease_times=lease_times)
    return read_leases(folder, options, findings), findings


def spans_of(leases: LeaseTable, address: str) -> list[Span]:
    found = leases.timeline(address)
    if found is None:
        return []
    edges = zip(found.bounds, found.bounds[1:], found.lessees[1:], strict=False)
    return [(written(a), written(b), {tuple(leases.lessees[n]) for n in who}) for a, b, who in edges if who]
