"""An import brings logs that were not streamed into the same lake, by the same code, and accounts for every line."""

import base64
import gzip
import io
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall.errors import UnavailableError
from footfall.hits.schema import LANDING
from footfall.hits.transform import Transformer
from footfall.importing.folder import FolderLake
from footfall.importing.inputs import Input, find_inputs
from footfall.importing.parquet import RowGroups
from footfall.importing.run import Importer
from footfall.importing.standard import LEGACY_FIELDS
from local.account import Lake
from local.parquet import Converter
from tests.builders import ADDRESS, FIREFOX, NOW_MS, a_configuration, a_log_line, a_record
from tests.import_lake import STANDARD, MemoryLake, a_standard_line

LATER_MS = NOW_MS + 3_600_000
KEEPS_UNKNOWN = {"privacy": {"unknown_signal": "off"}}
HEADER = f"#Version: 1.0\n#Fields: {' '.join(LEGACY_FIELDS)}\n"


def a_file(text, name="lines.log"):
    """An input in memory."""
    body = text if isinstance(text, bytes) else text.encode()
    return Input(
        name=name,
        size_bytes=len(body),
        about_ms=NOW_MS,
        identify=lambda: str(hash(body)),
        open=lambda: io.BytesIO(body),
        has_changed=lambda: False,
    )


def an_importer(lake, sections=None, **changes):
    changes = {"salts_of": lambda _days: {}, "now_ms": LATER_MS} | changes
    return Importer(configuration=a_configuration(**(sections or {})), lake=lake, **changes)


def imported(text, sections=None, **changes):
    """The lake and the report of one file."""
    lake = MemoryLake()
    (report,) = an_importer(lake, sections, **changes).run([a_file(text)])
    return lake, report


def test_a_real_time_line_gives_the_row_that_the_stream_gives():
    line = a_log_line(cs_uri_query="userid=aws_user&n=1")
    transformer = Transformer(a_configuration())
    (answer,), _ = transformer.transform([a_record(line)], lambda _days: {}, now_ms=LATER_MS)

    lake, report = imported(line)

    assert "real-time" == report.format
    streamed = io.BytesIO(Converter().write([Converter().row(base64.b64decode(answer["data"]))]))
    (key,) = [key for key in lake.objects if key.startswith("hits/site=main/date=2026-11-18/")]
    assert pq.read_table(streamed).equals(pq.read_table(io.BytesIO(lake.objects[key])))


def test_a_legacy_standard_line_becomes_a_row():
    query = "idsite=1&rec=1&url=https%253A%252F%252Fwww.example.org%252Fa%2520b&action_name=Caf%25C3%25A9&dimension1=gold"
    line = a_standard_line(**{"cs-uri-stem": "/matomo.php", "cs-uri-query": query})

    lake, report = imported(gzip.compress((HEADER + line).encode()), KEEPS_UNKNOWN)

    (row,) = lake.rows()
    assert ("standard", 3, 2, 1) == (report.format, report.account.lines, report.account.comments, report.account.without_signals)
    expected = {
        "event_id": "DHj-0123456789abcdef==",
        "host": "pixel.example.org",
        "title": "Café",
        "url": "https://www.example.org/a b",
        "browser": "Firefox",
        "os": "Linux",
        "ip": "203.0.113.0",
        "dimensions": [("1", "gold")],
        "visitor_id_missing": "salt",
        "edge_location": "FRA56-P4",
        "action": "page_view",
    }
    assert expected == {name: row.get(name) for name in expected}
    assert "2026-11-18 09:06:40" == str(row["received_at"])
    assert not {"gpc", "dnt", "language", "damaged"} & row.keys()


def test_a_line_in_json_becomes_a_row_with_its_millisecond():
    document = STANDARD | {
        "timestamp(ms)": "1795000000397",
        "c-country": "DE",
        "cs(User-Agent)": FIREFOX.replace(" ", "%20"),
        "cs-uri-query": "a=1",
        "cs(Referer)": "https://www.example.org/page",
    }

    lake, report = imported(json.dumps(document) + "\n", KEEPS_UNKNOWN)

    (row,) = lake.rows()
    assert ("json", "Firefox", "DE", "https://www.example.org/page") == (report.format, row["browser"], row["country"], row["url"])
    assert ("2026-11-18 11:06:40.397000", [{"name": "a", "value": "1"}]) == (str(row["received_at"]), row["parameters"])


def test_what_firehose_put_under_the_error_prefix_becomes_rows():
    document = {"attemptsMade": 4, "errorCode": "Lambda.FunctionError", "rawData": base64.b64encode(a_log_line().encode()).decode()}

    lake, report = imported(json.dumps(document))

    assert ("firehose-errors", ["DHj-0123456789abcdef=="]) == (report.format, [row["event_id"] for row in lake.rows()])


@pytest.mark.parametrize("count", [15, 19, 26, 33])
def test_a_standard_log_without_its_header_is_known_by_its_columns(count):
    line = "\t".join(a_standard_line().rstrip("\n").split("\t")[:count])

    lake, report = imported(line, KEEPS_UNKNOWN)

    assert ("standard", 1) == (report.format, len(lake.rows()))


def test_a_header_in_the_middle_says_how_to_read_what_follows():
    fields = [*LEGACY_FIELDS[5:], *LEGACY_FIELDS[:5]]
    turned = "\t".join((STANDARD | {"x-edge-request-id": "second=="}).get(name, "-") for name in fields)
    text = f"{HEADER}{a_standard_line()}#Fields: {' '.join(fields)}\n{turned}\n"

    lake, _ = imported(text, KEEPS_UNKNOWN)

    assert ["DHj-0123456789abcdef==", "second=="] == [row["event_id"] for row in lake.rows()]


def test_as_shipped_a_format_without_signals_is_suppressed_and_counted():
    lake, report = imported(HEADER + a_standard_line())

    assert [] == lake.rows()
    assert ({"unknown_signal": 1}, 1) == (report.account.suppressed, report.account.suppressed_as_unknown())


def test_with_strip_a_format_without_signals_gives_rows_without_identity():
    lake, _ = imported(HEADER + a_standard_line(), {"privacy": {"gpc": "strip"}})

    (row,) = lake.rows()
    assert (True, "signal") == (row["stripped"], row["visitor_id_missing"])
    assert not {"ip", "visitor_id"} & row.keys()


def test_a_day_that_has_its_salt_gives_the_visitor_id_of_the_stream():
    salts = {"2026-11-18": b"s" * 32}
    transformer = Transformer(a_configuration())
    (answer,), _ = transformer.transform([a_record(a_log_line())], lambda _days: salts, now_ms=LATER_MS)

    lake, _ = imported(a_log_line(), salts_of=lambda _days: salts)

    (row,) = lake.rows()
    assert json.loads(base64.b64decode(answer["data"]))["visitor_id"] == row["visitor_id"]


def test_a_damaged_line_is_a_reject_of_the_line_before_it_and_costs_no_neighbour():
    text = f"{a_log_line()}damaged\n{a_log_line(x_edge_request_id='second==')}"

    lake, report = imported(text)

    (reject,) = lake.rows("rejects/date=2026-11-18/")
    assert (2, {"column_count": 1}, 0) == (len(lake.rows()), report.account.rejects, report.account.unaccounted())
    assert ("column_count", "2026-11-18 11:06:40.397000") == (reject["reason"], str(reject["received_at"]))
    assert reject["event_id"].startswith("line-")


def test_no_address_and_no_user_agent_is_written():
    lake, _ = imported(HEADER + a_standard_line() + "broken " + ADDRESS, KEEPS_UNKNOWN)

    written = json.dumps([lake.rows(), lake.rows("rejects/"), *lake.objects], default=str)
    assert ADDRESS not in written
    assert "Gecko" not in written


def test_every_row_in_parquet_equals_what_firehose_makes_of_it():
    """One conversion is pyarrow's, the other plays Firehose's: types, nulls, lists, maps, times."""
    lines = [
        a_log_line(cs_uri_stem="/matomo.php", cs_uri_query="idsite=1&rec=1&e_c=a&e_a=b&e_v=1.5&dimension1=x%7D%22&dimension2=%5C"),
        a_log_line(cs_uri_query="a=1&a=2&b=%22dimensions%22%3A%7B%221%22%3A%222%22%7D"),
        a_log_line(cs_uri_stem="/matomo.php", cs_uri_query="idsite=1&rec=1&idgoal=0&revenue=1e3&ec_id=1&pf_net=12&cookie=1"),
    ]
    transformer, converter = Transformer(a_configuration()), Converter()
    answers, _ = transformer.transform([a_record(line) for line in lines], lambda _days: {}, now_ms=LATER_MS)
    rows = [base64.b64decode(answer["data"]) for answer in answers]

    groups = RowGroups()
    for row in rows:
        groups.add(json.loads(row))

    ours, firehose = (pq.read_table(io.BytesIO(body)) for body in (groups.close(), converter.write([converter.row(row) for row in rows])))
    assert firehose.schema == ours.schema
    assert firehose.to_pylist() == ours.to_pylist()
    assert [column.name for column in LANDING] == ours.schema.names


def test_a_second_import_adds_nothing():
    lake, file = MemoryLake(), a_file(a_log_line() + "damaged\n")
    list(an_importer(lake).run([file]))
    written = dict(lake.written)

    (report,) = an_importer(lake).run([file])

    assert ("already imported", 2, 2, 0) == (report.outcome, report.account.lines, report.account.skipped, report.account.unaccounted())
    assert written == lake.written


def test_another_policy_imports_the_file_again():
    lake, file = MemoryLake(), a_file(HEADER + a_standard_line())
    list(an_importer(lake).run([file]))

    (report,) = an_importer(lake, KEEPS_UNKNOWN).run([file])

    assert ("imported", 1) == (report.outcome, len(lake.rows()))


def test_on_request_a_file_is_imported_again_into_the_same_objects():
    lake, file = MemoryLake(), a_file(a_log_line())
    list(an_importer(lake).run([file]))
    before = dict(lake.objects)

    (report,) = an_importer(lake, again=True).run([file])

    assert ("imported", 1, before) == (report.outcome, len(lake.rows()), lake.objects)


def test_a_dry_run_names_what_it_would_write_and_writes_nothing():
    text = a_log_line() + "damaged\n"
    real, _ = imported(text)

    lake, report = imported(text, is_dry=True)

    assert {} == lake.objects
    assert sorted(key for key in real.objects if key.endswith(".parquet")) == sorted(report.objects)
    assert (1, 1) == (report.account.rows.total(), report.account.rejects.total())


class LoseConnectionLake(MemoryLake):
    """Answers until the given write, then no more."""

    def __init__(self, writes):
        super().__init__()
        self.left = writes

    def put(self, key, body):
        if not self.left:
            raise UnavailableError("the lake does not answer")
        self.left -= 1
        super().put(key, body)


def test_a_file_whose_rows_cannot_be_written_fails_in_one_line_and_a_later_import_goes_on():
    lines = "".join(a_log_line(x_edge_request_id=f"request-{n}") for n in range(10))
    lake = LoseConnectionLake(writes=5)
    (failed,) = an_importer(lake, part_lines=2).run([a_file(lines)])
    lake.left = 1_000

    (resumed,) = an_importer(lake, part_lines=2).run([a_file(lines)])

    assert ("failed", "the lake does not answer") == (failed.outcome, failed.error)
    assert ("resumed", 10, 4, 6) == (resumed.outcome, resumed.account.lines, resumed.account.skipped, resumed.account.rows.total())
    assert [f"request-{n}" for n in range(10)] == sorted(row["event_id"] for row in lake.rows())


class KilledError(BaseException):
    """Stands for the end of the process: nothing may catch it."""


class Fault:
    """Ends everything at the given call, before or after it is made."""

    def __init__(self, call, when):
        self._call, self._when, self._calls = call, when, 0

    def around(self, action):
        self._calls += 1
        if self._calls == self._call and self._when == "before":
            raise KilledError
        result = action()
        if self._calls == self._call and self._when == "after":
            raise KilledError
        return result


class FaultyLake:
    def __init__(self, lake, fault):
        self._lake, self._fault = lake, fault

    def get(self, key):
        return self._fault.around(lambda: self._lake.get(key))

    def put(self, key, body):
        self._fault.around(lambda: self._lake.put(key, body))


class FaultyStream(io.BytesIO):
    def __init__(self, body, fault):
        super().__init__(body)
        self._fault = fault

    def read(self, size=-1, /):
        return self._fault.around(lambda: super(FaultyStream, self).read(size))


def a_file_with_faults(body, fault):
    return Input(
        name="lines.gz",
        size_bytes=len(body),
        about_ms=NOW_MS,
        identify=lambda: fault.around(lambda: "identity"),
        open=lambda: fault.around(lambda: FaultyStream(body, fault)),
        has_changed=lambda: fault.around(lambda: False),
    )


LINES_TO_KILL = "".join(
    a_log_line(x_edge_request_id=f"request-{n}") if n % 4 else ("damaged\n" if n % 8 else a_log_line(cs_method="HEAD")) for n in range(22)
)


def import_until_killed(lake, fault):
    """Whether the fault ended it."""
    try:
        for report in an_importer(FaultyLake(lake, fault), part_lines=5).run([a_file_with_faults(LINES_TO_KILL.encode(), fault)]):
            assert report.error is None
    except KilledError:
        return True
    return False


NO_FAULT = Fault(0, "never")


def kills():
    """Every outside call of one import, before and after it."""
    counting = Fault(0, "never")
    assert not import_until_killed(MemoryLake(), counting)
    return [(call, when) for call in range(1, counting._calls + 1) for when in ("before", "after")]


def test_an_import_killed_at_any_outside_call_and_resumed_loses_and_doubles_no_line():
    whole = MemoryLake()
    import_until_killed(whole, NO_FAULT)

    ends = []
    for call, when in kills():
        lake = MemoryLake()
        killed = import_until_killed(lake, Fault(call, when))
        import_until_killed(lake, Fault(0, "never"))
        ends.append((killed, lake.objects == whole.objects))

    assert len(ends) >= 40
    assert {(True, True)} == set(ends)
    assert 16 + 3 == len(whole.rows()) + len(whole.rows("rejects/"))


def test_an_import_killed_again_and_again_comes_to_its_end():
    whole, lake = MemoryLake(), MemoryLake()
    import_until_killed(whole, NO_FAULT)

    for call in range(1, 12):
        import_until_killed(lake, Fault(call, "after"))
    import_until_killed(lake, Fault(0, "never"))

    assert whole.objects == lake.objects


def test_a_damaged_file_fails_in_one_line_and_what_could_be_read_of_it_is_in_the_lake():
    lines = "".join(a_log_line(x_edge_request_id=f"request-{n * 7919 % 100_003}") for n in range(400))
    body = gzip.compress(lines.encode())
    lake = MemoryLake()

    reports = list(an_importer(lake).run([a_file(body[: len(body) // 2], "cut.gz"), a_file(a_log_line(), "good.log")]))

    assert ["failed", "imported"] == [report.outcome for report in reports]
    assert "the gzip data end too early: the file is not whole" == reports[0].error
    assert 0 == reports[0].account.unaccounted()
    assert 1 < reports[0].account.rows.total() + reports[0].account.rejects.total() < 400


@pytest.mark.parametrize(
    ("content", "error"),
    [
        ("hello\n", "no line looks like a CloudFront log: real-time, standard (W3C) or JSON"),
        (
            "\t".join(["1795000000.397", *["x"] * 6]),
            "real-time lines of 7 columns, and the field list has 16: name the fields with --fields",
        ),
        ("#Fields: date time c-ip\n", "a log without cs-method, cs-uri-stem, sc-status, cs-user-agent, cs-uri-query, x-edge-request-id"),
        (b"PAR1\x00\x00", "Parquet: standard logs in Parquet are not read; deliver them as W3C or JSON"),
    ],
)
def test_a_file_that_is_no_log_says_what_it_looks_like(content, error):
    lake, report = imported(content)

    assert ("failed", True, {}) == (report.outcome, (report.error or "").startswith(error), lake.objects)


def test_an_empty_file_is_imported():
    _, report = imported(b"")

    assert ("imported", 0) == (report.outcome, report.account.lines)


PIECES = st.lists(
    st.one_of(
        st.binary(max_size=60),
        st.sampled_from(
            [a_log_line().encode(), HEADER.encode(), a_standard_line().encode(), json.dumps(STANDARD).encode(), b"\n", b"\x1f\x8b"]
        ),
        st.text(max_size=20).map(lambda text: a_log_line(cs_uri_query=text.replace("\t", "").replace("\n", "")).encode()),
        st.text(max_size=20).map(lambda text: a_standard_line(**{"cs-uri-query": text, "cs(User-Agent)": text}).encode()),
        st.dictionaries(
            st.sampled_from([*STANDARD, "x"]), st.one_of(st.none(), st.text(max_size=9), st.integers(), st.lists(st.text()))
        ).map(lambda document: json.dumps(STANDARD | document).encode()),
    ),
    max_size=8,
)


@given(pieces=PIECES, is_packed=st.booleans(), format_name=st.sampled_from([None, "real-time", "standard", "json", "firehose-errors"]))
def test_whatever_the_bytes_are_nothing_crashes_and_the_account_balances(pieces, is_packed, format_name):
    body = b"\n".join(pieces)

    lake, report = imported(gzip.compress(body) if is_packed else body, KEEPS_UNKNOWN, format_name=format_name, part_lines=3)

    account = report.account
    assert 0 == account.unaccounted()
    assert (account.rows.total(), account.rejects.total()) == (len(lake.rows()), len(lake.rows("rejects/")))
    assert report.outcome in {"imported", "failed"}


def test_an_endless_line_costs_no_memory():
    class Endless(io.BytesIO):
        """200 MB without a newline."""

        left = 800

        def read(self, size=-1, /):
            self.left -= 1
            return b"x" * size if self.left >= 0 else b""

    file = Input(name="x", size_bytes=1, about_ms=NOW_MS, identify=lambda: "x", open=Endless, has_changed=lambda: False)

    (report,) = an_importer(MemoryLake(), format_name="real-time").run([file])

    assert {"line_too_long": 1} == report.account.rejects


def test_a_file_that_is_written_to_meanwhile_is_not_called_complete():
    changed = Input(name="x", size_bytes=1, about_ms=NOW_MS, identify=lambda: "x", open=lambda: io.BytesIO(b""), has_changed=lambda: True)

    (report,) = an_importer(MemoryLake()).run([changed])

    assert ("failed", "it was written to while it was read: import it again when it is whole") == (report.outcome, report.error)


def test_hits_that_were_streamed_too_are_one_row_in_the_view_and_it_is_the_streamed_one(tmp_path):
    line = a_log_line(cs_uri_query="n=1")
    transformer, converter = Transformer(a_configuration()), Converter()
    (answer,), _ = transformer.transform([a_record(line)], lambda _days: {"2026-11-18": b"s" * 32}, now_ms=LATER_MS)
    streamed = tmp_path / "hits/site=main/date=2026-11-18/streamed.parquet"
    streamed.parent.mkdir(parents=True)
    streamed.write_bytes(converter.write([converter.row(base64.b64decode(answer["data"]))]))
    standard = HEADER + a_standard_line(time="11:06:40", **{"cs-uri-query": "n=1"}) + a_standard_line(**{"x-edge-request-id": "missed=="})

    (report,) = an_importer(FolderLake(tmp_path), KEEPS_UNKNOWN).run([a_file(standard)])

    assert 2 == report.account.rows.total()
    lake = Lake(tmp_path)
    _, raw = lake.query("SELECT count(*) FROM hits_raw")
    _, rows = lake.query("SELECT event_id, visitor_id IS NOT NULL, language FROM hits ORDER BY event_id")
    lake.close()
    assert [(3,)] == raw
    assert [("DHj-0123456789abcdef==", True, "de-de"), ("missed==", False, None)] == rows


def test_a_folder_is_all_files_below_it_but_for_hidden_ones(tmp_path):
    for name in ("b/E2EXAMPLE.2026-11-18-09.1a.gz", "a.log", ".hidden/c.log", ".d.log"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(a_log_line())

    found = list(find_inputs(str(tmp_path), lambda _bucket: pytest.fail("no bucket is named")))

    assert ["a.log", "b/E2EXAMPLE.2026-11-18-09.1a.gz"] == [str(Path(each.name).relative_to(tmp_path)) for each in found]
    assert found[0].identify() == found[1].identify()  # what counts is the content
    assert 1_794_992_400_000 == found[1].about_ms


def test_a_folder_lake_holds_whole_objects_only(tmp_path):
    (tmp_path / "hits").mkdir()
    lake = FolderLake(tmp_path)

    lake.put("hits/site=main/a.parquet", b"first")
    lake.put("hits/site=main/a.parquet", b"second")

    assert (b"second", None) == (lake.get("hits/site=main/a.parquet"), lake.get("hits/site=main/b.parquet"))
    assert ["a.parquet"] == [path.name for path in tmp_path.rglob("*") if path.is_file()]


def test_a_folder_that_cannot_be_written_to_says_so_in_one_line(tmp_path):
    (tmp_path / "lake").write_text("a file, not a folder")

    with pytest.raises(UnavailableError, match="lake: Not a directory"):
        FolderLake(tmp_path / "lake").put("hits/a.parquet", b"")


def test_a_file_that_vanishes_after_it_was_listed_fails_by_itself_and_the_next_is_imported(tmp_path):
    for name in ("a.log", "b.log", "c.log"):
        (tmp_path / name).write_text(a_standard_line(**{"cs-uri-query": "a=1", "x-edge-request-id": f"id-{name}"}))
    inputs = list(find_inputs(str(tmp_path), _no_store))
    (tmp_path / "b.log").unlink()
    lake = MemoryLake()

    reports = list(Importer(configuration=a_configuration(), lake=lake, salts_of=lambda _days: {}, now_ms=NOW_MS).run(inputs))

    assert ["imported", "failed", "imported"] == [report.outcome for report in reports]
    assert "cannot be read: No such file or directory" == reports[1].error


def test_a_file_that_vanishes_while_a_folder_is_listed_is_told_of_and_ends_nothing(tmp_path):
    (tmp_path / "a.log").write_text("x")
    link = tmp_path / "b.log"
    link.symlink_to(tmp_path / "a.log")
    found = find_inputs(str(tmp_path), _no_store)
    next(found)
    link.unlink()

    assert [] == [each.name for each in found if each.size_bytes]


def _no_store(_bucket):
    raise AssertionError
