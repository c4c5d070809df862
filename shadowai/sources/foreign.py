"""What a file is that is neither a log nor a capture that is read here, and what to do with it.

Told from the first bytes: by those that the format's own document lays down (beside each of them, where it is not the
vendor's) or, for text, by its first lines. This is asked only of files that no reader takes.
"""

from __future__ import annotations

import re

_CONVERT = "convert it first: editcap -F pcapng FILE NEW.pcapng"
_SAVE = "save what it shows as CSV and name that"
_EXPORT = "export it as CSV or JSON Lines and name that"
_DECRYPT = "decrypt it and name the result"
_UNPACK = "unpack it and name the files inside"

_MAGICS: tuple[tuple[bytes, str, str], ...] = (
    # captures: the openers of Wireshark's wiretap
    (b"GMBU", "a capture of Microsoft Network Monitor", _CONVERT),
    (b"RTSS", "a capture of Microsoft Network Monitor", _CONVERT),
    (b"snoop\0\0\0", "a capture of snoop (RFC 1761)", _CONVERT),
    (b"btsnoop\0", "a capture of Bluetooth", "capture on an Ethernet or Wi-Fi interface"),
    (b"TRSNIFF data", "a capture of Sniffer", _CONVERT),
    (b"XCP\0", "a capture of Sniffer", _CONVERT),
    (b"iptrace 1.0", "a capture of iptrace", _CONVERT),
    (b"iptrace 2.0", "a capture of iptrace", _CONVERT),
    (b"\xaa\xaa\xaa\xaa", "a capture of 5View", _CONVERT),
    (b"\x7fver", "a capture of OmniPeek", _CONVERT),
    (b"\x05VNF", "a capture of Visual Networks", _CONVERT),
    (b"ObserverPktBufferVersion", "a capture of Observer", _CONVERT),
    (b"TR\0d", "a trace of HP-UX nettl", _CONVERT),
    (b"+---------+---------------+----------+", "a capture of K12", _CONVERT),
    # compression and archives
    (b"\x1f\x9d", "a file of compress (.Z)", "unpack it: gzip -dc FILE | shadowai scan -"),
    (b"\x5d\0\0", "an LZMA file of old", "unpack it: xz -dc FILE | shadowai scan -"),
    (b"\xff\x06\0\0sNaPpY", "a Snappy file", _UNPACK),
    (b"Rar!\x1a\x07", "a RAR archive", _UNPACK),
    (b"MSCF\0\0\0\0", "a CAB archive", _UNPACK),
    (b"!<arch>\n", "an ar archive", _UNPACK),
    # tables and logs in binary
    (b"ElfFile\0", "a Windows event log", "export it: wevtutil qe FILE /lf:true /f:XML > NEW.xml"),
    (b"LPKSHHRH", "a journal of systemd", "export it: journalctl --file FILE -o json > NEW.json"),
    (b"SQLite format 3\0", "an SQLite database", "export its table as CSV: sqlite3 -header -csv FILE 'SELECT ...'"),
    (b"\x0c\xa5\x01\0", "a file of nfdump", "export it: nfdump -r FILE -o csv > NEW.csv"),
    (b"\x0c\xa5\x02\0", "a file of nfdump", "export it: nfdump -r FILE -o csv > NEW.csv"),
    (b"PAR1", "a Parquet file", _EXPORT),
    (b"ARROW1", "an Arrow file", _EXPORT),
    (b"Obj\x01", "an Avro file", _EXPORT),
    (b"ORC", "an ORC file", _EXPORT),
    # documents, pictures, programs
    (b"%PDF-", "a PDF document", "it tells what somebody saw; export the log itself"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Office document or an Outlook message", f"{_SAVE}, or its attachment"),
    (b"{\\rtf", "an RTF document", "save it as plain text"),
    (b"\x89PNG\r\n", "a picture", "export the log itself"),
    (b"\xff\xd8\xff", "a picture", "export the log itself"),
    (b"GIF8", "a picture", "export the log itself"),
    (b"MZ", "a program", "name logs and captures"),
    (b"\x7fELF", "a program", "name logs and captures"),
    (b"L\0\0\0\x01\x14\x02\0", "a shortcut of Windows", "name the file that it points at"),
    (b"\0\x05\x16\x07", "what macOS notes about another file", "name the file without ._ in front"),
    # encrypted
    (b"-----BEGIN PGP MESSAGE", "encrypted", _DECRYPT),
    (b"Salted__", "encrypted", _DECRYPT),
)

_SHAPES: tuple[tuple[re.Pattern[bytes], str, str], ...] = tuple(
    (re.compile(pattern, re.ASCII | re.IGNORECASE), what, remedy)
    for pattern, what, remedy in (
        (rb'\{\s*"schema": 1,\s*"generator": "shadowai', "a result of shadowai itself", "name logs and captures"),
        (rb'\{\s*"generator": "shadowai', "a manifest of shadowai itself", "name logs and captures"),
        (rb"<!doctype html|<html", "a web page", "an error or sign-in page may have been saved in place of the log"),
        (rb"<\?xml[^>]{0,200}>\s*(?:<\?xml-stylesheet[^>]{0,200}>\s*)?(?:<!--.{0,400}?-->\s*)?<(?:pdml|psml)\b",
         "the text of a capture", "name the capture itself"),
        (rb'\[\s*\{\s*"_index": "packets-', "the text of a capture", "name the capture itself"),
        (rb"Frame 1: \d+ bytes on wire", "the text of a capture", "name the capture itself"),
        (rb"[ \d]{0,12}\d +\d{1,12}\.\d{1,9} +\S{2,45} +(?:\xe2\x86\x92|->) +\S{2,45} ", "the text of a capture",
         "name the capture itself (tshark -w FILE)"),
        (rb"(?:\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d\.\d{6} (?:\S{1,16} +(?:In|Out) +)?(?:IP6?|ARP,) ",
         "the text of a capture", "name the capture itself (tcpdump -w FILE)"),
        (rb"[0-9a-f]{4,8}:? +(?:[0-9a-f]{2,4} +){4}", "a hex dump",
         "make a file of it: text2pcap FILE NEW.pcap for packets, xxd -r for a whole file"),
        ((rb"(?:From \S{1,200} .{0,80}\n)?(?:(?:Received|Return-Path|Delivered-To|From|To|Subject|Date|Message-ID|"
          rb"MIME-Version|X-[\w-]{1,60}): ?[^\n]{0,2000}\n(?:[ \t][^\n]{0,2000}\n){0,20}){3}"),
         "an e-mail", "save its attachment and name that"),
        (rb"begin(?:-base64)? [0-7]{3} \S", "an encoded attachment", "decode it: uudecode FILE"),
        (rb"(?:[a-z0-9+/]{60,76}\r?\n){4}", "an encoded attachment", "decode it: base64 -d FILE | shadowai scan -"),
        (rb"version https://git-lfs\.github\.com/spec/", "a pointer of Git LFS", "fetch the file: git lfs pull"),
        (rb"(?:#[^\n]{0,200}\n){0,20}(?:CLIENT_RANDOM|(?:CLIENT|SERVER)_(?:HANDSHAKE_)?TRAFFIC_SECRET(?:_0)?) [0-9a-f]",
         "a TLS key log", "give it with --tls-keylog"),
        (rb'"?(?:network"?[,;\t]"?department|user"?[,;\t]"?email|department"?[,;\t]"?(?:parent|head|email))\b',
         "a file of the directory", "give its folder with --directory"),
        (rb"(?:#[^\n]{0,400}\n|\s){0,40}(?:default: (?:sanc|tol|und|unsanc|pro)|rules:\s*\n\s*- status:)",
         "a policy", "give it with --policy"),
    )
)  # fmt: skip
_LEAD = b"\xef\xbb\xbf \t\r\n\0"
_ETL_NAME = ".etl".encode("utf-16-le")  # of the file itself, which stands in its header (TRACE_LOGFILE_HEADER)


def foreign(head: bytes) -> str | None:
    """Say what a file is of which no reader takes the first bytes, and what to do; None where that is not known."""
    if not head.strip(_LEAD):
        return "cannot be read: it holds nothing but blanks"
    for magic, what, remedy in _MAGICS:
        if head.startswith(magic):
            return _told(what, remedy)
    text = head.lstrip(_LEAD)
    for shape, what, remedy in _SHAPES:
        if shape.match(text):
            return _told(what, remedy)
    return _told("a trace of Windows", "convert it with etl2pcapng") if _is_etl(head) else None


def _told(what: str, remedy: str) -> str:
    return f"cannot be read: it is {what}; {remedy}"


def _is_etl(head: bytes) -> bool:
    """Say whether it is a file of Event Tracing for Windows, which has no signature but tells its own name."""
    return head[:1] == b"\0" and _ETL_NAME in head[:8192].lower()
