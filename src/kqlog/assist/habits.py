"""How often queries use what: what stands first among all that may stand at a place.

The counts are of some 1,700 public queries over Azure's logs (Azure Monitor's, Sentinel's and hunters' collections): in how
many of them an item stands at least once. Only their order of magnitude matters. What is not here is rare.
"""

from __future__ import annotations

from math import log10

from kqlog.types import Type

OPERATORS = {
    "where": 1566,
    "summarize": 921,
    "extend": 725,
    "project": 660,
    "sort": 210,
    "order": 130,
    "distinct": 243,
    "project-reorder": 100,
    "render": 218,
    "join": 182,
    "top": 117,
    "mv-expand": 106,
    "union": 71,
    "parse": 52,
    "project-rename": 35,
    "take": 40,
    "limit": 30,
    "search": 23,
    "project-away": 40,
    "evaluate": 19,
    "make-series": 19,
    "mv-apply": 18,
    "lookup": 13,
    "count": 15,
    "parse-where": 8,
    "top-nested": 4,
    "as": 3,
    "serialize": 3,
    "getschema": 3,
    "range": 3,
}

FUNCTIONS = {
    "ago": 799,
    "tostring": 461,
    "parse_json": 345,
    "isnotempty": 213,
    "bin": 177,
    "split": 74,
    "extract": 74,
    "not": 71,
    "todynamic": 66,
    "now": 53,
    "tolower": 50,
    "strcat": 47,
    "iff": 44,
    "array_length": 38,
    "case": 34,
    "isempty": 34,
    "startofday": 33,
    "datetime_diff": 31,
    "geo_info_from_ip_address": 20,
    "replace_string": 20,
    "todouble": 19,
    "toint": 15,
    "tolong": 10,
    "toreal": 6,
    "base64_decode_tostring": 18,
    "pack_array": 13,
    "bag_pack": 8,
    "series_decompose_anomalies": 12,
    "coalesce": 12,
    "startofweek": 11,
    "ipv4_is_private": 11,
    "ingestion_time": 10,
    "todatetime": 9,
    "round": 9,
    "startofmonth": 9,
    "format_datetime": 8,
    "series_fit_2lines": 8,
    "string_size": 7,
    "strlen": 7,
    "abs": 5,
    "parse_url": 5,
    "hourofday": 5,
    "extract_all": 5,
    "series_fit_line": 4,
    "substring": 6,
    "trim": 4,
    "isnotnull": 10,
    "isnull": 6,
    "dayofweek": 3,
    "tobool": 3,
    "toupper": 4,
    "prev": 3,
    "next": 2,
    "count": 450,
    "make_set": 221,
    "arg_max": 186,
    "dcount": 151,
    "countif": 53,
    "sum": 50,
    "avg": 42,
    "max": 29,
    "make_list": 24,
    "dcountif": 23,
    "make_set_if": 23,
    "arg_min": 14,
    "min": 13,
    "percentile": 26,
    "percentiles": 24,
    "take_any": 10,
    "sumif": 3,
    "make_list_if": 3,
    "count_distinct": 3,
    "toscalar": 20,
    "materialize": 15,
    "pivot": 14,
    "bag_unpack": 4,
    "ipv4_lookup": 2,
    "autocluster": 2,
    "basket": 1,
}

TABLES = (
    *("SigninLogs", "AuditLogs", "AzureDiagnostics", "SecurityEvent", "AzureActivity", "Event", "Syslog", "Perf", "Heartbeat"),
    *("AzureMetrics", "W3CIISLog", "Usage", "DeviceNetworkEvents", "DeviceProcessEvents", "OfficeActivity", "SecurityAlert"),
    *("AppRequests", "AppExceptions", "AppTraces", "ContainerLog", "InsightsMetrics", "Update", "ConfigurationChange"),
    *("StorageBlobLogs", "AppServiceHTTPLogs", "FunctionAppLogs", "KubePodInventory", "CommonSecurityLog"),
)
"""Tables that most is written about, the most frequent first."""

COLUMNS = {
    "TimeGenerated": 9000,
    "Computer": 120,
    "ResourceId": 60,
    "_ResourceId": 60,
    "Resource": 50,
    "ResourceProvider": 60,
    "OperationName": 90,
    "Category": 90,
    "ResultType": 50,
    "ResultDescription": 25,
    "Type": 30,
    "Level": 40,
    "Message": 40,
    "Status": 40,
    "StatusCode": 40,
    "EventID": 60,
    "UserPrincipalName": 60,
    "IPAddress": 40,
    "CounterName": 30,
    "CounterValue": 30,
    "ObjectName": 25,
    "InstanceName": 20,
    "SubscriptionId": 25,
    "ResourceGroup": 25,
    "CorrelationId": 25,
    "TenantId": 3,
    "SourceSystem": 2,
    "_SubscriptionId": 3,
    "_BilledSize": 3,
    "_IsBillable": 3,
}
"""Columns that many tables have, or that are asked for most."""

COLUMN_PARTS = {
    "Name": 12,
    "Operation": 12,
    "Status": 12,
    "Result": 12,
    "Time": 10,
    "Duration": 10,
    "User": 9,
    "Message": 9,
    "Category": 9,
    "Level": 8,
    "Event": 8,
    "Code": 8,
    "Ip": 8,
    "IP": 8,
    "Caller": 8,
    "Uri": 7,
    "Url": 7,
    "Host": 7,
    "Method": 7,
    "Device": 6,
    "Account": 6,
    "Action": 6,
    "Description": 5,
    "Type": 5,
    "Resource": 5,
    "Count": 5,
    "Id": 3,
    "ID": 3,
}
"""Words in the names of columns that say what a row is about: what queries ask for first."""

MEASURES = {
    "Bytes": 10,
    "Duration": 10,
    "Total": 8,
    "Count": 8,
    "Value": 10,
    "Time": 6,
    "Size": 8,
    "Average": 8,
    "Memory": 8,
    "Ms": 8,
}
"""Words in the names of columns whose numbers are added up."""

COMPARISONS: dict[Type | None, tuple[str, ...]] = {
    Type.STRING: (
        "==",
        "has",
        "contains",
        "in",
        "!=",
        "has_any",
        "startswith",
        "in~",
        "=~",
        "matches regex",
        "!contains",
        "endswith",
    ),
    Type.DATETIME: (">", "between", "<", ">=", "<=", "!between", "==", "-"),
    Type.TIMESPAN: (">", "<", ">=", "==", "between", "<="),
    Type.BOOL: ("==", "!=", "and", "or"),
    Type.DYNAMIC: (".", "has", "[", "contains", "has_any", "==", "!=", "in"),
    Type.GUID: ("==", "!=", "in", "!in"),
    None: ("==", ">", "<", "!=", ">=", "in", "has", "contains", "<=", "/", "*", "between"),
}
"""What a value of a type is compared by, the most frequent first; None for numbers and what is not known."""

TIMESPANS = ("1h", "1d", "7d", "5m", "24h", "30d", "1m", "15m", "14d", "30m", "10m", "12h", "90d")
"""Lengths of time that queries name, the most frequent first."""

KEYWORDS = {
    "by": 921,
    "and": 500,
    "or": 122,
    "desc": 300,
    "asc": 100,
    "on": 195,
    "let": 300,
    "with": 60,
    "kind=": 180,
    "in": 284,
    "to": 40,
    "from": 20,
    "step": 20,
    "nulls": 5,
    "true": 30,
    "false": 15,
    "datetime": 60,
    "dynamic": 60,
}

CHARTS = ("timechart", "piechart", "barchart", "columnchart", "areachart", "linechart", "table", "scatterchart", "anomalychart")
"""Kinds of charts, the most frequent first."""

PROPERTIES = frozenset({"title", "kind", "ytitle", "xtitle", "xcolumn", "ycolumns", "series", "ymin", "ymax"})
"""Properties of charts that queries set."""

JOIN_KINDS = ("inner", "leftouter", "leftanti", "innerunique", "leftsemi", "rightouter", "fullouter", "rightanti", "rightsemi")


def weight(counts: dict[str, int], name: str) -> float:
    """From 0 for what is rare to about 30 for what nearly every query has."""
    return 10 * log10(1 + counts.get(name, 0))
