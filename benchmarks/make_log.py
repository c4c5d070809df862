"""Write a synthetic log of a given size for benchmarks: seeded, so that the same options give the same bytes.

    python benchmarks/make_log.py out.log --kind squid|zeek-dns|pan-os --size 850MB [--ai 2] [--seed 1] [--hosts 50000]

An office of 3,000 people contacts so many hosts as often as Zipf's law has it (the k-th in proportion to 1/k), and AI
services in `--ai` percent of the records. Lines are drawn from a pool and given fresh times, so that a gigabyte takes
few seconds. A name that ends in `.gz` is compressed as gzip does by default.
"""

from __future__ import annotations

import argparse
import gzip
import random
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import accumulate
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

from make_capture import bytes_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

AI_HOSTS = (
    "chatgpt.com", "api.openai.com", "claude.ai", "api.anthropic.com", "gemini.google.com", "copilot.microsoft.com",
    "www.perplexity.ai", "huggingface.co", "chat.deepseek.com", "chat.mistral.ai", "character.ai", "www.midjourney.com",
)  # fmt: skip
WORDS = ("news", "shop", "mail", "cloud", "static", "img", "video", "api", "data", "portal", "intra", "weather", "maps")
PATHS = ("/", "/index.html", "/assets/app.js?v=3", "/v1/items?page=2&sort=asc", "/img/logo.png", "/search?q=a+2026")
AGENT = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0 Safari/537.36"
START = 1_760_000_000  # seconds since the epoch
RATE = 500  # records a second
POOL = 200_000  # different lines
BATCH = 10_000  # lines written at once
PEOPLE = 3_000
KNOWN_USER, TUNNEL, URL_RECORDS = 0.7, 0.75, 0.5  # shares: of lines, of requests, of PAN-OS records
GZIP_LEVEL = 6  # that of the gzip program


@dataclass(frozen=True, slots=True)
class Contact:
    """Who asked for what: the parts that every kind of log writes in its own way."""

    client: str
    user: str | None
    host: str
    server: str
    size: int
    dice: random.Random


def squid(one: Contact) -> tuple[str, str]:
    """Write a line of Squid's native format: what precedes its time, and what follows it."""
    user = one.user or "-"
    if one.dice.random() < TUNNEL:
        request = f"TCP_TUNNEL/200 {one.size} CONNECT {one.host}:443 {user} HIER_DIRECT/{one.server} -"
    else:
        path = one.dice.choice(PATHS)
        request = f"TCP_MISS/200 {one.size} GET http://{one.host}{path} {user} HIER_DIRECT/{one.server} text/html"
    return "", f" {one.dice.randrange(4000):6d} {one.client} {request}\n"


def zeek_dns(one: Contact) -> tuple[str, str]:
    """Write a line of Zeek's dns.log as JSON."""
    uid = f"C{one.dice.getrandbits(80):020x}"
    port, number = one.dice.randrange(1024, 65535), one.dice.getrandbits(16)
    return '{"ts":', (
        f',"uid":"{uid}","id.orig_h":"{one.client}","id.orig_p":{port},"id.resp_h":"10.0.0.53","id.resp_p":53,'
        f'"proto":"udp","trans_id":{number},"rtt":0.0123,"query":"{one.host}","qclass":1,"qclass_name":"C_INTERNET",'
        '"qtype":1,"qtype_name":"A","rcode":0,"rcode_name":"NOERROR","AA":false,"TC":false,"RD":true,"RA":true,"Z":0,'
        f'"answers":["{one.server}"],"TTLs":[300.0],"rejected":false}}\n'
    )


def pan_os(one: Contact) -> tuple[str, str]:
    """Write a record of PAN-OS: one of URL filtering, or a session, which names no host."""
    is_url = one.host in AI_HOSTS or one.dice.random() < URL_RECORDS
    user = rf"corp\{one.user}" if one.user else ""
    port, session = one.dice.randrange(1024, 65535), one.dice.getrandbits(20)
    ends = f"{one.client},{one.server},198.51.100.1,{one.server},web,{user},,"
    where = "vsys1,trust,untrust,ethernet1/2,ethernet1/1,fwd,2026/01/15 10:00:00"
    if not is_url:
        sums = f"{one.size + 900},900,{one.size},40,2026/01/15 09:59:00,30,any"
        tail = f"{ends}ssl,{where},{session},1,{port},443,{port},443,0x400053,tcp,allow,{sums}"
        return "1,2026/01/15 10:00:01,007200001056,TRAFFIC,end,2561,", f",{tail}\n"
    what = f'alert,"{one.host}{one.dice.choice(PATHS)}",(9999),"computer-and-internet-info,low-risk",informational'
    more = f"client-to-server,8996,0x8000,10.0.0.0-10.255.255.255,United States,0,text/html,0,,,1,{AGENT}"
    tail = f"{ends}web-browsing,{where},{session},1,{port},443,{port},443,0x400000,tcp,{what},{more}"
    return "1,2026/01/15 10:00:01,007200001056,THREAT,url,2561,", f",{tail},,,,,,,0,31,12,0,0,,fw-01,,,,get,0\n"


def epoch(clock: float) -> str:
    """Write a time as seconds since the epoch."""
    return f"{clock:.3f}"


def by_slashes(clock: float) -> str:
    """Write a time as PAN-OS does."""
    return f"{datetime.fromtimestamp(clock, UTC):%Y/%m/%d %H:%M:%S}"


KINDS: dict[str, tuple[Callable[[Contact], tuple[str, str]], Callable[[float], str]]] = {
    "squid": (squid, epoch),
    "zeek-dns": (zeek_dns, epoch),
    "pan-os": (pan_os, by_slashes),
}


def contacts(dice: random.Random, hosts: int, share: float) -> Iterator[Contact]:
    """Draw contacts without end; `share` of them go to AI hosts."""
    names = [
        f"{dice.choice(WORDS)}{number}.{dice.choice(WORDS)}-{dice.randrange(90)}.example" for number in range(hosts)
    ]
    zipf = list(accumulate(1 / rank for rank in range(1, hosts + 1)))
    zipf_ai = list(accumulate(1 / rank for rank in range(1, len(AI_HOSTS) + 1)))
    while True:
        is_ai = dice.random() < share
        host = dice.choices(AI_HOSTS if is_ai else names, cum_weights=zipf_ai if is_ai else zipf)[0]
        person, place = dice.randrange(PEOPLE), zlib.crc32(host.encode())
        yield Contact(
            client=f"10.{person >> 8}.{person & 255}.{person % 251 + 1}",
            user=f"user{person}" if dice.random() < KNOWN_USER else None,
            host=host,
            server=f"198.51.{100 + place % 16}.{place // 16 % 254 + 1}",
            size=int(dice.lognormvariate(8.5, 1.6)),
            dice=dice,
        )


def batches(dice: random.Random, kind: str, size: int, source: Iterator[Contact]) -> Iterator[bytes]:
    """Give batches of lines until there are `size` bytes."""
    write_line, write_time = KINDS[kind]
    pool = [write_line(next(source)) for _ in range(POOL)]
    clock, written = float(START), 0
    while written < size:
        chosen: Sequence[tuple[str, str]] = dice.choices(pool, k=BATCH)
        times = [write_time(clock + number / RATE) for number in range(BATCH)]
        batch = "".join([f"{front}{time}{tail}" for (front, tail), time in zip(chosen, times, strict=True)]).encode()
        clock += BATCH / RATE
        written += len(batch)
        yield batch


def opened(path: Path) -> IO[bytes]:
    """Open a file for writing, through gzip where its name says so; the same content gives the same bytes."""
    if path.suffix == ".gz":
        return cast("IO[bytes]", gzip.GzipFile(path, "wb", compresslevel=GZIP_LEVEL, mtime=0))
    return path.open("wb")


def main() -> None:
    """Write the log."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("path", type=Path)
    parser.add_argument("--kind", choices=KINDS, default="squid")
    parser.add_argument("--size", type=bytes_of, default="850MB", help="bytes, rounded up to a batch of lines")
    parser.add_argument("--ai", type=float, default=2, help="percent of the records that go to AI services")
    parser.add_argument("--hosts", type=int, default=50_000, help="different other hosts")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    dice = random.Random(options.seed)
    with opened(options.path) as file:
        for batch in batches(dice, options.kind, options.size, contacts(dice, options.hosts, options.ai / 100)):
            file.write(batch)


if __name__ == "__main__":
    main()
