"""Logs that AWS writes to S3: CloudTrail, the access logs of load balancers, flow logs."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

import kqlog
from kqlog.ingest.files import ingest_file
from kqlog.ingest.readers import format_of
from kqlog.store.store import Store, create

EVENT = {
    "eventVersion": "1.11",
    "userIdentity": {
        "type": "AssumedRole",
        "principalId": "AROAEXAMPLE:deploy",
        "arn": "arn:aws:sts::111122223333:assumed-role/ci/deploy",
        "accountId": "111122223333",
        "accessKeyId": "ASIAEXAMPLE",
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "principalId": "AROAEXAMPLE",
                "arn": "arn:aws:iam::111122223333:role/ci",
                "accountId": "111122223333",
                "userName": "ci",
            },
            "attributes": {"creationDate": "2026-03-01T09:59:00Z", "mfaAuthenticated": "false"},
            "ec2RoleDelivery": "2.0",
        },
        "onBehalfOf": {"userId": "u-7", "identityStoreArn": "arn:aws:identitystore::111122223333:identitystore/d-1"},
    },
    "eventTime": "2026-03-01T10:00:00Z",
    "eventSource": "ec2.amazonaws.com",
    "eventName": "StopInstances",
    "awsRegion": "eu-west-1",
    "sourceIPAddress": "192.0.2.7",
    "userAgent": "aws-cli/2.15",
    "errorCode": "Client.UnauthorizedOperation",
    "errorMessage": "You are not authorized.",
    "requestParameters": {"instancesSet": {"items": [{"instanceId": "i-1"}]}},
    "responseElements": None,
    "requestID": "59dbff89-35bd-4eac-99ed-be587ed81825",
    "eventID": "f8e4bd4d-4c6e-4e2b-8e43-2b6b0d6a0a11",
    "readOnly": False,
    "resources": [{"ARN": "arn:aws:ec2:eu-west-1:111122223333:instance/i-1"}],
    "eventType": "AwsApiCall",
    "managementEvent": True,
    "recipientAccountId": "111122223333",
    "eventCategory": "Management",
    "tlsDetails": {"tlsVersion": "TLSv1.3", "cipherSuite": "TLS_AES_128_GCM_SHA256", "clientProvidedHostHeader": "ec2.eu-west-1"},
}
SHOP = (
    "https 2026-03-01T10:00:00.186641Z app/shop/50dc6c495c0c9188 192.0.2.7:2817 10.0.0.1:80 0.086 0.048 0.037 200 200 34 366 "
    '"GET https://shop.example:443/?q=\\"x HTTP/1.1" "curl/8.5 \\x22" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 '
    'arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/web/73e2 "Root=1-58337281-1d84" "shop.example" '
    '"arn:aws:acm:eu-west-1:111122223333:certificate/1" 1 2026-03-01T09:59:59.900000Z "authenticate,forward" "-" "-" "10.0.0.1:80" '
    '"200" "-" "-" TID_1234 "a field of tomorrow"\n'
    'http 2026-03-01T10:00:01.5Z app/shop/50dc6c495c0c9188 [2001:db8::7]:2818 - -1 -1 -1 460 - 0 155 "- http://shop.example:80- -" '
    '"-" - - - "-" "-" "-" - 2026-03-01T10:00:01Z "-" "-" "-" "-" "-" "-" "-"\n'
)
NETWORK = (
    "tls 2.0 2026-03-01T10:00:00 net/mail/c6e77e28c25b2234 g3d4b5e8bb8464cd 192.0.2.7:51341 10.0.0.2:443 5 2 98 246 - "
    "arn:aws:acm:eu-west-1:111122223333:certificate/2 - ECDHE-RSA-AES128-SHA tlsv12 - mail.example h2 h2 "
    '"h2","http/1.1" 2026-03-01T09:59:58\n'
)
CLASSIC = (
    "2026-03-01T10:00:00.945958Z old-shop 192.0.2.7:2817 10.0.0.1:80 0.000073 0.001048 0.000057 200 200 0 29 "
    '"GET http://shop.example:80/ HTTP/1.1" "curl/7.38.0" - -\n'
    "2026-03-01T10:00:01Z old-shop 192.0.2.7:2818 - -1 -1 -1 503 0 0 0 "
    '"GET http://shop.example:80/ HTTP/1.1" "-" DHE-RSA-AES128-SHA TLSv1.2\n'
)
FLOWS = (
    "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status flow-direction\n"
    "5 111122223333 eni-1 192.0.2.7 10.0.0.1 49152 22 6 20 4249 1772359200 1772359260 REJECT OK ingress\n"
    "5 111122223333 eni-1 - - - - - - - 1772359260 1772359320 - NODATA -\n"
)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return create(tmp_path / "logs")


def stored(store: Store, tmp_path: Path, text: str, query: str) -> list[list[str]]:
    path = tmp_path / "object.gz"
    path.write_bytes(gzip.compress(text.encode()))
    ingest_file(store, None, path)
    return kqlog.connect(store.root).query(query).texts()


@pytest.mark.parametrize(
    "text", [json.dumps({"Records": [EVENT]}), json.dumps({"Records": [EVENT]}, indent=2), json.dumps(EVENT)]
)
def test_cloudtrail_is_as_sentinel_has_it(store: Store, tmp_path: Path, text: str) -> None:
    query = """AWSCloudTrail | project TimeGenerated, EventName, EventTypeName, Category, UserIdentityType, SessionIssuerUserName, ReadOnly,
        ManagementEvent, SessionMfaAuthenticated, SessionCreationDate, AwsRequestId_, UserIdentityUserId, EC2RoleDelivery, TlsVersion"""
    assert stored(store, tmp_path, text, query) == [
        ["2026-03-01T10:00:00.0000000Z", "StopInstances", "AwsApiCall", "Management", "AssumedRole", "ci", "false",
         "true", "false", "2026-03-01T09:59:00.0000000Z", "59dbff89-35bd-4eac-99ed-be587ed81825", "u-7", "2.0", "TLSv1.3"]
    ]  # fmt: skip
    query = "AWSCloudTrail | project tostring(parse_json(RequestParameters).instancesSet.items[0].instanceId), ResponseElements, Resources"
    assert kqlog.connect(store.root).query(query).texts() == [
        ["i-1", "", '[{"ARN":"arn:aws:ec2:eu-west-1:111122223333:instance/i-1"}]']
    ]


def test_every_column_of_cloudtrail_that_is_filled_is_one_of_the_table(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "trail.json"
    path.write_text(json.dumps({"Records": [EVENT]}))
    assert ingest_file(store, None, path) == f"{path}: 1 rows in AWSCloudTrail"


def test_an_application_load_balancer(store: Store, tmp_path: Path) -> None:
    query = """AWSALBAccessLogs | order by TimeGenerated asc
        | project ALBType, Alb, ClientIp, ClientPort, TargetIp, TargetPort, RequestRaw, UserAgent, ElbStatusCode, TargetStatusCode,
            SentBytes, MatchedRulePriority, ActionsExecuted, ConnTraceId"""
    assert stored(store, tmp_path, SHOP, query) == [
        ["https", "app/shop/50dc6c495c0c9188", "192.0.2.7", "2817", "10.0.0.1", "80", 'GET https://shop.example:443/?q=\\"x HTTP/1.1',
         "curl/8.5 \\x22", "200", "200", "366", "1", "authenticate,forward", "TID_1234"],
        ["http", "app/shop/50dc6c495c0c9188", "2001:db8::7", "2818", "", "", "- http://shop.example:80- -", "", "460", "", "155", "", "", ""],
    ]  # fmt: skip


def test_a_network_load_balancer(store: Store, tmp_path: Path) -> None:
    query = "AWSNLBAccessLogs | project TimeGenerated, Nlb, ClientIPPort, TlsHandshakeTime, SentBytes, DomainName, TLSCipher, ChosenCertSerial"
    assert stored(store, tmp_path, NETWORK, query) == [
        ["2026-03-01T10:00:00.0000000Z", "net/mail/c6e77e28c25b2234", "192.0.2.7:51341", "2", "246", "mail.example", "ECDHE-RSA-AES128-SHA", ""]
    ]  # fmt: skip


def test_a_classic_load_balancer(store: Store, tmp_path: Path) -> None:
    query = """AWSELBAccessLogs_CL | order by TimeGenerated asc
        | project Elb, ClientPort, BackendIp, BackendProcessingTime, ElbStatusCode, SentBytes, RequestRaw, SslProtocol"""
    assert stored(store, tmp_path, CLASSIC, query) == [
        ["old-shop", "2817", "10.0.0.1", "0.001048", "200", "29", "GET http://shop.example:80/ HTTP/1.1", ""],
        ["old-shop", "2818", "", "-1.0", "503", "0", "GET http://shop.example:80/ HTTP/1.1", "TLSv1.2"],
    ]


def test_flow_logs_have_the_names_of_their_first_line(store: Store, tmp_path: Path) -> None:
    query = """AWSVPCFlow | order by TimeGenerated asc
        | project TimeGenerated, End, Version, SrcAddr, SrcPort, DstPort, Protocol, Bytes, Action, LogStatus, FlowDirection"""
    assert stored(store, tmp_path, FLOWS, query) == [
        ["2026-03-01T10:00:00.0000000Z", "2026-03-01T10:01:00.0000000Z", "5", "192.0.2.7", "49152", "22", "6", "4249", "REJECT", "OK", "ingress"],
        ["2026-03-01T10:01:00.0000000Z", "2026-03-01T10:02:00.0000000Z", "5", "", "", "", "", "", "", "NODATA", ""],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (json.dumps({"Records": []}), "cloudtrail"),
        (json.dumps({"records": []}), "resource-logs"),
        (json.dumps(EVENT), "cloudtrail"),
        ('{"eventVersion": 1, "other": 2}', "jsonl"),
        (SHOP, "load-balancer"),
        (NETWORK, "load-balancer"),
        (CLASSIC, "load-balancer"),
        (FLOWS, "vpc-flow"),
        ('192.0.2.7 - - [01/Mar/2026:10:00:00 +0200] "GET / HTTP/1.1" 200 512\n', "access"),
        ("#Software: IIS\n#Fields: date time\n", "iis"),
    ],
)
def test_a_format_is_known_by_its_beginning(tmp_path: Path, text: str, name: str) -> None:
    path = tmp_path / "object"
    path.write_text(text)
    assert format_of(path).name == name


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (SHOP + "https 2026-03-01T10:00:00Z app/shop/1 192.0.2.7:2817\n", "line 3: 4 fields, where a load balancer writes 30"),
        (SHOP + "hello\n", "line 3: not in the format of a load balancer's access log"),
        (FLOWS + "5 1\n", "line 4: 2 values under 15 names"),
        ('{"Records": [1]}', "'Records' is a list of other things than objects"),
    ],
)
def test_what_is_broken_is_told_with_its_place(store: Store, tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "object"
    path.write_text(text)
    with pytest.raises(kqlog.QueryError, match=reason):
        ingest_file(store, None, path, format_="cloudtrail" if text.startswith("{") else None)
