"""Count a log's AI contacts by user and host with DuckDB or polars, as one would who has no scanner: for logs.py.

    python benchmarks/count_log.py duckdb|polars KIND LOG DOMAINS

Both parse each line, take the host and who asked (user, else client) from it, and count by the two; then the few
different hosts, rather than the many lines, are held against the list of domains, each host and what it lies below.
That is the least work for them. The number of contacts found is printed, so that all can be seen to find the same.
"""

from __future__ import annotations

import sys

SQUID = r"^\S+ +\d+ (\S+) \S+ \d+ \S+ (?:\w+://)?([^/:\s]+)\S* (\S+) "
URL_HOST = r"^([^/:]+)"
COLUMNS = 48  # of a PAN-OS record, as far as they matter
CLIENT, USER, URL, SUBTYPE = 7, 12, 31, 4  # places of columns, from 0


def by_duckdb(kind: str, path: str, domains: list[str]) -> int:
    """Count with DuckDB, on all cores."""
    import duckdb  # noqa: PLC0415  # only one of the two is needed

    line = "delim='\\x01', header=false, quote='', escape='', auto_detect=false, columns={'line': 'VARCHAR'}"
    names = ", ".join(f"'c{number}': 'VARCHAR'" for number in range(COLUMNS))
    parsed = {
        "squid": f"""SELECT part.host AS host, if(part.who = '-', part.client, part.who) AS who FROM (
            SELECT regexp_extract(line, '{SQUID}', ['client', 'host', 'who']) AS part FROM read_csv($log, {line}))""",  # noqa: S608  # all of it is written here
        "zeek-dns": """SELECT query AS host, "id.orig_h" AS who FROM read_json($log, format='newline_delimited',
            columns={'query': 'VARCHAR', 'id.orig_h': 'VARCHAR'})""",
        "pan-os": f"""SELECT regexp_extract(c{URL}, '{URL_HOST}', 1) AS host, coalesce(c{USER}, c{CLIENT}) AS who
            FROM read_csv($log, delim=',', quote='"', header=false, auto_detect=false, null_padding=true,
            strict_mode=false, columns={{{names}}}) WHERE c{SUBTYPE} = 'url'""",  # noqa: S608  # the same
    }[kind]
    connection = duckdb.connect()
    connection.execute("CREATE TABLE domains (domain VARCHAR)")
    connection.execute("INSERT INTO domains SELECT unnest($1)", [domains])
    found = connection.execute(
        f"""WITH counts AS (SELECT host, who, count(*) AS number FROM ({parsed}) GROUP BY ALL),
        labels AS (SELECT DISTINCT host, string_split(host, '.') AS label FROM counts),
        below AS (SELECT host, unnest([array_to_string(label[n:], '.') FOR n IN range(1, len(label) + 1)]) AS domain
            FROM labels),
        ours AS (SELECT DISTINCT host FROM below JOIN domains USING (domain))
        SELECT who, host, number FROM counts JOIN ours USING (host)""",  # noqa: S608  # the same
        {"log": path},
    ).fetchall()
    return sum(number for _, _, number in found)


def by_polars(kind: str, path: str, domains: list[str]) -> int:
    """Count with polars' streaming engine, on all cores."""
    import polars as pl  # noqa: PLC0415  # only one of the two is needed

    if kind == "squid":
        lines = pl.scan_csv(path, separator="\x01", has_header=False, quote_char=None, new_columns=["line"])
        part = lines.select(pl.col("line").str.extract_groups(SQUID).alias("part")).unnest("part")
        who = pl.when(pl.col("3") == "-").then(pl.col("1")).otherwise(pl.col("3"))
        parsed = part.select(host=pl.col("2"), who=who)
    elif kind == "zeek-dns":
        records = pl.scan_ndjson(path, schema={"query": pl.String, "id.orig_h": pl.String})
        parsed = records.select(host=pl.col("query"), who=pl.col("id.orig_h"))
    else:
        names = {f"c{number}": pl.String for number in range(COLUMNS)}
        rows = pl.scan_csv(path, has_header=False, schema=names, truncate_ragged_lines=True, missing_columns="insert")
        url = rows.filter(pl.col(f"c{SUBTYPE}") == "url")
        who = pl.coalesce(f"c{USER}", f"c{CLIENT}")
        parsed = url.select(host=pl.col(f"c{URL}").str.extract(URL_HOST), who=who)
    counts = parsed.group_by("host", "who").len().collect(engine="streaming")
    known = set(domains)
    hosts = [host for host in counts["host"].unique().drop_nulls() if _below(host) & known]
    return int(counts.filter(pl.col("host").is_in(hosts))["len"].sum())


def _below(host: str) -> set[str]:
    labels = host.split(".")
    return {".".join(labels[at:]) for at in range(len(labels))}


def main() -> None:
    """Run one of the two and print what it found."""
    program, kind, path, names = sys.argv[1:]
    with open(names, encoding="utf-8") as file:  # noqa: PTH123  # pathlib is not needed for one file
        domains = file.read().split()
    count = by_duckdb if program == "duckdb" else by_polars
    print(count(kind, path, domains))


if __name__ == "__main__":
    main()
