"""Work on the cloud itself: AzureActivity and the key vault's audit log of three ordinary days."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from random import Random

from .company import (
    DAYS,
    DEPLOYER,
    DIRECTORY,
    GATEWAY,
    INTRANET,
    KEY_VAULT,
    MACHINES,
    OPERATIONS_TEAM,
    ORDERS,
    PAYMENTS,
    SHOP,
    STORAGE,
    SUBSCRIPTION,
    Resource,
    at,
    guid,
)
from .log import OFFICE, Log, chances, every, moments, random_guid

# What the superseded column ActivityStatus says for each ActivityStatusValue.
_OLD_STATUS = {"Start": "Started", "Success": "Succeeded", "Failure": "Failed", "Active": "Active", "Resolved": "Resolved"}
BUILD_ADDRESS = "192.0.2.200"


def activity(
    log: Log, random: Random, time: datetime, operation: str, title: str, resource: Resource | None,
    *, category: str = "Administrative", status: str = "Success", level: str = "Informational",
    caller: str = "", address: str = "", correlation: str = "", properties: dict[str, object] | None = None,
) -> None:  # fmt: skip
    """One event of the activity log; without a resource it is about the subscription."""
    scope = resource.path if resource else f"/subscriptions/{SUBSCRIPTION}"
    hierarchy = f"{DIRECTORY}/{SUBSCRIPTION}"
    details: dict[str, object] = {"eventCategory": category, "entity": scope, "message": operation, "hierarchy": hierarchy}
    details |= properties or {}
    about = {} if resource else {"_ResourceId": scope, "SubscriptionId": SUBSCRIPTION, "_SubscriptionId": SUBSCRIPTION}
    authorization = {"action": operation, "scope": scope} if caller else None
    claims = {"ipaddr": address, ("upn" if "@" in caller else "appid"): caller} if caller else None
    log.add(
        "AzureActivity", time, resource, **about,
        OperationName=title, OperationNameValue=operation.upper(), Level=level,
        ActivityStatus=_OLD_STATUS[status], ActivityStatusValue=status, Category=category, CategoryValue=category,
        Caller=caller, CallerIpAddress=address, CorrelationId=correlation or random_guid(random), EventDataId=random_guid(random),
        OperationId=correlation, EventSubmissionTimestamp=time + timedelta(seconds=random.randrange(20, 200)),
        Hierarchy=hierarchy, ResourceProviderValue=operation.partition("/")[0].upper(),
        Properties=json.dumps(details, separators=(",", ":")), Properties_d=details,
        Authorization=json.dumps(authorization) if authorization else "", Authorization_d=authorization,
        Claims=json.dumps(claims) if claims else "", Claims_d=claims,
    )  # fmt: skip


def change(
    log: Log, random: Random, time: datetime, operation: str, title: str, resource: Resource, caller: str, address: str,
    *, seconds: float = 9, passed: bool = True, properties: dict[str, object] | None = None,
) -> None:  # fmt: skip
    """A change someone made: a Start event and, joined by CorrelationId, how it ended."""
    correlation = random_guid(random)
    for status, moment in (("Start", time), ("Success" if passed else "Failure", time + timedelta(seconds=seconds))):
        outcome = {"Start": {}, "Success": {"statusCode": "OK"}, "Failure": {"statusCode": "Conflict"}}[status]
        level = "Error" if status == "Failure" else "Informational"
        activity(
            log, random, moment, operation, title, resource, status=status, level=level, caller=caller,
            address=address, correlation=correlation, properties={**outcome, **(properties or {})},
        )  # fmt: skip


_TASKS = (
    (20, "Microsoft.Storage/storageAccounts/listKeys/action", "List Storage Account Keys", STORAGE),
    (16, "Microsoft.Web/sites/config/write", "Update Web App Configuration", INTRANET.site),
    (10, "Microsoft.Network/applicationGateways/write", "Create or Update Application Gateway", GATEWAY),
    (9, "Microsoft.Compute/virtualMachines/extensions/write", "Create or Update Virtual Machine Extension", MACHINES[4].resource),
    (9, "Microsoft.Insights/components/write", "Create or Update Application Insights", ORDERS.component),
    (6, "Microsoft.KeyVault/vaults/write", "Update Key Vault", KEY_VAULT),
)


def _team_work(log: Log, random: Random) -> None:
    weights = [weight for weight, *_ in _TASKS]
    for time in moments(random, 34 * DAYS, OFFICE):
        _, operation, title, resource = random.choices(_TASKS, weights)[0]
        person = random.choice(OPERATIONS_TEAM)
        change(
            log, random, time, operation, title, resource, person.principal_name, person.address,
            seconds=random.uniform(2, 40), passed=random.random() > 0.04,
        )  # fmt: skip


def _nights(log: Log, random: Random) -> None:
    """Test machines are stopped in the evening and started in the morning."""
    tester = Resource("rg-test", "Microsoft.Compute/virtualMachines", "test-win-01")
    routine = (("05:30", "start", "Start Virtual Machine"), ("19:00", "deallocate", "Deallocate Virtual Machine"))
    for day in range(1, DAYS + 1):
        for clock, verb, title in routine:
            operation = f"Microsoft.Compute/virtualMachines/{verb}/action"
            change(log, random, at(day, clock), operation, title, tester, DEPLOYER, BUILD_ADDRESS, seconds=random.uniform(30, 90))


def _releases(log: Log, random: Random) -> None:
    """Releases that went well; the versions in AppRequests stay the same, as only content changed."""
    for day, clock, app in ((1, "09:20", INTRANET), (1, "13:40", SHOP), (2, "14:05", ORDERS), (3, "08:15", INTRANET)):
        release(log, random, at(day, clock), app.group, app.name, app.version)


def release(log: Log, random: Random, time: datetime, group: str, name: str, version: str) -> None:
    """A release by the pipeline: a template deployment, then the slots are swapped."""
    deployment = Resource(group, "Microsoft.Resources/deployments", f"{name}-{version}")
    properties: dict[str, object] = {"version": version, "pipeline": f"{name}-release"}
    change(
        log, random, time, "Microsoft.Resources/deployments/write", "Create Deployment", deployment, DEPLOYER, BUILD_ADDRESS,
        seconds=140, properties=properties,
    )  # fmt: skip
    change(
        log, random, time + timedelta(seconds=200), "Microsoft.Web/sites/slotsswap/action", "Swap Web App Slots",
        Resource(group, "Microsoft.Web/sites", name), DEPLOYER, BUILD_ADDRESS, seconds=45, properties=properties,
    )  # fmt: skip


def _policy_and_advice(log: Log, random: Random) -> None:
    for time in moments(random, 60 * DAYS, (10,) * 24):
        resource = random.choice([machine.resource for machine in MACHINES])
        properties: dict[str, object] = {"policies": '[{"policyDefinitionEffect":"audit"}]', "isComplianceCheck": "True"}
        activity(
            log, random, time, "Microsoft.Authorization/policies/audit/action", "'audit' Policy action.", resource,
            category="Policy", level="Warning", caller=guid("policy"), address="", properties=properties,
        )  # fmt: skip
    advice: dict[str, object] = {"recommendationCategory": "Cost", "recommendationImpact": "Medium"}
    for day in range(1, DAYS + 1):
        operation, title = "Microsoft.Advisor/recommendations/available/action", "Advisor recommendation available"
        activity(
            log, random, at(day, "02:15"), operation, title, MACHINES[day].resource,
            category="Recommendation", status="Active", properties=advice,
        )  # fmt: skip


def _key_vault(log: Log, random: Random) -> None:
    """Every ten minutes or so each payments instance reads its secrets."""
    for step in every(timedelta(minutes=10)):
        for instance in PAYMENTS.instances:
            time = step + timedelta(seconds=random.uniform(0, 550))
            secret = random.choice(("acquirer-key", "database-password", "signing-key"))
            address = f"10.30.0.{10 + PAYMENTS.instances.index(instance)}"
            uri = f"https://contoso-payments-kv.vault.azure.net/secrets/{secret}"
            log.add(
                "AzureDiagnostics", time, KEY_VAULT,
                Category="AuditEvent", OperationName="SecretGet", OperationVersion="7.5", ResultType="Success",
                ResultSignature="OK", DurationMs=random.randrange(9, 70), CallerIPAddress=address,
                CorrelationId=random_guid(random), httpStatusCode_d=200.0, requestUri_s=f"{uri}?api-version=7.5", id_s=uri,
                clientInfo_s="azsdk-net-Security.KeyVault.Secrets/4.7.0", isAccessPolicyMatch_b=True,
                identity_claim_appid_g=guid("payments identity"), identity_claim_oid_g=guid("payments object"),
            )  # fmt: skip


def alert(
    log: Log, random: Random, time: datetime, resource: Resource, rule: str, description: str, *, fired: bool = True
) -> None:
    """An alert rule that fired, or was resolved."""
    verb = "Activated" if fired else "Resolved"
    properties: dict[str, object] = {"RuleName": rule, "RuleDescription": description, "WindowSizeInMinutes": "5"}
    status, level = ("Active", "Warning") if fired else ("Resolved", "Informational")
    activity(
        log, random, time, f"Microsoft.Insights/AlertRules/{verb}/Action", f"Alert {verb.lower()}", resource,
        category="Alert", status=status, level=level, properties=properties,
    )  # fmt: skip


def record(log: Log) -> None:
    """Write the everyday activity log."""
    random = chances("control plane")
    for tell in (_team_work, _nights, _releases, _policy_and_advice, _key_vault):
        tell(log, random)
