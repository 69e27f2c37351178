"""An import writes the rows of a plain one, in which each line is a dictionary that goes through JSON, whatever the lines are."""

import gc
import gzip
import io
import json
from collections import Counter
from itertools import islice
from random import Random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench import lines
from bench.equality import VARIANTS
from bench.mutation import mutate
from bench.standard_log import _SOURCE_FIELDS, standard_line
from footfall.dialects.parameters import PIWIK_PRO
from footfall.hits.judge import Judge
from footfall.importing import parquet, parts
from footfall.importing.hit_table import HitTables
from footfall.importing.inputs import Input
from footfall.importing.journal import keys_of
from footfall.importing.run import Importer
from footfall.importing.standard import LEGACY_FIELDS, plain_name
from footfall.privacy import token_entry
from tests.builders import ADDRESS, FIELDS, a_configuration, a_log_line, a_request
from tests.import_lake import MemoryLake, a_standard_line
from tests.plain_import import plain_import

ABOUT_MS = lines.START_MS - 7_000
HEADER = f"#Version: 1.0\n#Fields: {' '.join(LEGACY_FIELDS)}\n"
V2_FIELDS = [*LEGACY_FIELDS, "timestamp(ms)", "c-country", "cs-headers", "cs-header-names", "cs-headers-count"]
KEEPS_UNKNOWN = {"unknown_signal": "off"}
TOKEN = "0123456789abcdef0123456789abcdef"


def salts_of(_days):
    return lines.salts()


def bulk_import(body, configuration, format_name, part_lines=1_000):
    """The tables by place and date, and the counts, of what `footfall import` writes."""
    lake = MemoryLake()
    importer = Importer(
        configuration=configuration, lake=lake, salts_of=salts_of, now_ms=lines.NOW_MS, format_name=format_name, part_lines=part_lines
    )
    file = Input(
        name="lines.log",
        size_bytes=len(body),
        about_ms=ABOUT_MS,
        identify=lambda: "identity",
        open=lambda: io.BytesIO(body),
        has_changed=lambda: False,
    )
    (report,) = importer.run([file])
    assert (None, 0) == (report.error, report.account.unaccounted())
    account = report.account
    counts = Counter({("comments", ""): account.comments})
    for kind, counted in (("row", account.rows), ("reject", account.rejects), ("suppressed", account.suppressed)):
        counts.update({(kind, name): number for name, number in counted.items()})
    keys = [(key.rsplit("/date=", 1), body) for key, body in sorted(lake.objects.items()) if key.endswith(".parquet")]
    return [((place, rest.partition("/")[0]), pq.read_table(io.BytesIO(body))) for (place, rest), body in keys], +counts


def compare(body, configuration, *, fields=None, part_lines=1_000):
    """Import both ways; the objects of several parts are taken together. Returns the number of rows."""
    format_name = "real-time" if fields is None else "standard"
    tables, counts = bulk_import(body, configuration, format_name, part_lines)
    digest = keys_of("identity", len(body), configuration, format_name).digest
    plain, plain_counts = plain_import(
        body,
        configuration,
        fields=fields,
        salts_of=salts_of,
        now_ms=lines.NOW_MS,
        about_ms=ABOUT_MS,
        line_id=lambda number: f"{digest}-{number}",
    )
    assert +plain_counts == counts
    assert plain.keys() == {partition for partition, _ in tables}
    for partition, expected in plain.items():
        assert_same(expected, [table for place, table in tables if place == partition])
    return sum(table.num_rows for table in plain.values())


def assert_same(expected, tables):
    """Equal schema, metadata included, and equal rows in equal order; a difference is shown by the columns of the first row."""
    for table in tables:
        assert expected.schema.equals(table.schema, check_metadata=True)
    if expected.equals(pa.concat_tables(tables)):
        return
    rows = [row for table in tables for row in table.to_pylist()]
    for plain, row in zip(expected.to_pylist(), rows, strict=True):
        assert {} == {name: (value, row[name]) for name, value in plain.items() if value != row[name]}


def real_time_lines(seed, number, configuration):
    return list(islice(lines.generate_lines(seed, configuration.edge.log_fields, escapes_percent=seed % 2 == 0), number))


def standard_lines(seed, number, fields=LEGACY_FIELDS):
    generated = islice(lines.generate_lines(seed, _SOURCE_FIELDS), number)
    columns = [dict(zip(_SOURCE_FIELDS, line.rstrip("\n").split("\t"), strict=True)) for line in generated]
    return [as_v2(each) if fields is V2_FIELDS else standard_line(each) for each in columns]


def as_v2(columns):
    moment_ms = str(int(float(columns["timestamp"]) * 1000))
    values = columns | dict(zip(map(plain_name, LEGACY_FIELDS), standard_line(dict(columns)).rstrip("\n").split("\t"), strict=True))
    return "\t".join((values | {"timestamp(ms)": moment_ms}).get(plain_name(field), "-") for field in V2_FIELDS) + "\n"


def with_mutated(plain, seed):
    """Every line, and a damaged copy of each, some with bytes that are no UTF-8; mixed, so that neighbours differ."""
    random = Random(seed)
    damaged = [line if line.endswith("\n") else line + "\n" for line in (mutate(line, random) for line in plain)]
    mixed = [*(line.encode() for line in plain), *(broken_utf8(line.encode(), random) for line in damaged)]
    random.shuffle(mixed)
    return b"".join(mixed)


def broken_utf8(line, random):
    return line if random.random() < 0.98 else line[: len(line) // 2] + b"\xff\xc3" + line[len(line) // 2 :]


@pytest.mark.parametrize("position", range(len(VARIANTS)))
def test_an_import_of_real_time_lines_writes_the_rows_of_a_plain_one(position):
    """Plain and mutated lines, under configurations that take every policy to each of its choices."""
    configuration = lines.configuration(**VARIANTS[position])
    body = with_mutated(real_time_lines(position, 150, configuration), position)

    assert 150 < compare(body, configuration)


@pytest.mark.parametrize("position", range(len(VARIANTS)))
def test_an_import_of_standard_lines_writes_the_rows_of_a_plain_one(position):
    sections = VARIANTS[position]
    privacy = sections.get("privacy", {}) | ({} if position in {1, 3} else KEEPS_UNKNOWN)
    configuration = lines.configuration(**sections | {"privacy": privacy})
    fields = V2_FIELDS if position % 2 else LEGACY_FIELDS
    header = f"#Version: 1.0\n#Fields: {' '.join(fields)}\n".encode()
    body = header + with_mutated(standard_lines(100 + position, 150, fields), position)

    assert 100 < compare(body, configuration, fields=fields)


def test_where_parts_and_chunks_of_rows_end_makes_no_difference(monkeypatch):
    """Rows are converted in chunks and packed in groups of chunks: with small ones, lines meet every edge."""
    monkeypatch.setattr(parquet, "_CHUNK_ROWS", 5)
    monkeypatch.setattr(parquet, "_GROUP_ROWS", 13)
    monkeypatch.setattr(parts, "CHUNK_HITS", 7)
    body = HEADER.encode() + with_mutated(standard_lines(200, 150), 200)

    assert 200 < compare(body, lines.configuration(privacy=KEEPS_UNKNOWN), fields=LEGACY_FIELDS, part_lines=83)


def test_gzip_makes_no_difference():
    configuration = lines.configuration(privacy=KEEPS_UNKNOWN)
    body = HEADER.encode() + with_mutated(standard_lines(300, 60), 300)

    plain, packed = bulk_import(body, configuration, "standard"), bulk_import(gzip.compress(body), configuration, "standard")

    assert plain[1] == packed[1]
    assert [partition for partition, _ in plain[0]] == [partition for partition, _ in packed[0]]


def test_a_difference_is_shown_by_its_column(monkeypatch):
    """Negative control: a comparison that cannot fail would prove nothing."""
    monkeypatch.setattr("tests.plain_import.must_scrub", lambda _row, _hit: False)
    line = a_standard_line(**{"cs-uri-query": f"note=from+{ADDRESS}"})

    with pytest.raises(AssertionError, match="'parameters': \\("):
        compare((HEADER + line).encode(), a_configuration(privacy=KEEPS_UNKNOWN), fields=LEGACY_FIELDS)


@pytest.mark.parametrize("address", [ADDRESS, "2001:db8:1::7", "2001:DB8:1::7", "::ffff:203.0.113.7"])
@pytest.mark.parametrize("form", ["{}", "{}%2525", "x{}x", "%25{}"])
@pytest.mark.parametrize(
    "column", ["cs-uri-query", "cs-uri-query-name", "cs-uri-stem", "cs(Referer)", "cs(User-Agent)", "x-host-header", "x-edge-location", "c-country"]
)  # fmt: skip
def test_the_visitors_own_address_is_found_in_every_value_that_is_written(column, form, address):
    """Wherever it stands, as it is, in another case, with all digits, and encoded once or twice."""
    fields = [*LEGACY_FIELDS, "c-country"]
    exploded = "2001:0db8:0001:0000:0000:0000:0000:0007" if "::7" in address else address
    forms = [form.format(text) for text in (address, exploded, address.upper(), address.replace(":", "%3a"), address.replace(":", "%253A"))]
    values = [each for text in forms for each in values_with(column, text)]
    body = "".join(
        "\t".join((DEFAULTS | {"c-ip": address, "x-edge-request-id": f"request-{n}"} | value).get(name, "-") for name in fields) + "\n"
        for n, value in enumerate(values)
    )
    configuration = a_configuration(privacy=KEEPS_UNKNOWN | {"user_agent": "keep"})

    compare(f"#Fields: {' '.join(fields)}\n{body}".encode(), configuration, fields=fields)

    written = json.dumps(
        [table.to_pylist() for _, table in bulk_import(f"#Fields: {' '.join(fields)}\n{body}".encode(), configuration, "standard")[0]],
        default=str,
    )
    if column not in {"cs-uri-stem", "x-edge-location"}:  # a path that is not ours is masked; the location is the edge's own word
        assert address.lower() not in written.lower()


DEFAULTS = dict(zip(LEGACY_FIELDS, a_standard_line().rstrip("\n").split("\t"), strict=True)) | {"time": "11:06:40"}


def values_with(column, text):
    """Columns that carry a text; a query in all the ways in which a parameter becomes a value."""
    if column == "cs-uri-query":
        queries = (f"note={text}", f"userid=1&userid={text}&a=1", f"url=https://x.example/{text}?q={text}&idsite=1&rec=1")
        tracked = (
            f"idsite=1&rec=1&{name}={text}" for name in ("action_name", "dimension7", "link", "e_v", "search", "urlref", "pf_net", "x")
        )
        return [{"cs-uri-query": query} for query in queries] + [{"cs-uri-stem": "/matomo.php", "cs-uri-query": query} for query in tracked]
    if column == "cs-uri-query-name":
        return [{"cs-uri-query": f"{text}=1"}, {"cs-uri-stem": "/matomo.php", "cs-uri-query": f"idsite=1&rec=1&{text}=2"}]
    if column == "cs(Referer)":
        return [{column: f"https://x.example/{text}?utm_source={text}&q={text}"}, {column: f"https://{text}/"}]
    return [{column: text}]


def test_an_address_with_a_quote_in_its_zone_is_found_where_json_would_hide_it():
    """`ipaddress` takes whatever stands behind the %; a search in the JSON of a row would look past the escaped quote."""
    address = 'fe80::7%a"b'
    line = a_standard_line(**{"c-ip": address, "cs-uri-stem": "/matomo.php", "cs-uri-query": "idsite=1&rec=1&action_name=fe80::7%25a%22b"})

    ((_, table),), _ = bulk_import((HEADER + line).encode(), a_configuration(privacy=KEEPS_UNKNOWN), "standard")

    assert ["removed"] == table.column("title").to_pylist()


def test_the_rows_of_a_rare_partition_do_not_keep_those_of_the_others():
    """Of each thousand hits one is of another day: as a slice it would hold all thousand until its own row group is full."""
    judge = Judge(a_configuration(), memo_limit=10)
    salts = judge.batch_salts(salts_of)
    hits = [judge.accept(a_request(query=f"note={'x' * 2_000}"), salts) for _ in range(100)]

    rare, _ = HitTables(judge.writer).of_groups([hits[:1], hits[1:]])

    assert 1 == rare.num_rows
    assert rare.get_total_buffer_size() < 20_000


def test_the_garbage_collector_is_left_as_it_was():
    before = gc.get_threshold()

    bulk_import(a_log_line().encode(), a_configuration(), "real-time")

    assert before == gc.get_threshold()


TEXTS = st.one_of(
    st.text(st.characters(exclude_characters="\t\n\r", exclude_categories=["Cs"]), max_size=12),
    st.sampled_from(["", "1", "0", "-1", "9.90", "1e400", "true", ADDRESS, f"a{ADDRESS}b", "198.51.100.7", "https://x.example/?sid=1", TOKEN, "12"]),
    st.sampled_from(["%C3%A9", "%zz", "%00", "%1f", "%22", "%253A", "+", "&", "=", "٣", "😀"]),
)  # fmt: skip
NAMES = st.one_of(st.sampled_from([*PIWIK_PRO, "dimension1", "dimension2", "dimension999", "dimension1000", "note", "x", "sid"]), TEXTS)
QUERIES = st.lists(st.tuples(NAMES, TEXTS), max_size=8).map(lambda pairs: "&".join(f"{name}={value}" for name, value in pairs))


@settings(derandomize=True, max_examples=40, deadline=None)
@given(
    requests=st.lists(
        st.tuples(st.sampled_from(["", "idsite=1&rec=1&", f"idsite=1&rec=1&token_auth={TOKEN}&"]), QUERIES, TEXTS, TEXTS, st.booleans()), max_size=6
    )
)  # fmt: skip
def test_whatever_a_query_holds_an_import_writes_the_rows_of_a_plain_one(requests):
    """Every parameter we know by name, with values that fit and values that do not."""
    body = "".join(
        a_log_line(
            FIELDS,
            x_edge_request_id=f"request-{number}",
            cs_uri_stem="/1x1.png" if is_pixel else "/matomo.php",
            cs_uri_query=(start + query).replace("\x85", ""),
            cs_referer=referer or "-",
            cs_user_agent=agent or "-",
        )
        for number, (start, query, referer, agent, is_pixel) in enumerate(requests)
    )
    configuration = a_configuration(privacy={"accepted_tokens": [token_entry(TOKEN, b"k" * 16)]})

    compare(body.encode(), configuration)
