"""AWS CloudTrail as it lies in S3: `{"Records": [...]}`, into AWSCloudTrail under the names that Microsoft Sentinel gives."""

from __future__ import annotations

import json
import re
from functools import partial
from typing import Any

from kqlog.ingest.readers.format import Format, Row
from kqlog.ingest.readers.json_lines import JsonLines, first_object

_PLAIN = {
    "eventTime": "TimeGenerated",
    "eventID": "AwsEventId",
    "eventVersion": "EventVersion",
    "eventSource": "EventSource",
    "eventType": "EventTypeName",
    "eventName": "EventName",
    "eventCategory": "Category",
    "awsRegion": "AWSRegion",
    "sourceIPAddress": "SourceIpAddress",
    "userAgent": "UserAgent",
    "errorCode": "ErrorCode",
    "errorMessage": "ErrorMessage",
    "apiVersion": "APIVersion",
    "readOnly": "ReadOnly",
    "managementEvent": "ManagementEvent",
    "recipientAccountId": "RecipientAccountId",
    "sharedEventID": "SharedEventId",
    "vpcEndpointId": "VpcEndpointId",
}
_TEXTS = {
    "requestParameters": "RequestParameters",
    "responseElements": "ResponseElements",
    "additionalEventData": "AdditionalEventData",
    "serviceEventDetails": "ServiceEventDetails",
    "resources": "Resources",
}
"""Objects and lists, which are texts of JSON in the table."""
_WITHIN = {
    ("userIdentity",): {
        "type": "UserIdentityType",
        "principalId": "UserIdentityPrincipalid",
        "arn": "UserIdentityArn",
        "accountId": "UserIdentityAccountId",
        "invokedBy": "UserIdentityInvokedBy",
        "accessKeyId": "UserIdentityAccessKeyId",
        "userName": "UserIdentityUserName",
    },
    ("userIdentity", "onBehalfOf"): {"userId": "UserIdentityUserId", "identityStoreArn": "UserIdentityStoreArn"},
    ("userIdentity", "sessionContext"): {"ec2RoleDelivery": "EC2RoleDelivery"},
    ("userIdentity", "sessionContext", "attributes"): {
        "mfaAuthenticated": "SessionMfaAuthenticated",
        "creationDate": "SessionCreationDate",
    },
    ("userIdentity", "sessionContext", "sessionIssuer"): {
        "type": "SessionIssuerType",
        "principalId": "SessionIssuerPrincipalId",
        "arn": "SessionIssuerArn",
        "accountId": "SessionIssuerAccountId",
        "userName": "SessionIssuerUserName",
    },
    ("tlsDetails",): {
        "tlsVersion": "TlsVersion",
        "cipherSuite": "CipherSuite",
        "clientProvidedHostHeader": "ClientProvidedHostHeader",
    },
}
_MARKS = {"eventVersion", "eventSource", "eventName"}


def convert(event: Row) -> Row:
    """A row of AWSCloudTrail."""
    row: Row = {column: event.get(name) for name, column in _PLAIN.items()}
    row |= {column: _text(event.get(name)) for name, column in _TEXTS.items()}
    # The newer of the two columns is there because not every request id is a GUID.
    row |= dict.fromkeys(("AwsRequestId", "AwsRequestId_"), event.get("requestID"))
    for path, columns in _WITHIN.items():
        part = _part(event, path)
        row |= {column: part.get(name) for name, column in columns.items()}
    return row


def _part(event: Row, path: tuple[str, ...]) -> dict[str, Any]:
    found: Any = event
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}


def _text(value: object) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _recognises(beginning: str) -> bool:
    first = first_object(beginning)
    if first is None:
        return re.match(r'\s*\{\s*"Records"\s*:\s*\[', beginning) is not None and '"eventVersion"' in beginning
    records = first.get("Records")
    if not isinstance(records, list):
        return first.keys() >= _MARKS
    return all(isinstance(record, dict) and "eventVersion" in record for record in records)


FORMAT = Format(
    "cloudtrail",
    'AWS CloudTrail, {"Records": [...]} or an event a line',
    recognises=_recognises,
    parser=partial(JsonLines, convert, "Records"),
    items="Records.item",
    convert=convert,
    table=lambda row: "AWSCloudTrail",
)
