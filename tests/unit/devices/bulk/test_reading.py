"""Files of devices: every line by itself."""

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotistic.devices.bulk import (
    CsvWriter,
    DeviceDraft,
    DeviceRecord,
    ImportFileInvalid,
    LineProblem,
    ndjson_lines,
    read_devices,
)
from iotistic.devices.bulk.model import MOST_LINES, TooManyLines

PUMP = DeviceDraft(line=2, name="pump", kind="sensor", serial="s1", fleet="berlin", tags={"site": "bonn"})


def test_a_table_says_devices() -> None:
    text = "name,kind,serial,fleet,tag.site\npump,sensor,s1,berlin,bonn\n\nother,host,,,\n"
    assert read_devices(text.encode(), "csv") == [
        PUMP,
        DeviceDraft(line=4, name="other", kind="host", serial=None, fleet=None, tags={}),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "\ufeffName;Kind;Serial;Fleet;tag.site\r\n pump ;sensor;s1;berlin;bonn\r\n",
        'tag.site,"name",kind,fleet,serial\nbonn,"pump",sensor,berlin,s1',
    ],
)
def test_spreadsheets_write_tables_in_their_own_way(text: str) -> None:
    assert read_devices(text.encode(), "csv") == [PUMP]


def test_a_line_of_its_own_for_each_object() -> None:
    text = '\n{"name":"pump","kind":"sensor","serial":"s1","fleet":"berlin","tags":{"site":"bonn"}}\r\n'
    assert read_devices(text.encode(), "ndjson") == [PUMP]


@pytest.mark.parametrize(
    ("row", "code", "why"),
    [
        (",sensor,s", "device_invalid", "A name"),
        ("x" * 201 + ",sensor,s", "device_invalid", "A name"),
        ("pump,Sensor,s", "device_invalid", "A kind"),
        ("pump,sensor," + "s" * 201, "device_invalid", "A serial"),
        ("pump,sensor", "malformed", "2 cells, and the header 3"),
        ("pump,sensor,s,t", "malformed", "4 cells, and the header 3"),
        ("ok,sensor,s", "name_twice", "of line 2 already"),
        ("pump,sensor,s0", "serial_twice", "of line 2 already"),
    ],
)
def test_a_bad_row_spoils_no_other(row: str, code: str, why: str) -> None:
    text = f"name,kind,serial\nok,sensor,s0\n{row}\nlast,sensor,s9\n"
    first, bad, last = read_devices(text.encode(), "csv")
    assert isinstance(bad, LineProblem)
    assert (bad.line, bad.code) == (3, code)
    assert why in bad.message
    assert isinstance(first, DeviceDraft)
    assert isinstance(last, DeviceDraft)
    assert last.line == 4


@pytest.mark.parametrize(
    "line",
    [
        "nonsense",
        "[]",
        "{}",
        '{"name":"x"}',
        '{"name":"x","kind":1}',
        '{"name":"x","kind":"y","colour":"red"}',
        '{"name":"x","kind":"y","tags":{"a":1}}',
        '{"name":"\\ud800","kind":"y"}',
        "[" * 100_000,
    ],
)
def test_an_object_that_is_none_is_told(line: str) -> None:
    text = f'{line}\n{{"name":"pump","kind":"sensor"}}\n'
    bad, good = read_devices(text.encode(), "ndjson")
    assert isinstance(bad, LineProblem)
    assert (bad.line, bad.code) == (1, "malformed")
    assert isinstance(good, DeviceDraft)


@pytest.mark.parametrize(
    ("tags", "code"),
    [({"Site": "x"}, "tag_invalid"), ({"site": ""}, "tag_invalid"), ({"site": "x" * 256}, "tag_invalid")],
)
def test_an_impossible_tag_is_told(tags: dict[str, str], code: str) -> None:
    [line] = read_devices(json.dumps({"name": "x", "kind": "y", "tags": tags}).encode(), "ndjson")
    assert isinstance(line, LineProblem)
    assert line.code == code


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "empty"),
        (b"name,kind,colour\n", "'colour' is not known"),
        (b"name,kind,name\n", "twice"),
        (b"name,serial\n", "name and kind"),
        (b"name,kind\n\xff,x\n", "not UTF-8: byte 11"),
    ],
)
def test_a_file_that_cannot_be_read_at_all_is_refused(content: bytes, why: str) -> None:
    with pytest.raises(ImportFileInvalid, match=why):
        read_devices(content, "csv")


def test_an_open_quote_ends_the_file_and_is_told() -> None:
    good, bad = read_devices(b'name,kind\npump,sensor\n"open,sensor\nlost,sensor\n', "csv")
    assert isinstance(good, DeviceDraft)
    assert isinstance(bad, LineProblem)
    assert bad.line == 3


def test_a_file_has_its_length() -> None:
    line = '{"name":"%d","kind":"x"}\n'
    text = "".join(line % number for number in range(MOST_LINES + 1)).encode()
    assert len(read_devices(text[: text.rindex(b"{")], "ndjson")) == MOST_LINES
    with pytest.raises(TooManyLines):
        read_devices(text, "ndjson")


words = st.text(
    st.characters(exclude_characters="\0\r\n", exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"])
    | st.sampled_from("'=+-@"),
    min_size=1,
    max_size=20,
)
records = st.lists(
    st.builds(
        DeviceRecord,
        name=words,
        kind=st.sampled_from(["sensor", "host"]),
        serial=st.none() | words,
        fleet=st.none() | st.just("berlin"),
        tags=st.dictionaries(st.sampled_from(["a", "b.c"]), words),
    ),
    max_size=5,
    unique_by=(lambda record: record.name, lambda record: record.serial or record.name),
)


@given(records)
def test_what_goes_out_comes_in_again(said: list[DeviceRecord]) -> None:
    writer = CsvWriter(["a", "b.c"])
    table = writer.header() + writer.lines(said)
    for content, kind in ((table, "csv"), (ndjson_lines(said), "ndjson")):
        drafts = read_devices(content, "csv" if kind == "csv" else "ndjson")
        assert [
            DeviceRecord(name=d.name, kind=d.kind, serial=d.serial, fleet=d.fleet, tags=d.tags)
            for d in drafts
            if isinstance(d, DeviceDraft)
        ] == said


@pytest.mark.parametrize("beginning", ["=", "+", "-", "@", "\t", "\r", "'="])
def test_a_spreadsheet_computes_nothing_that_a_device_is_called(beginning: str) -> None:
    name = f"{beginning}1+1"
    record = DeviceRecord(name=name, kind="sensor", serial=name, fleet=None, tags={"a": name})
    writer = CsvWriter(["a"])
    table = writer.header() + writer.lines([record])
    cells = next(csv.reader(io.StringIO(writer.lines([record]).decode(), newline="")))
    assert cells == [f"'{name}", "sensor", f"'{name}", "", f"'{name}"]
    assert read_devices(table, "csv") == [
        DeviceDraft(line=2, name=name, kind="sensor", serial=name, fleet=None, tags={"a": name})
    ]


def test_a_quotation_mark_before_anything_else_stays() -> None:
    [draft] = read_devices(b"name,kind\n'pump',sensor\n", "csv")
    assert isinstance(draft, DeviceDraft)
    assert draft.name == "'pump'"
