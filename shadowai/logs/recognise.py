"""Which format a file is in, told from its content, never from its name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shadowai.errors import SourceError
from shadowai.logs.dnstap import recognise_dnstap
from shadowai.logs.framing import MAX_LEVEL, amid_text, nesting
from shadowai.logs.mixed import mixture
from shadowai.logs.pasted import ESCAPE, PASTED
from shadowai.logs.registry import load_formats
from shadowai.logs.row_records import tables_of, wrapping_of
from shadowai.logs.sampling import HEAD, folded, has_old_line_ends, is_binary, sample_of
from shadowai.logs.schema import Delimited, Dnstap, Regex, Xml
from shadowai.logs.sheets import with_sheet_times
from shadowai.logs.times import order_of
from shadowai.logs.votes import LEAST_SHARE, Line, Votes, vote
from shadowai.logs.wrappers import PATHS, columns_of, opener_of, resaved, widest_columns

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from shadowai.logs.schema import Format

GENERIC, ANY = 90, 1000  # formats of such a priority stand only where no format of a product does
MAX_WRAPPINGS = 3  # one inside the other
FEW = 8  # lines on which a wrapping is tried first
LEAST_MIXED = 2  # lines that a further format of a file must read
SHORT = 50  # lines of a file in which one line is enough for that
LEAST_SPARSE, SPARSE_SHARE = 3, 0.1  # contacts, and share of the lines read, that make a file worth reading
_SEARCHING = frozenset(("regex", "pairs", "cef", "leef"))  # syntaxes whose formats may find their words anywhere
_OBJECTS = ('{"', '[{"')
_OBJECT = re.compile(rb'\{[\s\0]*["}]')  # not the braces around a GUID
# A time, a tag and a record as JSON, whose text a format that looks for its words anywhere would take for a line.
_FLUENTD = re.compile(rb'\d{4}-\d\d-\d\dT[^\t]{5,30}\t[^\t{]{1,128}\t\{"')
_NUMERIC_DATE = re.compile(
    r"(\d{1,2})[/-](\d{1,2})[/-](?:\d\d)?\d\d,?[ :]\d{1,2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?([ \u202f][AP]M)?",
    re.IGNORECASE,
)


def recognise(head: bytes, own: Sequence[Format] = (), more: Sequence[tuple[int, bytes]] = ()) -> Format | None:
    """Tell the format of a file from its first (decompressed) bytes and some lines from further on, or None.

    Of the lines that are no comments at least half must be read; the format that reads most of them wins, then the one
    that gives more observations, then the one with the smaller priority. A header alone is enough for formats that have
    one. Lines that only other formats read make it a mixture. Where no format reads the lines, they are tried as
    records over several lines, as records wrapped in others and as a CSV that was saved anew. A date that can be in one
    order only settles the order of the file's dates (`Format.day_first`). `own` are the user's column maps: the first
    whose columns are all in the header stands above every shipped format. `more` are pieces of whole lines and their
    offsets.
    """
    if dnstap := recognise_dnstap(head):
        return dnstap
    if has_old_line_ends(head):
        return _in_old_lines(recognise(head.replace(b"\r", b"\n"), own))
    sample = sample_of(head, more)
    if not sample or is_binary(head[:HEAD]):
        return None
    for fmt in own:
        if _fits(fmt, sample):
            return _with_date_order(fmt, sample)
    return _tell(head, sample, list(load_formats().values()))


def bind(fmt: Format, head: bytes, more: Sequence[tuple[int, bytes]] = ()) -> Format:
    """Give a format that the user named as it is met in a file: its framing, what it is wrapped in, its date order.

    Raises SourceError where no line of a sample is a record of it.
    """
    if isinstance(fmt.syntax, Dnstap):
        if found := recognise_dnstap(head):
            return found
        raise SourceError(f"is not {fmt.name}: it does not begin with a Frame Streams header of that content")
    if has_old_line_ends(head):
        return _in_old_lines(bind(fmt, head.replace(b"\r", b"\n"))) or fmt
    sample = sample_of(head, more)
    if fmt.strict or not sample:
        return _with_date_order(fmt, sample)
    best = vote(sample, [fmt])
    if best and best[0].share >= LEAST_SHARE:
        return _mended(head, _told(best, best, sample))
    found = _tell(head, sample, [fmt])
    if found is not None:
        return found
    if not best:
        raise SourceError(f"is not {fmt.name}: none of {len(sample)} lines looked at can be read as {fmt.id}")
    return fmt


def _in_old_lines(fmt: Format | None) -> Format | None:
    if fmt is None or fmt.framing != "lines" or isinstance(fmt.syntax, Dnstap):
        return fmt
    return fmt.model_copy(update={"framing": "returns"})


def _tell(head: bytes, sample: Sequence[Line], formats: Collection[Format]) -> Format | None:
    special = [fmt for fmt in formats if fmt.priority < GENERIC]
    is_coloured = any(ESCAPE in line.line for line in sample)
    is_tagged = all(_FLUENTD.match(line.line) for line in sample)
    found = _pasted(sample, formats) if is_coloured else _unwrapped(sample, special, ()) if is_tagged else None
    if found is not None:
        return found
    votes = vote(sample, formats)
    if (found := _elected(votes, sample, GENERIC)) is not None:
        return _exported(head, sample, special, found) or _mended(head, found)
    if (found := _unwrapped(sample, special, ()) or _resaved(sample, special)) is not None:
        return found
    if (found := _elected(votes, sample, ANY)) is not None:
        return _mended(head, found)
    if (found := _folded(head, special)) is not None:
        return found
    if len(special) < len(formats):
        found = _unwrapped(sample, formats, ()) or _folded(head, formats)
    found = found or _in_some_column(sample, special) or _in_some_column(sample, formats)
    return found or _pasted(sample, formats) or _sparse(votes, sample)


def _exported(head: bytes, sample: Sequence[Line], formats: Collection[Format], found: Format) -> Format | None:
    """Look inside the records of an export, unless the format that was elected is made for its rows."""
    if not _is_export(sample, found):
        return None
    inside = _unwrapped(sample, formats, ()) or _folded(head, formats)
    is_of_rows = isinstance(found.syntax, Regex) and not sample[0].text.startswith(_OBJECTS)
    return None if inside is not None and is_of_rows and inside.id == found.id else inside


def _is_export(sample: Sequence[Line], found: Format) -> bool:
    """Say whether the lines are an export's, in which a format that looks for its words anywhere has found them."""
    first = sample[0].text
    searches = all(one.syntax.engine in _SEARCHING for one in found.members or (found,))
    return searches and (first.startswith(_OBJECTS) or bool(columns_of(first)))


def _in_some_column(sample: Sequence[Line], formats: Collection[Format]) -> Format | None:
    """Look for records in the columns of a delimited export that hold most of its text, whatever their names are."""
    few = [line.text for line in sample[: FEW + 1]]
    wide = widest_columns(few) if len(few) > 1 else []
    return _unwrapped(sample, formats, (), wide) if wide else None


def _pasted(sample: Sequence[Line], formats: Collection[Format]) -> Format | None:
    """Look for lines as a search tool or a terminal gives them back."""
    texts = [line.text for line in sample]
    for wrapping in PASTED:
        inner = _opened(sample, texts, wrapping)
        if len(inner) < LEAST_SHARE * len(sample) or [line.line for line in inner] == [text.encode() for text in texts]:
            continue
        found = _elected(vote(inner, formats), inner, ANY)
        if found is not None and found.header == "none":
            return _in_wrapping(found, (wrapping,))
    return None


def _folded(head: bytes, formats: Collection[Format]) -> Format | None:
    """Look for records that are not lines."""
    tried: set[tuple[bytes, ...]] = set()
    for framing in _framings(head, formats):
        records = sample_of(folded(head, framing))
        texts = tuple(line.line for line in records)
        if records and texts not in tried:
            tried.add(texts)
            found = _in_rows(records, head, formats) if framing == "rows" else _records(records, formats, ())
            if found is not None:
                return found.model_copy(update={"framing": framing})
    return None


def _records(sample: Sequence[Line], formats: Collection[Format], around: tuple[str, ...]) -> Format | None:
    """Tell the format of records, whatever may still be wrapped around them."""
    found = _elected(vote(sample, formats), sample, ANY)
    if found is None or _is_export(sample, found):
        inside = _unwrapped(sample, formats, around)
        if inside is not None or found is None or sample[0].text.startswith("["):
            return inside
    return _in_wrapping(found, around) if around else found


def _in_rows(sample: Sequence[Line], head: bytes, formats: Collection[Format]) -> Format | None:
    """Tell the format of the objects that the rows of an answer stand for."""
    wrapping = wrapping_of(head) or ""
    inner = _opened(sample, [line.text for line in sample], wrapping)
    return _records(inner, formats, (wrapping,)) if inner else None


def _opened(sample: Sequence[Line], texts: Sequence[str], wrapping: str) -> list[Line]:
    """Give what lies inside a wrapping, of the lines that have it."""
    opener = opener_of(wrapping)
    opened = [(line.offset, opener(text)) for line, text in zip(sample, texts, strict=True)]
    return [Line(offset, one[0].encode()) for offset, one in opened if one]


def _elected(votes: Sequence[Votes], sample: Sequence[Line], below: int) -> Format | None:
    """Give the format that a vote elects among those of a priority below a limit, or the mixture it comes to."""
    standing = [one for one in votes if one.format.priority < below]
    if standing and standing[0].share >= LEAST_SHARE:
        return _told(standing, votes, sample)
    return _mixture(standing, votes, sample)


def _told(votes: Sequence[Votes], everybody: Sequence[Votes], sample: Sequence[Line]) -> Format:
    """Make a choice of the votes: the best format, or a mixture where others read lines that it cannot."""
    mixed = _mixture(votes, everybody, sample)
    if mixed is not None:
        return mixed
    best = votes[0]
    rival = next((one for one in votes[1:] if one.share >= best.share / 2), None)
    text = f"{best.share:.0%} of {best.records} lines"
    if rival:
        text += f"; next {rival.format.id} {rival.share:.0%}"
    found = _with_date_order(best.format, sample)
    return found.model_copy(update={"recognition": text})


def _mixture(votes: Sequence[Votes], everybody: Sequence[Votes], sample: Sequence[Line]) -> Format | None:
    """Give the mixture of formats that read a file's lines together, where no one of them does; else None."""
    best = votes[0] if votes else None
    if best is None or best.format.header != "none" or best.format.holds_several or not best.broken:
        return None
    owned = _owned(everybody, sample)
    members = [
        one
        for one in owned
        if owned[one] >= LEAST_MIXED or (owned[one] and one.votes.seen) or one.format is best.format
    ]
    rescued = any(len(one.votes.seen & best.broken) >= _least(one.format, sample) for one in members)
    if not rescued or sum(owned[one] for one in members) < LEAST_SHARE * best.records:
        return None
    return _mixed_of(members, owned, sample)


def _least(fmt: Format, sample: Sequence[Line]) -> int:
    """Give the number of lines by which a format proves that it stands in a file beside others."""
    return 1 if len(sample) <= SHORT and fmt.priority < GENERIC else LEAST_MIXED


def _sparse(votes: Sequence[Votes], sample: Sequence[Line]) -> Format | None:
    """Give the mixture of a file, such as a syslog server's, in which a part of the lines only is of known formats."""
    special = [one for one in votes if one.format.priority < GENERIC]
    owned = _owned(special, sample)
    members = [one for one in owned if owned[one] and one.votes.seen]
    contacts = set[int]().union(*(one.votes.seen for one in members))
    if len(contacts) < LEAST_SPARSE or sum(owned[one] for one in members) < SPARSE_SHARE * len(sample):
        return None
    return _mixed_of(members, owned, sample)


def _owned(votes: Sequence[Votes], sample: Sequence[Line]) -> dict[_Owner, int]:
    """Count the lines of each format, in order of priority.

    A line counts for the first to which it gives an observation, or else for the first that reads it.
    """
    order = {fmt_id: place for place, fmt_id in enumerate(load_formats())}
    ranked = sorted(
        (one for one in votes if one.format.header == "none" and one.format.id in order),
        key=lambda one: order[one.format.id],
    )
    owners = [_Owner(one.format, one) for one in ranked if not one.format.holds_several]
    owned = dict.fromkeys(owners, 0)
    for index in range(len(sample)):
        owner = next((one for one in owners if index in one.votes.seen), None)
        owner = owner or next((one for one in owners if index in one.votes.read), None)
        if owner:
            owned[owner] += 1
    return owned


def _mixed_of(members: Sequence[_Owner], owned: dict[_Owner, int], sample: Sequence[Line]) -> Format:
    shares = ", ".join(f"{one.format.id} {owned[one] / len(sample):.0%}" for one in members)
    return mixture([_with_date_order(one.format, sample) for one in members], f"told line by line: {shares}")


@dataclass(frozen=True, slots=True, eq=False)
class _Owner:
    """A format with its votes, to be counted."""

    format: Format
    votes: Votes


def _mended(head: bytes, fmt: Format) -> Format:
    """Fold the rows of a delimited file at whose line ends quoted values go on, where that reads more of them."""
    if fmt.header != "line" or all(line.line.count(b'"') % 2 == 0 for line in sample_of(head)):
        return fmt
    plain = vote(sample_of(head), [fmt])
    whole = vote(sample_of(folded(head, "quotes")), [fmt])
    better = whole and plain and whole[0].share > plain[0].share
    return fmt.model_copy(update={"framing": "quotes"}) if better else fmt


def _unwrapped(
    sample: Sequence[Line], formats: Collection[Format], around: tuple[str, ...], inside: Sequence[str] = ()
) -> Format | None:
    """Look for records inside the lines of a sample, by the wrappings given or by all that its lines may have."""
    if len(around) >= MAX_WRAPPINGS:
        return None
    deeper: list[tuple[str, list[Line]]] = []
    texts = [line.text for line in sample]
    for wrapping in inside or _wrappings(texts):
        opener = opener_of(wrapping)
        tried = texts[:: max(len(texts) // FEW, 1)]
        if sum(opener(text) is not None for text in tried) < LEAST_SHARE * len(tried):
            continue
        opened = [opener(text) for text in texts]
        inner = [
            Line(line.offset, one[0].encode())
            for line, one in zip(sample, opened, strict=True)
            if one and not wrapping.endswith(f":{one[0]}")  # the header of an export
        ]
        if not inner or len(inner) < LEAST_SHARE * (len(sample) - 1):
            continue
        found = _elected(vote(inner, formats), inner, ANY)
        if found is not None and found.header == "none":
            return _in_wrapping(found, (*around, wrapping))
        deeper.append((wrapping, inner))
    for wrapping, inner in deeper:
        found = _unwrapped(inner, formats, (*around, wrapping))
        if found is not None:
            return found
    return None


def _wrappings(texts: Sequence[str]) -> Sequence[str]:
    """Give what the records of lines may be wrapped in."""
    paths = PATHS if any("{" in text for text in texts) else ()
    return (*tables_of(texts[0]), *paths, *columns_of(texts[0]))


def _resaved(sample: Sequence[Line], formats: Collection[Format]) -> Format | None:
    """Look for the rows of a CSV without a header as they were before a spreadsheet saved them anew."""
    texts = [line.text for line in sample]
    bare = [fmt for fmt in formats if isinstance(fmt.syntax, Delimited) and fmt.header == "none"]
    for wrapping in resaved(texts[len(texts) // 2]):
        inner = _opened(sample, texts, wrapping)
        if len(inner) < LEAST_SHARE * len(sample):
            continue
        found = _elected(vote(inner, bare), inner, GENERIC)
        if found is not None:
            return _in_wrapping(found, (wrapping,))
    return None


def _in_wrapping(fmt: Format, wrapped: tuple[str, ...]) -> Format:
    members = tuple(_in_wrapping(member, wrapped) for member in fmt.members)
    return fmt.model_copy(update={"wrapped": wrapped, "members": members})


def _framings(head: bytes, formats: Collection[Format]) -> Iterator[str]:
    """Give the ways in which records may lie over several lines, as far as the first bytes allow."""
    start = head[:4096].lstrip(b"\xef\xbb\xbf \t\r\n\x1e")
    if wrapping_of(head[:HEAD]) is not None:
        yield "rows"
    if _OBJECT.search(start) and not amid_text(head[:HEAD], "json:1"):
        yield from (f"json:{level}" for level in range(1, min(nesting(head[:HEAD]), MAX_LEVEL) + 1))
    if b"<" in start:
        names = {fmt.syntax.record for fmt in formats if isinstance(fmt.syntax, Xml)}
        yield from (f"xml:{name}" for name in sorted(names) if not amid_text(head[:HEAD], f"xml:{name}"))
    if b'"' in head:
        yield "quotes"


def _fits(fmt: Format, sample: Sequence[Line]) -> bool:
    try:
        votes = vote(sample, [fmt])
    except SourceError:  # the header lacks a column of the map
        return False
    return bool(votes) and votes[0].share >= LEAST_SHARE


def _with_date_order(fmt: Format, sample: Sequence[Line]) -> Format:
    """Settle the order of day and month by dates that can be in one order only.

    Where these differ, a locale with AM and PM may stand beside one without; else each date is left to itself.
    """
    fmt = with_sheet_times(fmt)
    if not any("%x" in pattern for source in fmt.time for pattern in source.formats):
        return fmt
    orders: dict[bool, set[bool | None]] = {True: set(), False: set()}
    for line in sample:
        if found := _NUMERIC_DATE.search(line.text[:512]):
            orders[bool(found[3])].add(order_of(int(found[1]), int(found[2])))
    twelve, other = (orders[half] - {None} for half in (True, False))
    if len(twelve | other) == 1:
        return fmt.model_copy(update={"day_first": (twelve | other).pop(), "day_first_12h": None})
    if len(twelve) == len(other) == 1:
        return fmt.model_copy(update={"day_first": other.pop(), "day_first_12h": twelve.pop()})
    return fmt
