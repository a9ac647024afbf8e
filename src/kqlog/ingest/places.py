"""Where objects lie: in a folder, a container of Azure Blob storage, or a bucket of S3 or Google Cloud Storage."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Protocol

from kqlog.errors import QueryError

if TYPE_CHECKING:
    from obstore import ObjectMeta
    from obstore.store import ObjectStore

_PAGE = 1000
_PATIENCE: Any = {"max_retries": 5, "retry_timeout": timedelta(seconds=30)}
_TIMES = {"read_timeout": timedelta(seconds=30), "timeout": timedelta(hours=12)}
"""A large object takes as long as it takes, if only bytes of it come."""
_SECRET = re.compile(r"\?\S+")
"""The query of an address, in which a shared access signature stands."""


_HINTS = {
    "empty path segment": "name a prefix without it",
    "Account must be specified": "set AZURE_STORAGE_CONNECTION_STRING, or AZURE_STORAGE_ACCOUNT and a credential",
    "169.254.169.254": "no credentials are set, and this machine has no identity: set the variables of your cloud",
}
"""What helps, by what is in an error."""


@dataclass(frozen=True)
class Entry:
    """An object as its place describes it; `changed` is in seconds since 1970."""

    name: str
    etag: str
    size: int
    changed: float


class PlaceError(QueryError):
    """ENG003: a place, or an object in it, cannot be reached. It may be `gone`."""

    def __init__(self, what: str, error: Exception) -> None:
        self.gone = isinstance(error, FileNotFoundError)
        reason = getattr(error, "strerror", None) or _SECRET.sub("", str(error).partition("\n")[0])
        hint = next((hint for part, hint in _HINTS.items() if part in reason), None)
        super().__init__("ENG003", f"{what} cannot be read: {reason}", hint=hint)


class Place(Protocol):
    """Objects that are listed and read; what goes wrong is a PlaceError."""

    url: str
    """What the user calls it."""
    key: str
    """Where the names of its objects are unique: two places may overlap."""
    grows: bool
    """Whether objects may have half a line that the next part completes."""

    def shown(self, name: str) -> str:
        """An object in messages."""

    def entries(self) -> Iterator[Entry]:
        """The objects that are there now and are not empty."""

    def copy(self, name: str, start: int, to: IO[bytes]) -> Entry:
        """Write the bytes of an object from `start` on; which version of it that was."""


def is_place(text: str) -> bool:
    """Whether a text names many objects rather than one file."""
    return "://" in text or Path(text).is_dir()


def place_of(text: str) -> Place:
    """The place that a text names: FOLDER, az://CONTAINER/PREFIX, s3://BUCKET/PREFIX or gs://BUCKET/PREFIX.

    Credentials and addresses are those of the clouds' usual environment variables.

    Raises:
        QueryError: ING001 for another scheme, or without a container; ENG003 for settings that are missing.
        ModuleNotFoundError: `obstore` is not installed.
    """
    scheme, several, rest = text.partition("://")
    if not several:
        return Folder(Path(text))
    container, _, prefix = rest.partition("/")
    if scheme not in _OPENED or not container:
        hint = "az://CONTAINER/PREFIX, s3://BUCKET/PREFIX or gs://BUCKET/PREFIX"
        raise QueryError("ING001", f"'{text}' is no place of objects", hint=hint)
    with _refusals(text):
        store, key = _OPENED[scheme](container)
    return Bucket(text, store, f"{scheme}://{key}", container, prefix, grows=scheme == "az")


class Folder:
    """The files of a folder and the folders in it. Names that begin with a dot are passed over."""

    key = "file://"
    grows = True

    def __init__(self, root: Path) -> None:
        self.url = str(root)
        self._root = root.resolve()

    def shown(self, name: str) -> str:
        """The path of a file."""
        return name

    def entries(self) -> Iterator[Entry]:
        """The files with something in them, by name."""
        with _refusals(self.url):
            if not self._root.is_dir():
                raise FileNotFoundError("there is no such folder")
            for path in sorted(self._root.rglob("*")):
                if path.is_file() and not any(part.startswith(".") for part in path.relative_to(self._root).parts):
                    entry = _entry_of_file(str(path), path.stat())
                    if entry.size:
                        yield entry

    def copy(self, name: str, start: int, to: IO[bytes]) -> Entry:
        """Copy a file from a byte on."""
        with _refusals(name), Path(name).open("rb") as file:
            entry = _entry_of_file(name, os.fstat(file.fileno()))
            file.seek(start)
            left = entry.size - start
            while left > 0 and (data := file.read(min(left, 2**20))):
                to.write(data)
                left -= len(data)
            return entry


class Bucket:
    """The objects of a bucket whose names begin with a prefix; a `*` in it stands for any characters."""

    def __init__(self, url: str, store: ObjectStore, key: str, container: str, prefix: str, *, grows: bool) -> None:
        self.url, self.key, self.grows = url, key, grows
        self._store = store
        self._root = f"{url.partition('://')[0]}://{container}/"
        self._pattern = re.compile(".*".join(map(re.escape, prefix.split("*")))) if "*" in prefix else None
        self._prefix = prefix.partition("*")[0].rpartition("/")[0] if self._pattern else prefix.strip("/")

    def shown(self, name: str) -> str:
        """The address of an object."""
        return self._root + name

    def entries(self) -> Iterator[Entry]:
        """The objects with something in them; a prefix may be the whole name of one."""
        import obstore

        found = False
        with _refusals(self.url):
            for page in obstore.list(self._store, self._prefix or None, chunk_size=_PAGE):
                found = found or bool(page)
                yield from (entry for entry in map(_entry_of_object, page) if self._is_wanted(entry))
            if not found and self._prefix and not self._pattern:
                try:
                    yield _entry_of_object(obstore.head(self._store, self._prefix))
                except FileNotFoundError:
                    return

    def copy(self, name: str, start: int, to: IO[bytes]) -> Entry:
        """Get an object from a byte on."""
        import obstore

        with _refusals(self.shown(name)):
            answer = obstore.get(self._store, name, options={"range": {"offset": start}} if start else None)
            for data in answer.stream():
                to.write(data)
            return _entry_of_object(answer.meta)

    def _is_wanted(self, entry: Entry) -> bool:
        return entry.size > 0 and (self._pattern is None or self._pattern.fullmatch(entry.name) is not None)


def _entry_of_file(name: str, stat: os.stat_result) -> Entry:
    return Entry(name, f"{stat.st_ino:x}-{stat.st_mtime_ns:x}-{stat.st_size:x}", stat.st_size, stat.st_mtime)


def _entry_of_object(meta: ObjectMeta) -> Entry:
    # Azure lists an etag without the quotes that it has in a header.
    return Entry(meta["path"], (meta["e_tag"] or "").strip('"'), meta["size"], meta["last_modified"].timestamp())


def _blob_storage(container: str) -> tuple[ObjectStore, str]:
    from obstore.store import AzureStore

    config = azure_settings(os.environ)
    store: Any = AzureStore(container, config=config, client_options=_client(config.get("endpoint")), retry_config=_PATIENCE)
    return store, f"{config.get('account_name') or config.get('endpoint', '')}/{container}"


def azure_settings(variables: Mapping[str, str]) -> Any:
    """Settings of variables that Azure's own tools read and obstore does not; it reads the others itself."""
    string = dict(part.partition("=")[::2] for part in variables.get("AZURE_STORAGE_CONNECTION_STRING", "").split(";"))
    names = {
        "account_name": string.get("AccountName")
        or variables.get("AZURE_STORAGE_ACCOUNT")
        or variables.get("AZURE_STORAGE_ACCOUNT_NAME"),
        "account_key": string.get("AccountKey") or variables.get("AZURE_STORAGE_KEY"),
        "sas_key": string.get("SharedAccessSignature"),
        "endpoint": string.get("BlobEndpoint")
        or variables.get("AZURE_STORAGE_ENDPOINT")
        or (f"https://{string['AccountName']}.blob.{string['EndpointSuffix']}" if "EndpointSuffix" in string else None),
    }
    return {name: value for name, value in names.items() if value}


def _s3(bucket: str) -> tuple[ObjectStore, str]:
    from obstore.store import S3Store

    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    config: Any = {"endpoint": endpoint} if endpoint else {}
    return S3Store(bucket, config=config, client_options=_client(endpoint), retry_config=_PATIENCE), f"{endpoint or ''}/{bucket}"


def _google(bucket: str) -> tuple[ObjectStore, str]:
    from obstore.store import GCSStore

    return GCSStore(bucket, client_options=_client(None), retry_config=_PATIENCE), bucket


_OPENED = {"az": _blob_storage, "s3": _s3, "gs": _google}


def _client(endpoint: str | None) -> Any:
    """How to speak HTTP: without TLS only where an address says so, as that of Azurite or MinIO."""
    return {**_TIMES, "allow_http": endpoint is not None and endpoint.startswith("http://")}


@contextmanager
def _refusals(what: str) -> Iterator[None]:
    """What a place says no to."""
    try:
        yield
    except OSError as error:
        raise PlaceError(what, error) from error
    except Exception as error:
        if not type(error).__module__.startswith("obstore"):
            raise
        raise PlaceError(what, error) from error
