"""Servers of object storage, and looks at what lies in it."""

from __future__ import annotations

import random
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from object_places import KEY


@pytest.fixture(scope="module")
def azurite() -> Iterator[str]:
    """The connection string of a server."""
    node = shutil.which("node")
    found = node and subprocess.run(
        [node, "-p", "require.resolve('azurite/package.json')"], capture_output=True, text=True, check=False
    )
    if not found or found.returncode:
        pytest.skip("there is no Node.js with azurite (npm package, found by NODE_PATH)")
    main = Path(found.stdout.strip()).parent / "dist/src/blob/main.js"
    options = ["--blobPort", "0", "--inMemoryPersistence", "--silent", "--disableTelemetry", "--skipApiVersionCheck"]
    server = subprocess.Popen([node, str(main), *options], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert server.stdout is not None
    said = ""
    while "successfully listens" not in said:
        said = server.stdout.readline()
        assert said, "Azurite ended"
    (port,) = re.findall(r":(\d+)\s*$", said)
    endpoint = f"http://127.0.0.1:{port}/devstoreaccount1"
    yield f"DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey={KEY};BlobEndpoint={endpoint};"
    server.kill()
    server.communicate()


@pytest.fixture
def container(azurite: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A new container, and kqlog's environment to find it."""
    from azure.storage.blob import BlobServiceClient

    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", azurite)
    return BlobServiceClient.from_connection_string(azurite).create_container(f"logs-{random.randrange(10**12)}")


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    """The address of a server."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(moto: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A new bucket, and kqlog's environment to find it."""
    import boto3

    for name, value in {
        "ACCESS_KEY_ID": "test",
        "SECRET_ACCESS_KEY": "test",
        "DEFAULT_REGION": "us-east-1",
        "ENDPOINT_URL": moto,
    }.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    made = boto3.resource("s3").Bucket(f"logs-{random.randrange(10**12)}")
    made.create()
    return made
