"""Write a synthetic Squid log of a given size: the same seed gives the same bytes.

About one line in a hundred goes to an AI service. Host names are invented but for those; lines are composed from a
pool, with fresh times, so that 850 MB take a few seconds. Usage: make_log.py PATH [--size BYTES] [--seed N] [--share
FRACTION]
"""

from __future__ import annotations

import argparse
import random
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

AI_HOSTS = (
    "chatgpt.com", "api.openai.com", "claude.ai", "api.anthropic.com", "gemini.google.com", "copilot.microsoft.com",
    "www.perplexity.ai", "huggingface.co", "chat.deepseek.com", "chat.mistral.ai", "character.ai", "www.midjourney.com",
)  # fmt: skip
WORDS = ("news", "shop", "mail", "cloud", "static", "img", "video", "api", "data", "portal", "intra", "weather", "maps")
PATHS = (
    "/",
    "/index.html",
    "/assets/app.js?v=3",
    "/v1/items?page=2&sort=asc",
    "/img/logo.png",
    "/search?q=budget+2026",
)
START = 1_760_000_000.0  # seconds since the epoch
POOL = 50_000  # different lines
BATCH = 5_000  # lines written at once
PEOPLE = 3_000


def pool(rng: random.Random, share: float) -> list[str]:
    """Make the lines without their times; `share` of them go to AI hosts."""
    hosts = [
        f"{rng.choice(WORDS)}{rng.randrange(400)}.{rng.choice(WORDS)}-{rng.randrange(90)}.example" for _ in range(4000)
    ]
    return [line(rng, rng.choice(AI_HOSTS if rng.random() < share else hosts)) for _ in range(POOL)]


def line(rng: random.Random, host: str) -> str:
    """Make one line without its time, as Squid's native format has it."""
    person = rng.randrange(PEOPLE)
    client = f"10.{person >> 8}.{person & 255}.{person % 251 + 1}"
    user = f"user{person}" if rng.random() < 0.7 else "-"  # noqa: PLR2004 - a share
    place = zlib.crc32(host.encode())
    server = f"198.51.{100 + place % 16}.{place // 16 % 254 + 1}"
    size = int(rng.lognormvariate(8.5, 1.6))
    if rng.random() < 0.75:  # noqa: PLR2004 - a share
        request = f"TCP_TUNNEL/200 {size} CONNECT {host}:443 {user} HIER_DIRECT/{server} -"
    else:
        request = f"TCP_MISS/200 {size} GET http://{host}{rng.choice(PATHS)} {user} HIER_DIRECT/{server} text/html"
    return f"{rng.randrange(4000):6d} {client} {request}\n"


def batches(rng: random.Random, size: int, share: float) -> Iterator[bytes]:
    """Give batches of lines until there are `size` bytes."""
    lines = pool(rng, share)
    clock, written = START, 0
    while written < size:
        chosen = rng.choices(lines, k=BATCH)
        batch = "".join([f"{clock + number / 500:.3f} {text}" for number, text in enumerate(chosen)]).encode()
        clock += BATCH / 500
        written += len(batch)
        yield batch


def main() -> None:
    """Write the log."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path)
    parser.add_argument("--size", type=int, default=850_000_000, help="bytes, rounded up to a batch of lines")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--share", type=float, default=0.01, help="of lines that go to AI hosts")
    options = parser.parse_args()
    rng = random.Random(options.seed)  # noqa: S311 - made up data, not a secret
    with options.path.open("wb") as file:
        for batch in batches(rng, options.size, options.share):
            file.write(batch)


if __name__ == "__main__":
    main()
