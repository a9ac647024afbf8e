"""Requests to the four web applications on three ordinary days."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from random import Random

from .company import APPS, CITIES, DAYS, INTRANET, ORDERS, PEOPLE, SHOP, SQL_PRIMARY, App, City, Operation, Person, Resource
from .log import OFFICE, SHOPPERS, chances, moments

INFORMATION, WARNING, ERROR, CRITICAL = 1, 2, 3, 4


@dataclass(frozen=True)
class Trace:
    """A line the application wrote while it served a request."""

    level: int
    message: str
    properties: dict[str, object]


@dataclass(frozen=True)
class Visitor:
    """Who asked."""

    user: str
    session: str
    city: City
    system: str
    browser: str
    principal_name: str = ""


@dataclass(frozen=True)
class Request:
    """One request and what came of it."""

    time: datetime
    app: App
    operation: Operation
    visitor: Visitor
    milliseconds: float
    status: int
    version: str
    instance: str
    key: int
    database: Resource | None = None
    traces: tuple[Trace, ...] = ()

    def with_outcome(self, status: int, milliseconds: float, *traces: Trace) -> Request:
        """The same request with another end."""
        return replace(self, status=status, milliseconds=milliseconds, traces=(*self.traces, *traces))


# A story's hand in the traffic: it gets each request with a generator of its own and returns what really happened.
Change = Callable[[Request, Random], Request]

_DEVICES = (
    ("Windows 10", "Chrome 133.0"), ("Windows 10", "Edge 134.0"), ("iOS 18.3", "Mobile Safari 18.3"),
    ("Android 15", "Chrome Mobile 133.0"), ("Mac OS X 15.3", "Safari 18.3"), ("Linux", "Firefox 135.0"),
)  # fmt: skip
_PARTNER = Visitor("", "", CITIES["Amsterdam"], "", "")
_CATEGORIES = {
    "GET /products": ("Contoso.Shop.Catalog", "Catalog page {n} rendered with {k} products"),
    "GET /products/{id}": ("Contoso.Shop.Catalog", "Product {n} read from cache generation {k}"),
    "POST /cart": ("Contoso.Shop.Cart", "Cart {n} priced, {k} lines"),
    "POST /checkout": ("Contoso.Shop.Checkout", "Order {n} accepted, {k} lines"),
    "POST /api/orders": ("Contoso.Orders.Intake", "Order {n} queued for warehouse {k}"),
    "GET /api/orders/{id}": ("Contoso.Orders.Query", "Order {n} found in shard {k}"),
    "POST /api/payments/authorize": ("Contoso.Payments.Authorization", "Payment {n} authorized by acquirer {k}"),
    "POST /api/payments/capture": ("Contoso.Payments.Capture", "Payment {n} captured by acquirer {k}"),
    "GET /search": ("Contoso.Intranet.Search", "Query {n} answered with {k} hits"),
}


def _colleague(random: Random, person: Person) -> Visitor:
    session = f"{random.getrandbits(48):012x}"
    return Visitor(person.login, session, CITIES[person.city], person.system, person.browser, person.principal_name)


def _customer(random: Random) -> Visitor:
    city = random.choices(list(CITIES.values()), (34, 14, 12, 26, 14))[0]
    system, browser = random.choice(_DEVICES)
    return Visitor(f"{random.getrandbits(40):010x}", f"{random.getrandbits(48):012x}", city, system, browser)


def _visitors(random: Random, app: App) -> list[Visitor]:
    if app is INTRANET:
        return [_colleague(random, person) for person in PEOPLE]
    if app is SHOP:
        return [_customer(random) for _ in range(900)]
    return [_PARTNER]


def _everyday_status(random: Random, operation: Operation) -> int:
    chance = random.random()
    if chance < 0.002:
        return 500
    if "{id}" in operation.path and chance < 0.02:
        return 404
    if operation.name.startswith("POST") and chance < 0.015:
        return 400
    return 201 if operation.name.startswith("POST") else 200


def _everyday_traces(random: Random, operation: Operation, key: int, status: int) -> tuple[Trace, ...]:
    if status == 500:
        message = "Unhandled exception: System.NullReferenceException: Object reference not set to an instance of an object."
        return (Trace(ERROR, message, {"CategoryName": "Microsoft.AspNetCore.Server.Kestrel"}),)
    if operation.name not in _CATEGORIES or random.random() > 0.35:
        return ()
    category, message = _CATEGORIES[operation.name]
    number = random.randint(1, 24)
    return (Trace(INFORMATION, message.format(n=key, k=number), {"CategoryName": category, "id": key, "number": number}),)


def _request(random: Random, app: App, time: datetime, visitors: list[Visitor]) -> Request:
    operation = random.choices(app.operations, [operation.weight for operation in app.operations])[0]
    key = random.randint(10_000, 99_999)
    status = _everyday_status(random, operation)
    return Request(
        time=time,
        app=app,
        operation=operation,
        visitor=random.choice(visitors),
        milliseconds=operation.milliseconds * random.lognormvariate(0, 0.35) * (0.4 if status in {400, 404} else 1),
        status=status,
        version=app.version,
        instance=random.choice(app.instances),
        key=key,
        database=SQL_PRIMARY if app in (SHOP, ORDERS) and operation.uses_database else None,
        traces=_everyday_traces(random, operation, key, status),
    )


def requests(changes: Sequence[Change]) -> Iterator[Request]:
    """Every request of the three days, in order for each application, as the stories left it."""
    for app in APPS:
        random = chances(app.name)
        change_random = chances(f"{app.name} changes")
        visitors = _visitors(random, app)
        for time in moments(random, app.requests_per_day * DAYS, OFFICE if app is INTRANET else SHOPPERS):
            request = _request(random, app, time, visitors)
            for change in changes:
                request = change(request, change_random)
            yield request
