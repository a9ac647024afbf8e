"""The plugin that reads the columns of files: which files it looks at, and how it writes what they have."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

import kqlog


@pytest.fixture
def workspace(tmp_path: Path) -> kqlog.Workspace:
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "new.csv").write_text("Host,Took,request id\nweb-01,1.5,7\n")
    (logs / "old.csv").write_text("Host,Took,At\nweb-01,2,2024-03-01T10:00:00Z\n")
    os.utime(logs / "old.csv", (1, 1))
    (logs / "more.json").write_text('{"Host": "web-01", "Tags": ["a"]}\n{"Host": null, "Tags": null}\n')
    return kqlog.connect(tmp_path)


def inferred(workspace: kqlog.Workspace, **options: object) -> str:
    bag = {"StorageContainers": ["logs"], "DataFormat": "csv", "FileExtension": ".csv", **options}
    ((text,),) = workspace.query(f"evaluate infer_storage_schema(dynamic({json.dumps(bag)}))").rows
    return str(text)


HEADER = {"InferenceOptions": {"UseFirstRowAsHeader": True}}


@pytest.mark.parametrize(
    ("options", "schema"),
    [
        (HEADER, "Host:string, Took:real, ['request id']:long"),
        ({**HEADER, "Mode": "any"}, "Host:string, Took:real, ['request id']:long"),
        ({**HEADER, "Mode": "all"}, "Host:string, Took:real, ['request id']:long, At:datetime"),
        ({**HEADER, "FileNamePrefix": "old"}, "Host:string, Took:long, At:datetime"),
        ({"FileNamePrefix": "old"}, "Column1:string, Column2:string, Column3:string"),
        ({"DataFormat": "multijson", "FileExtension": ".json"}, "Host:string, Tags:dynamic"),
        ({**HEADER, "StorageContainers": ["logs/old.csv;impersonate"]}, "Host:string, Took:long, At:datetime"),
    ],
)
def test_the_columns_of_files(workspace: kqlog.Workspace, options: dict[str, object], schema: str) -> None:
    assert inferred(workspace, **options) == schema


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"StorageContainers": ["https://example.com/logs"]}, "ENG001: .* reads files of the connected folder only"),
        ({"StorageContainers": ["../logs"]}, "ENG003: .* it is not in the connected folder"),
        ({"StorageContainers": ["nowhere"]}, "ENG003: there is no such file in 'nowhere'"),
        ({"StorageContainers": []}, "SEM002: .* have no StorageContainers"),
        ({"DataFormat": "orc"}, "ENG001: .* does not read 'orc' files"),
        ({"DataFormat": "parquet"}, "ENG003: cannot read"),
        ({"Mode": "first"}, "SEM002: 'first' is no Mode"),
        ({"Mode": 1}, "SEM002: 'Mode' .* of another type"),
    ],
)
def test_what_cannot_be_read_is_refused(workspace: kqlog.Workspace, options: dict[str, object], message: str) -> None:
    with pytest.raises(kqlog.QueryError, match=message):
        inferred(workspace, **options)


def test_without_a_folder_there_are_no_files() -> None:
    with pytest.raises(kqlog.QueryError, match="there is no connected folder"):
        inferred(kqlog.connect())


def test_a_check_knows_the_column() -> None:
    checked = kqlog.check("evaluate infer_storage_schema(dynamic({}))")
    assert [tuple(column) for column in checked.columns or ()] == [("CslSchema", "string")]
