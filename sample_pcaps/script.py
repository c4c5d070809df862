"""The script of the morning: who did what with AI, and the traps that a careless reader falls into."""

from __future__ import annotations

from typing import TYPE_CHECKING

from organisation import BRANCH_NAT, BUILD_SERVER, HOT_DESK, MEETING_ROOM, VISITOR, Actor

if TYPE_CHECKING:
    from events import Morning

Actors = dict[str, Actor]


def write_script(morning: Morning, people: Actors) -> None:
    """Add every visit to the morning, department by department."""
    _engineering(morning, people)
    _sales_at_headquarters(morning, people)
    _sales_at_the_branch(morning, people)
    _finance(morning, people)
    _legal(morning, people)
    _marketing(morning, people)
    _nobody_known(morning)
    _decoys(morning, people)


def _engineering(morning: Morning, people: Actors) -> None:
    anna, bruno, dora = people["a.lind"], people["b.moreau"], people["d.varga"]
    copilot = "proxy.business.githubcopilot.com"
    # Sanctioned. The gap from 09:15 to 09:45 is 30 minutes: a new session, which telemetry in between does not bridge.
    for clock, sizes in [
        ("08:35:10", (41_200, 18_300)),
        ("08:50:31", (22_800, 9_400)),
        ("09:15:20", (35_000, 12_100)),
        ("09:45:05", (18_700, 7_900)),
    ]:
        morning.zscaler(anna, f"{copilot}/v1/engines/chat", clock, sizes)
    morning.zscaler(anna, "copilot-telemetry.githubusercontent.com/telemetry", "09:30:12", (900, 300))
    # One visit seen by resolver, capture and proxy: one session, upload as the capture has it, download as the proxy.
    morning.lookup(bruno, "chatgpt.com", "09:02:10.200")
    morning.tls(bruno, "chatgpt.com", "09:02:11.100", (9_400, 52_000))
    morning.zscaler(bruno, "chatgpt.com/backend-api/conversation", "09:02:12", (8_100, 61_300))
    # An IPv6 address that people.csv lists as Comfort's, and a build server that is nobody's.
    comfort = people["c.osei"]
    morning.tls(comfort, "api.openai.com", "09:20:40", (120_000, 24_000), address=comfort.addresses[1])
    morning.tls(BUILD_SERVER, "api.openai.com", "08:10:05", (22_000, 15_000))
    morning.tls(BUILD_SERVER, "api.openai.com", "11:10:05", (21_000, 14_500))
    # 28 minutes apart, then from minute 10:33 to minute 11:04.
    for clock, sizes in [("10:05:30", (64_000, 31_000)), ("10:33:50", (52_000, 30_500)), ("11:04:02", (12_000, 8_000))]:
        morning.zscaler(dora, "api2.cursor.sh/aiserver.v1.AiService", clock, sizes)
    # Installing the program proves use; opening a shared hub, or reading a conversation that somebody shared, does not.
    morning.zscaler(people["f.silva"], "persistent.oaistatic.com/desktop/ChatGPT.exe", "10:41:00", (2_100, 81_200_000))
    morning.zscaler(people["k.weber"], "chatgpt.com/share/67a0", "10:52:00", (2_400, 48_000))
    morning.tls(people["e.novak"], "huggingface.co", "10:20:15", (5_200, 38_000))
    # Looked up only, and asked for but blocked.
    for clock in ("09:55:01", "09:55:01.050"):
        morning.lookup(people["g.haddad"], "claude.ai", clock)
    hanna = people["h.berg"]
    morning.lookup(hanna, "chat.deepseek.com", "10:15:03")
    for clock in ("10:15:04", "10:15:21", "10:16:40"):
        morning.zscaler(hanna, "chat.deepseek.com/", clock, (1_200, 14_100), denied=True)
    # Seen in the capture from packets out of order.
    morning.tls(people["j.park"], "claude.ai", "11:31:10", (14_000, 42_000), large=True, shuffled=True)
    morning.zscaler(people["j.park"], "claude.ai/api/organizations/x/chat", "11:31:12", (13_100, 47_000))


def _sales_at_headquarters(morning: Morning, people: Actors) -> None:
    ines, julia = people["i.costa"], people["j.meyer"]
    for clock, sizes in [
        ("08:45:00", (12_000, 45_000)),
        ("09:10:00", (15_500, 51_000)),
        ("09:38:30", (9_800, 33_000)),
        ("11:20:10", (21_000, 64_000)),
    ]:
        morning.zscaler(ines, "chatgpt.com/backend-api/conversation", clock, sizes)
    # QUIC bypasses the proxy; only a later visit tells who sits at that address.
    morning.lookup(julia, "chatgpt.com", "09:30:01.500")
    morning.lookup(julia, "chatgpt.com", "09:30:01.200", place="office")
    morning.quic(julia, "chatgpt.com", "09:30:02", (16_000, 72_000))
    morning.zscaler(julia, "www.perplexity.ai/search", "10:50:45", (6_200, 58_000))
    # Two people share a desk, and the capture cannot say which of them it was.
    morning.zscaler(people["s.quist"], "www.perplexity.ai/search", "08:40:30", (4_400, 39_000), address="10.20.2.90")
    morning.tls(HOT_DESK, "www.perplexity.ai", "09:10:12", (7_700, 41_000))
    morning.zscaler(people["t.amari"], "www.perplexity.ai/search", "09:40:10", (5_100, 40_200), address="10.20.2.90")
    morning.zscaler(people["r.castel"], "app.grammarly.com/", "10:02:00", (33_000, 12_000))
    morning.zscaler(people["t.amari"], "m365.cloud.microsoft/chat", "11:00:20", (14_500, 37_000))
    morning.zscaler(people["r.castel"], "gemini.gstatic.com/logo.svg", "10:03:00", (700, 9_100))


def _sales_at_the_branch(morning: Morning, people: Actors) -> None:
    # Behind the gateway nobody can be told from another, unless the proxy has asked for a password.
    morning.squid(BRANCH_NAT, "claude.ai:443", "09:12:00", 81_000)
    morning.squid(BRANCH_NAT, "claude.ai:443", "09:41:59", 64_000)
    morning.squid(people["m.rossi"], "chatgpt.com:443", "09:14:30", 92_000, address="10.30.0.1")
    morning.http(people["n.field"], "otter.ai/signin", "10:30:10", 4_000)
    morning.squid(people["n.field"], "otter.ai:443", "10:30:12", 310_000)
    morning.squid(people["o.lemaire"], "www.midjourney.com:443", "10:44:10", 3_900, status="TCP_DENIED/403")
    # A password is asked for, then given: one contact.
    morning.squid(people["p.stone"], "claude.ai:443", "11:02:01", 4_100, status="TCP_DENIED/407")
    morning.squid(people["p.stone"], "claude.ai:443", "11:02:02", 57_000)


def _finance(morning: Morning, people: Actors) -> None:
    nisha = people["n.patel"]
    # A big upload: a spreadsheet, then its attachment.
    morning.zscaler(nisha, "chatgpt.com/backend-api/conversation", "09:41:10", (48_300_000, 220_000))
    morning.zscaler(nisha, "files.oaiusercontent.com/file-1", "09:43:30", (31_000_000, 4_200))
    morning.lookup(nisha, "chatgpt.com", "09:41:05")
    morning.tls(nisha, "auth.openai.com", "09:40:50", (6_000, 21_000))
    # A hub with many other uses: AI-capable, use not proven.
    morning.tls(people["o.jansen"], "huggingface.co", "08:32:20", (7_100, 64_000))
    morning.zscaler(people["m.okafor"], "huggingface.co/papers", "10:45:00", (3_300, 41_000))
    morning.lookup(people["p.kim"], "www.perplexity.ai", "10:12:44")
    # Telemetry and pictures alone are never use.
    morning.zscaler(people["q.wolf"], "copilot-telemetry.githubusercontent.com/telemetry", "09:05:00", (1_100, 300))
    morning.zscaler(people["q.wolf"], "cdn.oaistatic.com/assets/logo.png", "09:06:10", (800, 18_000))
    morning.zscaler(people["y.sato"], "www.deepl.com/translator", "10:31:00", (18_400, 22_100))


def _legal(morning: Morning, people: Actors) -> None:
    jonas, simone = people["j.adler"], people["s.dubois"]
    # A hello larger than one segment, as post-quantum key shares make it, then QUIC: one session.
    morning.tls(jonas, "claude.ai", "09:25:10", (26_000, 88_000), large=True)
    morning.quic(jonas, "claude.ai", "09:31:40", (12_500, 54_000))
    morning.zscaler(jonas, "claude.ai/api/organizations/x/chat", "09:25:14", (31_500, 91_000))
    # A meeting recorded by a service that Legal must not use.
    for clock, sizes in [
        ("10:00:10", (5_200_000, 21_000)),
        ("10:12:10", (6_100_000, 22_000)),
        ("10:24:10", (5_900_000, 20_500)),
        ("10:36:10", (4_800_000, 19_000)),
    ]:
        morning.zscaler(simone, "otter.ai/api/v1/speech", clock, sizes)
    morning.zscaler(people["t.eriksen"], "www.deepl.com/translator", "10:05:00", (24_000, 26_000))
    # Reading what somebody else has shared is no use of the assistant.
    morning.zscaler(people["t.eriksen"], "chatgpt.com/share/67a1", "10:22:00", (2_900, 52_000))
    # Only the capture sees this one; people.csv lists the address.
    morning.lookup(people["u.fontaine"], "chat.deepseek.com", "11:15:00.100", place="office")
    morning.quic(people["u.fontaine"], "chat.deepseek.com", "11:15:00.900", (19_000, 46_000))


def _marketing(morning: Morning, people: Actors) -> None:
    vito, kenji, xenia, luca = people["v.greco"], people["k.ito"], people["x.larsen"], people["l.romano"]
    for clock, down in [("09:00:20", 640_000), ("09:25:40", 910_000), ("09:50:15", 720_000)]:
        morning.squid(vito, "www.midjourney.com:443", clock, down)
    # Proxy and capture saw the same visit; the proxy cannot tell the upload.
    morning.tls(kenji, "gemini.google.com", "10:10:05", (8_800, 47_000), place="branch")
    morning.squid(kenji, "gemini.google.com:443", "10:10:09", 51_500)
    morning.squid(xenia, "chatgpt.com:443", "08:55:00", 120_000)
    morning.squid(xenia, "chatgpt.com:443", "11:40:00", 98_000)
    morning.squid(people["y.bauer"], "copilot.cloud.microsoft:443", "09:33:00", 84_000)
    morning.squid(people["f.jones"], "copilot.cloud.microsoft:443", "10:18:00", 77_000)
    # The trial ended in October. In the meeting room nobody is known.
    morning.squid(people["e.demir"], "www.perplexity.ai:443", "10:25:00", 66_000)
    morning.tls(MEETING_ROOM, "www.perplexity.ai", "11:05:30", (9_900, 71_000), place="branch")
    # The vendor's own site is no product.
    morning.squid(people["z.cohen"], "openai.com:443", "09:47:00", 240_000)
    morning.tls(people["w.hughes"], "www.deepl.com", "11:22:00", (6_400, 28_000), place="branch")
    morning.squid(people["w.hughes"], "www.deepl.com:443", "11:22:03", 30_100)
    # Names looked up over HTTPS: what else this address did cannot be seen in any DNS log.
    for clock in ("09:08:00", "10:08:00"):
        morning.tls(luca, "cloudflare-dns.com", clock, (5_500, 9_000), place="branch", address=luca.addresses[1])
    morning.tls(luca, "claude.ai", "10:08:30", (15_000, 61_000), place="branch", address=luca.addresses[1])


def _nobody_known(morning: Morning) -> None:
    """Add a visitor's own device on a network of no department."""
    morning.lookup(VISITOR, "chatgpt.com", "10:55:00.300", place="branch")
    morning.tls(VISITOR, "chatgpt.com", "10:55:01", (11_000, 58_000), place="branch")
    morning.tls(VISITOR, "claude.ai", "11:45:00", (8_000, 39_000), place="branch")


def _decoys(morning: Morning, people: Actors) -> None:
    """Add names that only look like AI services, services named in a query string, and hosts worth a look."""
    karl, ines = people["k.weber"], people["i.costa"]
    morning.lookup(karl, "notopenai.com", "08:58:00")
    morning.zscaler(karl, "notopenai.com/", "08:58:01", (900, 12_000))
    morning.zscaler(karl, "www.search.example/?q=chatgpt.com", "08:59:00", (1_000, 33_000))
    morning.http(people["p.stone"], "www.search.example/?q=https://chatgpt.com/", "09:59:00", 5_000)
    morning.lookup(ines, "openai.com.evil.test", "09:44:00")
    morning.zscaler(ines, "openai.com.evil.test/login", "09:44:01", (2_200, 6_000))
    for user, clock, down in [("y.bauer", "11:10:00", 41_000), ("e.demir", "11:18:00", 52_000)]:
        morning.squid(people[user], "app.quillbird-gpt.example:443", clock, down)
