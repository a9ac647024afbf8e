"""Data collection rules: files that say where the rows of a stream go."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from kqlog.errors import QueryError
from kqlog.ingest.rows import from_array
from kqlog.ingest.rules import Rules
from kqlog.store.store import Store, create


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = create(tmp_path / "logs")
    (made.root / "rules").mkdir()
    return made


def write(store: Store, name: str, *, columns: object = None, **flow: object) -> None:
    declared = {"Custom-In": {"columns": columns}} if columns else {}
    flows = [{"streams": ["Custom-In"], "outputStream": "Custom-Out_CL", **flow}]
    rule = {"immutableId": f"dcr-{name}", "properties": {"streamDeclarations": declared, "dataFlows": flows}}
    (store.root / "rules" / f"{name}.json").write_text(json.dumps(rule))


def test_a_stream_of_azure_monitor_has_the_columns_of_its_table(store: Store) -> None:
    write(
        store,
        "errors",
        streams=["Microsoft-Syslog"],
        transformKql="source | where ProcessID > 1",
        outputStream="Microsoft-Syslog",
    )
    (flow,) = Rules(store).flows("dcr-errors", "Microsoft-Syslog")
    shaped = flow.shape(
        store, from_array(b'[{"Computer": "a", "ProcessID": "7"}, {"Computer": "b"}, {"Mood": 1, "ProcessID": 2}]')
    )
    assert (shaped.table, shaped.rows.column("Computer").to_pylist()) == ("Syslog", ["a", ""])


def test_every_type_that_a_stream_may_declare(store: Store) -> None:
    types = ("string", "int", "long", "real", "boolean", "datetime", "dynamic", "guid")
    write(store, "types", columns=[{"name": f"a_{type_}", "type": type_} for type_ in types])
    (flow,) = Rules(store).flows("dcr-types", "Custom-In")
    shaped = flow.shape(store, from_array(b'[{"a_int": "5", "a_dynamic": "[1]", "a_string": {"b": 2}, "a_boolean": "true"}]'))
    own = {column.name: str(column.type) for column in shaped.columns if column.name.startswith("a_")}
    assert own == {f"a_{type_}": type_.replace("boolean", "bool") for type_ in types}
    assert [shaped.rows.column(f"a_{name}")[0].as_py() for name in ("int", "dynamic", "string", "boolean")] == [
        5,
        "[1]",
        '{"b":2}',
        True,
    ]


def look_again(rules: Rules) -> None:
    rules._looked = None


def test_a_file_that_changes_is_read_again_and_a_broken_one_leaves_what_was(store: Store) -> None:
    told: list[tuple[str, str]] = []
    rules = Rules(store, lambda file, error: told.append((file.name, error.message)))
    write(store, "later", columns=[{"name": "a", "type": "int"}])
    (first,) = rules.flows("dcr-later", "Custom-In")
    file = store.root / "rules" / "later.json"
    good = file.read_text()
    file.write_text("{")
    look_again(rules)
    for _ in range(2):
        assert rules.flows("dcr-later", "Custom-In") == (first,)
        look_again(rules)
    assert list(rules.broken) == [file]
    assert told == [("later.json", rules.broken[file].message)]
    file.write_text(good.replace("Custom-Out_CL", "Custom-Other_CL"))
    look_again(rules)
    assert [flow.table for flow in rules.flows("dcr-later", "Custom-In")] == ["Other_CL"]
    assert not rules.broken
    file.unlink()
    look_again(rules)
    with pytest.raises(QueryError, match="no data collection rule 'dcr-later'"):
        rules.flows("dcr-later", "Custom-In")


def test_files_are_looked_at_once_a_second_at_most(store: Store) -> None:
    rules = Rules(store)
    assert not rules.broken
    (store.root / "rules" / "broken.json").write_text("{")
    assert not rules.broken
    time.sleep(1.05)
    assert rules.broken


def test_an_id_that_another_file_has_is_told(store: Store) -> None:
    write(store, "one", columns=[{"name": "a", "type": "int"}])
    folder = store.root / "rules"
    (folder / "two.json").write_text((folder / "one.json").read_text())
    rules = Rules(store)
    assert [(file.name, error.message) for file, error in rules.broken.items()] == [
        ("two.json", "its immutableId 'dcr-one' is that of one.json")
    ]
    (folder / "one.json").unlink()
    look_again(rules)
    assert (rules.broken, len(rules.flows("dcr-one", "Custom-In"))) == ({}, 1)


@pytest.mark.parametrize(
    ("flow", "reason"),
    [
        ({"columns": [{"name": "a", "type": "int"}], "transformKql": "source | where b > 1"}, "no column named 'b'"),
        ({"columns": [{"name": "a", "type": "float"}]}, "float"),
        ({"columns": [{"name": "a'", "type": "int"}]}, "cannot be the name of a column"),
        ({"outputStream": "Microsoft-Nothing"}, "which is not there"),
        ({"outputStream": "Out_CL"}, "'Out_CL' is no stream"),
        ({"transformKql": "source | where a > 1"}, "columns are not declared"),
        ({"streams": None}, "no data collection rule"),
    ],
)
def test_a_broken_rule_is_told_with_its_file_and_the_others_work(store: Store, flow: dict, reason: str) -> None:
    write(store, "broken", **flow)
    write(store, "good", columns=[{"name": "a", "type": "int"}])
    (store.root / "rules" / "worse.json").write_bytes(b"\xff{")
    rules = Rules(store)
    assert {file.name for file in rules.broken} == {"broken.json", "worse.json"}
    assert reason in next(iter(rules.broken.values())).message
    assert rules.flows("dcr-good", "Custom-In")
    with pytest.raises(QueryError, match="no data collection rule 'dcr-broken'") as unknown:
        rules.flows("dcr-broken", "Custom-In")
    assert "broken.json cannot be used" in str(unknown.value.hint)
    with pytest.raises(QueryError, match="no stream 'Custom-Other'"):
        rules.flows("dcr-good", "Custom-Other")
