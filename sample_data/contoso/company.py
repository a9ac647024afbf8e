"""Who and what there is: subscription, machines, people, and the three days everything happens in."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

START = datetime(2026, 3, 9, tzinfo=UTC)  # a Monday
DAYS = 3
END = START + timedelta(days=DAYS)

DOMAIN = "contoso.example"


def guid(name: str) -> str:
    """The same GUID for the same name, on every run."""
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{name}.{DOMAIN}"))


WORKSPACE = guid("workspace")
DIRECTORY = guid("directory")
SUBSCRIPTION = guid("subscription")


def at(day: int, clock: str) -> datetime:
    """A moment of the window: `at(2, "09:42")` is the second day, Tuesday, in UTC."""
    moment = datetime.strptime(clock, "%H:%M:%S" if clock.count(":") == 2 else "%H:%M")
    return START + timedelta(days=day - 1, hours=moment.hour, minutes=moment.minute, seconds=moment.second)


@dataclass(frozen=True)
class Resource:
    """Something in Azure; `kind` is provider and type, as in `Microsoft.Sql/servers/databases`."""

    group: str
    kind: str
    name: str
    region: str = "westeurope"

    @property
    def provider(self) -> str:
        """`Microsoft.Sql` of `Microsoft.Sql/servers/databases`."""
        return self.kind.partition("/")[0]

    @property
    def path(self) -> str:
        """The resource id as its owner writes it."""
        provider, *types = self.kind.split("/")
        pairs = "/".join(f"{kind}/{name}" for kind, name in zip(types, self.name.split("/"), strict=True))
        return f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{self.group}/providers/{provider}/{pairs}"

    @property
    def short_name(self) -> str:
        """`shopdb` of `contoso-sql-weu/shopdb`."""
        return self.name.rpartition("/")[2]


@dataclass(frozen=True)
class Machine:
    """A server with an agent on it."""

    name: str
    system: str  # Windows or Linux
    address: str
    cores: int
    memory_megabytes: int
    disk: str
    disk_megabytes: int
    resource: Resource

    @property
    def computer(self) -> str:
        """The name every table has in its Computer column."""
        return f"{self.name}.{DOMAIN}"


def _machine(name: str, system: str, number: int, disk: str, gigabytes: int, group: str, region: str = "westeurope") -> Machine:
    resource = Resource(group, "Microsoft.Compute/virtualMachines", name, region)
    address = f"10.20.{1 if region == 'westeurope' else 2}.{number}"
    return Machine(name, system, address, 4, 16384, disk, gigabytes * 1024, resource)


DOMAIN_CONTROLLER = _machine("dc-01", "Windows", 4, "C:", 127, "rg-identity")
JUMP_HOST = _machine("jump-01", "Windows", 5, "C:", 127, "rg-identity")
WEB_SERVERS = (
    _machine("web-win-01", "Windows", 11, "C:", 254, "rg-orders"),
    _machine("web-win-02", "Windows", 12, "C:", 254, "rg-orders"),
)
LINUX_SERVERS = (
    _machine("app-lin-01", "Linux", 21, "/var", 64, "rg-intranet"),
    _machine("app-lin-02", "Linux", 22, "/var", 64, "rg-intranet"),
    _machine("db-lin-01", "Linux", 31, "/var", 512, "rg-intranet"),
    _machine("edge-lin-01", "Linux", 41, "/var", 32, "rg-edge", "northeurope"),
)
MACHINES = (DOMAIN_CONTROLLER, JUMP_HOST, *WEB_SERVERS, *LINUX_SERVERS)

SQL_PRIMARY = Resource("rg-shop", "Microsoft.Sql/servers/databases", "contoso-sql-weu/shopdb")
SQL_SECONDARY = Resource("rg-shop", "Microsoft.Sql/servers/databases", "contoso-sql-neu/shopdb", "northeurope")
SQL_FAILOVER_GROUP = Resource("rg-shop", "Microsoft.Sql/servers/failoverGroups", "contoso-sql-weu/contoso-shop-fog")
GATEWAY = Resource("rg-orders", "Microsoft.Network/applicationGateways", "contoso-gateway")
KEY_VAULT = Resource("rg-payments", "Microsoft.KeyVault/vaults", "contoso-payments-kv")
STORAGE = Resource("rg-shop", "Microsoft.Storage/storageAccounts", "contososhopmedia")
NETWORK_RULES = Resource("rg-identity", "Microsoft.Network/networkSecurityGroups", "jump-nsg")
JUMP_RULE = Resource("rg-identity", "Microsoft.Network/networkSecurityGroups/securityRules", "jump-nsg/allow-rdp-any")


@dataclass(frozen=True)
class Operation:
    """What an application offers: its name, weight in the traffic, usual duration, and what it depends on."""

    name: str
    weight: float
    milliseconds: float
    uses_database: bool = False

    @property
    def path(self) -> str:
        """`/cart` of `GET /cart`."""
        return self.name.partition(" ")[2]


@dataclass(frozen=True)
class App:
    """A web application and its telemetry."""

    name: str
    host: str
    group: str
    version: str
    requests_per_day: int
    instances: tuple[str, ...]
    operations: tuple[Operation, ...]

    @property
    def component(self) -> Resource:
        """Its Application Insights resource."""
        return Resource(self.group, "Microsoft.Insights/components", self.name)

    @property
    def site(self) -> Resource:
        """Its web app."""
        return Resource(self.group, "Microsoft.Web/sites", self.name)


SHOP = App(
    "contoso-shop", f"shop.{DOMAIN}", "rg-shop", "5.14.2", 7500, ("shop-a1f0", "shop-b27c", "shop-c9d4"),
    (
        Operation("GET /", 30, 45),
        Operation("GET /products", 26, 120, uses_database=True),
        Operation("GET /products/{id}", 24, 80, uses_database=True),
        Operation("POST /cart", 9, 140, uses_database=True),
        Operation("POST /checkout", 4, 420, uses_database=True),
        Operation("GET /health", 7, 4),
    ),
)  # fmt: skip
ORDERS = App(
    "contoso-orders-api", f"orders.{DOMAIN}", "rg-orders", "3.2.0", 1800, tuple(machine.name for machine in WEB_SERVERS),
    (
        Operation("GET /api/orders/{id}", 55, 60, uses_database=True),
        Operation("POST /api/orders", 20, 210, uses_database=True),
        Operation("GET /api/stock", 25, 35),
    ),
)  # fmt: skip
PAYMENTS = App(
    "contoso-payments", f"payments.{DOMAIN}", "rg-payments", "2.7.3", 2400, ("pay-0e51", "pay-4b8a"),
    (
        Operation("POST /api/payments/authorize", 50, 190),
        Operation("POST /api/payments/capture", 30, 150),
        Operation("GET /api/payments/{id}", 20, 40),
    ),
)  # fmt: skip
INTRANET = App(
    "contoso-intranet", f"intranet.{DOMAIN}", "rg-intranet", "1.44.0", 600, ("app-lin-01", "app-lin-02"),
    (Operation("GET /home", 50, 90), Operation("GET /search", 30, 240), Operation("POST /timesheets", 20, 130)),
)  # fmt: skip
APPS = (SHOP, ORDERS, PAYMENTS, INTRANET)


@dataclass(frozen=True)
class Person:
    """Someone with an account."""

    display_name: str
    city: str
    address: str
    system: str
    browser: str

    @property
    def login(self) -> str:
        """`j.okafor` for Jamal Okafor."""
        first, _, last = self.display_name.lower().partition(" ")
        return f"{first[0]}.{last}"

    @property
    def principal_name(self) -> str:
        """The name someone signs in with."""
        return f"{self.login}@{DOMAIN}"


@dataclass(frozen=True)
class City:
    """Where people and visitors are."""

    name: str
    state: str
    country: str
    country_name: str
    latitude: float
    longitude: float


CITIES = {
    city.name: city
    for city in (
        City("Amsterdam", "Noord-Holland", "NL", "Netherlands", 52.37, 4.9),
        City("Dublin", "Dublin", "IE", "Ireland", 53.34, -6.27),
        City("Lagos", "Lagos", "NG", "Nigeria", 6.46, 3.39),
        City("Berlin", "Berlin", "DE", "Germany", 52.52, 13.41),
        City("Austin", "Texas", "US", "United States", 30.27, -97.74),
    )
}
_OFFICE_ADDRESSES = {
    "Amsterdam": "192.0.2.10",
    "Dublin": "192.0.2.40",
    "Lagos": "192.0.2.70",
    "Berlin": "192.0.2.90",
    "Austin": "192.0.2.120",
}

_NAMES = (
    "Amira Haddad", "Anna Kowalska", "Bram de Wit", "Carlos Mendes", "Chioma Eze", "Daan Visser", "Dmitri Volkov", "Elif Kaya",
    "Emma Byrne", "Femke Jansen", "Grace Mwangi", "Hana Novak", "Hiro Tanaka", "Ines Ferreira", "Isla Murphy", "Jamal Okafor",
    "Jonas Weber", "Kim Nguyen", "Lars Lindqvist", "Leila Rahimi", "Lucia Romano", "Marta Silva", "Mei Chen", "Mia Fischer",
    "Nadia Petrova", "Noah Smit", "Olu Adeyemi", "Omar Farouk", "Paula Ortiz", "Priya Nair", "Quinn Walsh", "Ravi Sharma",
    "Rosa Martin", "Sanne Bakker", "Sean Doyle", "Sofia Rossi", "Tariq Aziz", "Tom Keller", "Yara Costa", "Zoe Dubois",
)  # fmt: skip
_DEVICES = (
    ("Windows 11", "Edge 134.0"),
    ("Windows 11", "Chrome 133.0"),
    ("MacOs", "Safari 18.3"),
    ("Ios 18.3", "Mobile Safari 18.3"),
)


def _person(number: int, name: str) -> Person:
    city = tuple(CITIES)[number * 7 % len(CITIES)]
    system, browser = _DEVICES[number * 3 % len(_DEVICES)]
    return Person(name, city, _OFFICE_ADDRESSES[city], system, browser)


PEOPLE = tuple(_person(number, name) for number, name in enumerate(_NAMES))
BY_LOGIN = {person.login: person for person in PEOPLE}

OPERATIONS_TEAM = tuple(BY_LOGIN[login] for login in ("s.bakker", "r.sharma", "t.keller"))
SECURITY_ANALYST = BY_LOGIN["n.petrova"]
VICTIM = BY_LOGIN["j.okafor"]
DEPLOYER = guid("deployment-pipeline")  # a service principal: AzureActivity names it by its id

ATTACKER_ADDRESS = "203.0.113.77"
