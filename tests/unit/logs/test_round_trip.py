"""Random records, written in the syntax of each format from its definition, come back equal."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.log_writers import delimiter_of, values_of, write_delimited, write_json, write_pairs

from shadowai.logs import Format, Reader, load_formats
from shadowai.logs.columns import wanted_columns
from shadowai.logs.schema import Delimited, Json, Pairs

FORMATS = load_formats()
EXAMPLES = settings(max_examples=12, suppress_health_check=[HealthCheck.too_slow])


def names_of(kind: type[Delimited] | type[Pairs] | type[Json]) -> list[str]:
    return [name for name, fmt in FORMATS.items() if isinstance(fmt.syntax, kind)]


def split(reader: Reader, text: str) -> list[str] | None:
    assert reader._layout is not None
    return reader._layout[0](text)


def columns_of(fmt: Format) -> list[str]:
    """Give the columns of a row: the definition's own, or those of a header that names all that it may use."""
    assert isinstance(fmt.syntax, Delimited)
    names = [*fmt.require, *fmt.any_of, *wanted_columns(fmt)]
    return list(fmt.syntax.columns) or list({name.lower(): name for name in names}.values())


def header_of(fmt: Format, delimiter: str, names: list[str]) -> list[bytes]:
    row = delimiter.join(names)
    if fmt.header == "zeek":
        return [b"#separator \\x09", f"#fields\t{row}".encode()]
    return [{"w3c": f"#Fields: {row}", "line": row}[fmt.header].encode()] if fmt.header != "none" else []


@pytest.mark.parametrize("name", names_of(Delimited))
@EXAMPLES
@given(data=st.data())
def test_rows_come_back(name: str, data: st.DataObject) -> None:
    fmt = FORMATS[name]
    assert isinstance(fmt.syntax, Delimited)
    names, delimiter = columns_of(fmt), delimiter_of(fmt.syntax)
    values = data.draw(st.lists(values_of(fmt.syntax), min_size=len(names), max_size=len(names)))
    if fmt.header in {"zeek", "w3c"}:
        values = [value.replace("\t", "").replace('"', "").replace(" ", "") or "x" for value in values]
    if fmt.header == "zeek":
        values = [value if value not in {"-", "(empty)"} else "x" for value in values]
        text = delimiter.join(values)
    else:
        text = write_delimited(fmt.syntax, delimiter, values)
    reader = Reader(fmt, name="x", header=header_of(fmt, delimiter, names))
    assert split(reader, text) == values


@pytest.mark.parametrize("name", names_of(Pairs))
@EXAMPLES
@given(data=st.data())
def test_pairs_come_back(name: str, data: st.DataObject) -> None:
    fmt = FORMATS[name]
    assert isinstance(fmt.syntax, Pairs)
    wanted = wanted_columns(fmt)
    keys = [key for key in wanted if key != fmt.syntax.lead]
    values = {key: data.draw(values_of(fmt.syntax)) for key in keys}
    row = split(Reader(fmt, name="x"), write_pairs(fmt.syntax, values))
    assert row is not None
    assert {key: value for key, value in zip(wanted, row, strict=True) if key in values} == values


@pytest.mark.parametrize("name", names_of(Json))
@EXAMPLES
@given(data=st.data())
def test_objects_come_back(name: str, data: st.DataObject) -> None:
    fmt = FORMATS[name]
    assert isinstance(fmt.syntax, Json)
    if fmt.syntax.each:
        return
    wanted = wanted_columns(fmt)
    values = {key: data.draw(values_of(fmt.syntax)) for key in wanted}
    text, placed = write_json(values)
    row = split(Reader(fmt, name="x"), text)
    assert row is not None
    assert len(placed) > len(wanted) // 2
    assert {key: value for key, value in zip(wanted, row, strict=True) if key in placed} == {
        key: values[key] for key in placed
    }
