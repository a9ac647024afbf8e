"""Objects of folders, Azurite and moto's S3, filled by the clouds' own clients: what is new is stored once."""

from __future__ import annotations

import gzip
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from object_places import KEY, Looking, lines, numbers, record

import kqlog
from kqlog.cli import main
from kqlog.ingest import file_batches, objects
from kqlog.ingest.objects import Objects
from kqlog.ingest.places import Bucket, Folder, azure_settings
from kqlog.store.store import Store, create

HOUR = "resourceId=/SUBSCRIPTIONS/1/RESOURCEGROUPS/RG/PROVIDERS/MICROSOFT.KEYVAULT/VAULTS/KV/y=2026/m=03/d=01/h=10/m=00/PT1H.json"


# ------------------------------------------------------------------------------------------------------------------- helpers


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return create(tmp_path / "logs")


@dataclass
class Done:
    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    """The command line, in this process."""
    return lambda *arguments: Done(main([str(argument) for argument in arguments]), *capsys.readouterr())


# -------------------------------------------------------------------------------------------------------------------- folders


def test_files_of_a_folder_are_stored_once_and_new_ones_when_they_come(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "export"
    (folder / "y=2026").mkdir(parents=True)
    (folder / "a.jsonl").write_bytes(lines(1, 2))
    (folder / "y=2026" / "b.jsonl.gz").write_bytes(gzip.compress(lines(3)))
    (folder / ".hidden").write_bytes(lines(100))
    (folder / "empty").touch()
    looking = Looking(store, str(folder))
    assert looking.look() == f"{folder}: 2 objects, 3 rows in T_CL"
    assert looking.look() is None
    (folder / "c.jsonl").write_bytes(lines(4))
    with (folder / "a.jsonl").open("ab") as file:
        file.write(lines(5))
    assert looking.look() == f"{folder}: 2 objects, 2 rows in T_CL"
    # A folder in it is the same place.
    assert Looking(store, str(folder / "y=2026")).look() is None
    assert numbers(store) == [1, 2, 3, 4, 5]
    assert looking.warnings == []
    assert not list(store.root.glob("objects/*/fetched"))


def test_half_a_line_waits_until_it_is_whole_or_nothing_more_comes(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "export" / "app.log"
    path.parent.mkdir()
    path.write_bytes(b'{"n":1}\n{"n":')
    looking = Looking(store, str(path.parent))
    looking.look()
    assert looking.look() is None
    assert numbers(store) == [1]
    with path.open("ab") as file:
        file.write(b'2}\n{"n":3}')
    looking.look()
    # Half of an object is never an object, so that this one is whole.
    assert numbers(store) == [1, 2, 3]
    access = '192.0.2.7 - - [01/Mar/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 51'
    (path.parent / "access.log").write_text(f"{access}\n{access}")
    looking = Looking(store, str(path.parent / ""), "A_CL", "access")
    path.unlink()
    looking.look()
    assert kqlog.connect(store.root).query("A_CL | count").rows == [(1,)]
    monkeypatch.setattr(objects, "_SETTLED", -1.0)
    looking.look()
    assert kqlog.connect(store.root).query("A_CL | count").rows == [(2,)]
    assert looking.look() is None


@pytest.mark.parametrize("name", ["rows.csv", "u_ex.log", "flow"])
def test_lines_that_come_later_have_the_names_of_the_first(store: Store, tmp_path: Path, name: str) -> None:
    begun, more, query = {
        "rows.csv": ("id,what\n1,a\n2,b\n", "3,c\n", "T_CL | project id, what"),
        "u_ex.log": (
            "#Software: IIS\n#Fields: date time sc-status cs-method\n2026-03-01 10:00:00 1 a\n2026-03-01 10:00:00 2 b\n",
            "2026-03-01 10:00:00 3 c\n",
            "T_CL | project scStatus, csMethod",
        ),
        "flow": ("start action dstport\n1772359200 a 1\n1772359200 b 2\n", "1772359200 c 3\n", "T_CL | project DstPort, Action"),
    }[name]
    path = tmp_path / "export" / name
    path.parent.mkdir()
    path.write_text(begun)
    looking = Looking(store, str(path.parent))
    looking.look()
    path.write_text(begun + more)
    looking.look()
    assert sorted(kqlog.connect(store.root).query(query).texts()) == [["1", "a"], ["2", "b"], ["3", "c"]]
    assert looking.warnings == []


def test_what_cannot_be_read_is_told_and_the_rest_is_stored(store: Store, tmp_path: Path, run: Callable[..., Done]) -> None:
    folder = tmp_path / "export"
    folder.mkdir()
    (folder / "a.jsonl").write_bytes(lines(1) + b"oops\n\xff\n" + lines(2))
    (folder / "b").write_bytes(b"what is this\n")
    (folder / "c.gz").write_bytes(gzip.compress(lines(*range(20_000)))[:-9])
    (folder / "d.parquet").write_bytes(b"PAR1 but no more")
    done = run("ingest", "-d", store.root, "T_CL", folder)
    assert done.returncode == 1
    assert done.stdout == f"{folder}: 1 object, 2 rows in T_CL\n"
    assert f"2 lines are left out. ENG003: {folder}/a.jsonl, line 2: not JSON" in done.stderr
    assert f"ENG003: cannot tell the format of '{folder}/b'" in done.stderr
    assert f"{folder}/c.gz, line" in done.stderr
    assert f"ENG003: {folder}/d.parquet: not Parquet" in done.stderr
    assert numbers(store) == [1, 2]
    # Nothing of it is remembered as stored.
    for name in ("b", "d.parquet"):
        (folder / name).unlink()
    (folder / "c.gz").write_bytes(gzip.compress(lines(3)))
    done = run("ingest", "-d", store.root, "T_CL", folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert run("ingest", "-d", store.root, "T_CL", folder).stdout == f"{folder}: there is nothing new\n"
    assert numbers(store) == [1, 2, 3]


def test_parquet_and_objects_of_many_rows(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "export"
    folder.mkdir()
    monkeypatch.setattr(file_batches, "MOST_ROWS", 10)
    (folder / "a.jsonl.gz").write_bytes(gzip.compress(lines(*range(95))))
    kqlog.query("range n from 95 to 199 step 1").save(folder / "b.parquet")
    looking = Looking(store, str(folder))
    looking.look()
    (folder / "b.parquet").touch()  # it has another time, and the same content
    looking.look()
    assert looking.look() is None
    assert numbers(store) == list(range(200))


# ------------------------------------------------------------------------------------------------------------------- Azure


def test_an_append_blob_that_grows_within_its_hour_is_read_on_from_where_it_ended(
    store: Store, container: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    blob = container.get_blob_client(HOUR)
    blob.create_append_blob()
    looking = Looking(store, f"az://{container.container_name}", None)
    assert looking.look() is None
    starts: list[int] = []
    copy = Bucket.copy
    monkeypatch.setattr(Bucket, "copy", lambda self, name, start, to: (starts.append(start), copy(self, name, start, to))[1])
    sent, sizes = 0, [0]
    for count in (30, 1, 200):
        blob.append_block(b"".join(json.dumps(record(sent + n)).encode() + b"\r\n" for n in range(count)))
        sent += count
        assert looking.look() == f"az://{container.container_name}: 1 object, {count} rows in AzureDiagnostics"
        assert starts.pop() == max(0, sizes[-1] - 1024)
        assert starts == []
        sizes.append(blob.get_blob_properties().size)
    blob.set_blob_metadata({"touched": "yes"})
    looking.look()
    query = "AzureDiagnostics | summarize count(), dcount(n_d, 4), take_any(Category)"
    assert kqlog.connect(store.root).query(query).rows == [(231, 231, "Audit")]


@pytest.mark.parametrize("indent", [None, 1])
def test_records_that_are_written_anew_with_more_of_them(store: Store, container: Any, indent: int | None) -> None:
    # As flow logs of networks grow: the list is closed each time.
    looking = Looking(store, f"az://{container.container_name}/insights-logs", None)
    for count in (0, 2, 5, 5, 6):
        body = json.dumps({"records": [record(n) for n in range(count)]}, indent=indent)
        container.upload_blob(f"insights-logs/{HOUR}", body, overwrite=True)
        looking.look()
    container.upload_blob("insights-logs/lines.json", "".join(json.dumps({"records": [record(n)]}) + "\n" for n in (6, 7)))
    looking.look()
    container.upload_blob(
        "insights-logs/lines.json", "".join(json.dumps({"records": [record(n)]}) + "\n" for n in (6, 7, 8)), overwrite=True
    )
    looking.look()
    assert sorted(n for (n,) in kqlog.connect(store.root).query("AzureDiagnostics | project toint(n_d)").rows) == list(range(9))
    assert looking.warnings == []


def test_another_content_under_the_same_name_is_read_anew(store: Store, container: Any) -> None:
    looking = Looking(store, f"az://{container.container_name}")
    for body in (
        lines(1, 2),
        lines(3),
        lines(4, 5, 6),
        lines(4, 5, 6),
        gzip.compress(lines(7)),
        gzip.compress(lines(7)) + gzip.compress(lines(8)),
    ):
        container.upload_blob("latest.log", body, overwrite=True)
        looking.look()
    assert numbers(store) == [1, 2, 3, 4, 5, 6, 7, 8]


def test_names_with_odd_characters(store: Store, container: Any) -> None:
    for n, name in enumerate(["we ird#%*+?/ü.log", "a=b&c/%23.log", "dots/..x.log", "é" * 200]):
        container.upload_blob(name, lines(n))
    Looking(store, f"az://{container.container_name}").look()
    assert numbers(store) == [0, 1, 2, 3]


def test_the_activity_log_from_a_container(store: Store, container: Any) -> None:
    event = {
        "eventTimestamp": "2026-03-01T10:00:00Z",
        "operationName": {"value": "Microsoft.Compute/start"},
        "status": {"value": "Succeeded"},
    }
    container.upload_blob("activity.json", json.dumps({"value": [event, event]}))
    Looking(store, f"az://{container.container_name}", None).look()
    assert kqlog.connect(store.root).query("AzureActivity | summarize count() by ActivityStatusValue").rows == [("Success", 2)]


# ---------------------------------------------------------------------------------------------------------------------- AWS


def test_cloudtrail_and_load_balancers_from_a_bucket(store: Store, bucket: Any) -> None:
    event = {
        "eventVersion": "1.11",
        "eventSource": "s3.amazonaws.com",
        "eventTime": "2026-03-01T10:00:00Z",
        "userIdentity": {"type": "Root"},
    }
    trail, shop = "AWSLogs/1/CloudTrail/eu-west-1/2026/03/01", "AWSLogs/1/elasticloadbalancing/eu-west-1/2026/03/01"
    for n in range(20):
        body = gzip.compress(json.dumps({"Records": [event | {"eventName": f"Op{n}"}] * 3}).encode())
        bucket.put_object(Key=f"{trail}/{n}.json.gz", Body=body)
    bucket.put_object(Key="AWSLogs/1/CloudTrail-Digest/d.json.gz", Body=gzip.compress(b'{"digestS3Object": 1}'))
    line = 'http 2026-03-01T10:00:00Z app/shop/1 192.0.2.7:1 10.0.0.1:80 0 0 0 200 200 1 2 "GET http://a/ HTTP/1.1" "-" - - - "-" "-" "-" 0 -'
    bucket.put_object(Key=f"{shop}/1_app.log.gz", Body=gzip.compress(line.encode()))
    bucket.put_object(Key="AWSLogs/1/ELBAccessLogTestFile", Body=b"Enable AccessLog for ELB")
    looking = Looking(store, f"s3://{bucket.name}/AWSLogs/1/CloudTrail", None)
    assert looking.look() == f"s3://{bucket.name}/AWSLogs/1/CloudTrail: 20 objects, 60 rows in AWSCloudTrail"
    assert looking.look() is None
    Looking(store, f"s3://{bucket.name}/AWSLogs/*/elasticloadbalancing/*.log.gz", None).look()
    assert kqlog.connect(store.root).query("AWSCloudTrail | summarize count(), dcount(EventName, 4)").rows == [(60, 20)]
    assert kqlog.connect(store.root).query("AWSALBAccessLogs | project ClientIp, ElbStatusCode").rows == [("192.0.2.7", 200)]
    # The name of one object is a place as well.
    assert Looking(store, f"s3://{bucket.name}/{shop}/1_app.log.gz", None).look() is None


# ---------------------------------------------------------------------------------------------------------- the command line


def test_follow_goes_on_with_what_comes(store: Store, container: Any) -> None:
    blob = container.get_blob_client("app.log")
    blob.create_append_blob()
    url = f"az://{container.container_name}"
    command = [sys.executable, "-m", "kqlog.cli", "ingest", "--follow", "--every", "1s", "-d", str(store.root), "T_CL", url]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        for n in range(2):
            blob.append_block(lines(n))
            assert process.stdout.readline() == f"{url}: 1 object, 1 rows in T_CL\n"
        assert numbers(store) == [0, 1]
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=20)[1] == "interrupted\n"
    finally:
        process.kill()


class EnoughError(Exception):
    """Ends what goes on without end."""


def test_follow_outlives_what_goes_wrong_meanwhile(store: Store, tmp_path: Path) -> None:
    folder, said = tmp_path / "export", list[str]()

    class FourTimes(Objects):
        looks = 0

        def poll(self) -> str | None:
            self.looks += 1
            if self.looks > 4:
                raise EnoughError
            if self.looks == 4:
                folder.mkdir()
                (folder / "a.log").write_bytes(lines(1))
            return super().poll()

    with pytest.raises(EnoughError):
        objects.follow([FourTimes(store, "T_CL", Folder(folder), None, None, said.append)], 0, said.append, said.append)
    assert said == [f"ENG003: {folder} cannot be read: there is no such folder", f"{folder}: 1 object, 1 rows in T_CL"]


def test_the_extra_that_is_missing_is_named(store: Store) -> None:
    code = "import sys; sys.modules['obstore'] = None; sys.modules['obstore.store'] = None; from kqlog import cli; sys.exit(cli.main())"
    done = subprocess.run(
        [sys.executable, "-c", code, "ingest", "-d", store.root, "T_CL", "s3://logs"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr == "object storage wants the package obstore.store: pip install 'kqlog[objects]'\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["ftp://host/logs"], "ING001: 'ftp://host/logs' is no place of objects\nhint: az://CONTAINER/PREFIX"),
        (["az://"], "ING001: 'az://' is no place of objects"),
        (["--follow", "app.log"], "--follow is for folders and buckets: kqlog tail app.log follows a file"),
        (["--follow", "--every", "soon", "."], "ING001: 'soon' is not how often"),
    ],
)
def test_what_cannot_be_asked_for(store: Store, arguments: list[str], said: str, run: Callable[..., Done]) -> None:
    done = run("ingest", "-d", store.root, "T_CL", *arguments)
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_what_a_cloud_refuses_is_told_without_secrets(
    store: Store, bucket: Any, container: Any, azurite: str, monkeypatch: pytest.MonkeyPatch, run: Callable[..., Done]
) -> None:
    missing = run("ingest", "-d", store.root, "T_CL", "s3://no-such-bucket", "az://no-such-container")
    assert missing.returncode == 1
    assert re.search(r"ENG003: s3://no-such-bucket cannot be read: .*404 Not Found", missing.stderr)
    assert re.search(r"ENG003: az://no-such-container cannot be read: .*404 Not Found", missing.stderr)
    bucket.put_object(Key="a//b.log", Body=lines(1))
    bucket.put_object(Key="c/d.log", Body=lines(2))
    empty = run("ingest", "-d", store.root, "T_CL", f"s3://{bucket.name}", f"s3://{bucket.name}/c")
    assert "contained empty path segment\nhint: name a prefix without it" in empty.stderr
    assert numbers(store) == [2]
    endpoint = re.search("BlobEndpoint=[^;]*", azurite)
    assert endpoint
    monkeypatch.setenv(
        "AZURE_STORAGE_CONNECTION_STRING",
        f"AccountName=devstoreaccount1;SharedAccessSignature=sv=2022-11-02&sig=c2VjcmV0;{endpoint[0]}",
    )
    refused = run("ingest", "-d", store.root, "T_CL", f"az://{container.container_name}")
    assert refused.returncode == 1
    assert "403" in refused.stderr
    assert "c2VjcmV0" not in refused.stderr


def test_a_workspace_that_cannot_be_written_is_told(store: Store, tmp_path: Path, run: Callable[..., Done]) -> None:
    (store.root / "objects").touch()
    done = run("ingest", "-d", store.root, "T_CL", tmp_path)
    assert done.returncode == 1
    assert re.match(r"ING002: .*ledger\.db cannot be written: .*\nhint: make room", done.stderr)


def test_settings_that_are_missing_are_named(store: Store, monkeypatch: pytest.MonkeyPatch, run: Callable[..., Done]) -> None:
    for name in [name for name in os.environ if name.startswith("AZURE_")]:
        monkeypatch.delenv(name)
    said = run("ingest", "-d", store.root, "T_CL", "az://logs").stderr
    assert "Account must be specified\nhint: set AZURE_STORAGE_CONNECTION_STRING" in said


def test_settings_come_from_the_variables_of_azure_s_tools() -> None:
    string = f"DefaultEndpointsProtocol=https;AccountName=logs;AccountKey={KEY};EndpointSuffix=core.windows.net"
    assert azure_settings({"AZURE_STORAGE_CONNECTION_STRING": string}) == {
        "account_name": "logs",
        "account_key": KEY,
        "endpoint": "https://logs.blob.core.windows.net",
    }
    assert azure_settings({"AZURE_STORAGE_ACCOUNT": "logs", "AZURE_STORAGE_KEY": KEY}) == {
        "account_name": "logs",
        "account_key": KEY,
    }
    assert azure_settings({"AZURE_STORAGE_ACCOUNT_NAME": "logs"}) == {"account_name": "logs"}
    assert azure_settings(os.environ | {"AZURE_STORAGE_CONNECTION_STRING": ""}) == {}
