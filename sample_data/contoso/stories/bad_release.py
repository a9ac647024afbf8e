"""Wednesday 13:05: version 2.8.0 of the payments API goes live, authorizes slowly and wrongly, and is rolled back at 14:22.

The new version asks the tokenization service for every payment, and that service answers slowly. Only authorizing is affected.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from random import Random

from ..company import PAYMENTS, at
from ..control_plane import alert, release
from ..log import Log, chances
from ..traffic import ERROR, WARNING, Request, Trace

BAD_VERSION = "2.8.0"
RELEASED = at(3, "13:05")
LIVE = RELEASED + timedelta(minutes=6)
ROLLED_BACK = at(3, "14:22")
GOOD_AGAIN = ROLLED_BACK + timedelta(minutes=4)


def change_request(request: Request, random: Random) -> Request:
    """What the bad version did to a request it served."""
    if request.app is not PAYMENTS or not LIVE <= request.time < GOOD_AGAIN:
        return request
    request = replace(request, version=BAD_VERSION)
    if not request.operation.path.endswith("/authorize"):
        return request
    waited = random.lognormvariate(8.0, 0.45)
    properties: dict[str, object] = {"CategoryName": "Contoso.Payments.Tokenization", "id": request.key}
    took = f"Token request for payment {request.key} took {waited:.0f} ms"
    slow = Trace(WARNING, took, {**properties, "elapsedMs": round(waited)})
    if random.random() > 0.18:
        return request.with_outcome(request.status, request.milliseconds + waited, slow)
    exception = f"System.TimeoutException: tokenization of payment {request.key} timed out after 3 attempts"
    failed = Trace(ERROR, exception, {**properties, "attempts": 3})
    return request.with_outcome(500, 10_000 + random.uniform(20, 400), slow, failed)


def tell(log: Log) -> None:
    """Write the release and the roll-back."""
    random = chances("bad release")
    release(log, random, RELEASED, PAYMENTS.group, PAYMENTS.name, BAD_VERSION)
    rule = "contoso-payments slow requests"
    alert(log, random, at(3, "13:24"), PAYMENTS.component, rule, "95th percentile over 2 seconds for 10 minutes")
    release(log, random, ROLLED_BACK, PAYMENTS.group, PAYMENTS.name, PAYMENTS.version)
    alert(log, random, at(3, "14:38"), PAYMENTS.component, rule, "95th percentile over 2 seconds for 10 minutes", fired=False)
