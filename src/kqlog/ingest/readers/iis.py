"""IIS logs in the W3C extended format."""

from __future__ import annotations

from kqlog.ingest.readers.format import Format, Parser, Row, UnreadableError

_COLUMNS = {
    "s-sitename": "sSiteName",
    "s-computername": "Computer",
    "s-ip": "sIP",
    "cs-method": "csMethod",
    "cs-uri-stem": "csUriStem",
    "cs-uri-query": "csUriQuery",
    "s-port": "sPort",
    "cs-username": "csUserName",
    "c-ip": "cIP",
    "cs-version": "csVersion",
    "cs(User-Agent)": "csUserAgent",
    "cs(Cookie)": "csCookie",
    "cs(Referer)": "csReferer",
    "cs-host": "csHost",
    "sc-status": "scStatus",
    "sc-substatus": "scSubStatus",
    "sc-win32-status": "scWin32Status",
    "sc-bytes": "scBytes",
    "cs-bytes": "csBytes",
    "time-taken": "TimeTaken",
}


class W3CExtended(Parser):
    """Values under the names of the last `#Fields:`. Times are UTC."""

    def __init__(self) -> None:
        self._fields: list[str] = []
        self._date = ""

    def is_header(self, line: str) -> bool:
        """Whether it is a directive."""
        return line.startswith("#")

    def feed(self, line: str) -> list[Row]:
        """The row of a request."""
        if line.startswith("#"):
            name, _, value = line.partition(":")
            if name == "#Fields":
                self._fields = value.split()
            elif name == "#Date":
                self._date = value.strip().partition(" ")[0]
            return []
        if not line.strip():
            return []
        if not self._fields:
            raise UnreadableError("no '#Fields:' stands before this line")
        values = line.split()
        if len(values) != len(self._fields):
            raise UnreadableError(f"{len(values)} values under {len(self._fields)} fields")
        given = {field: value for field, value in zip(self._fields, values, strict=True) if value != "-"}
        row: Row = {_COLUMNS.get(field, field): value for field, value in given.items() if field not in {"date", "time"}}
        day = given.get("date", self._date)
        return [{"TimeGenerated": f"{day} {given['time']}Z" if "time" in given else day, **row}]


FORMAT = Format(
    "iis",
    "IIS logs, W3C extended",
    recognises=lambda beginning: beginning.startswith("#") and "\n#Fields:" in "\n" + beginning,
    parser=W3CExtended,
    table=lambda row: "W3CIISLog",
)
