"""People signing in to the cloud: SigninLogs of three ordinary days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from random import Random

from .company import CITIES, DAYS, DIRECTORY, PEOPLE, City, Person, guid
from .log import OFFICE, Log, chances, moments, random_guid

# ResultType, what it means, and how many of a thousand everyday sign-ins end so.
_RESULTS = (
    ("0", "", 912),
    ("50126", "Error validating credentials due to invalid username or password.", 28),
    ("50074", "Strong Authentication is required.", 30),
    ("50140", "This error occurred due to 'Keep me signed in' interrupt when the user was signing-in.", 18),
    ("53003", "Access has been blocked by Conditional Access policies.", 7),
    ("50055", "The password is expired.", 5),
)
REASONS = {code: reason for code, reason, _ in _RESULTS} | {
    "50053": "The account is locked, you've tried to sign in too many times with an incorrect user ID or password.",
    "50034": "The user account does not exist in the directory.",
}
_APPLICATIONS = ("Microsoft Teams", "Office 365 Exchange Online", "Azure Portal", "SharePoint Online", "Contoso Intranet")


@dataclass(frozen=True)
class Client:
    """From where and with what someone signs in."""

    address: str
    city: City
    system: str
    browser: str
    app_used: str = "Browser"
    managed: bool = True


def client_of(person: Person) -> Client:
    """What the person works with on an ordinary day."""
    return Client(person.address, CITIES[person.city], person.system, person.browser)


def _device(person: Person, client: Client) -> dict[str, object]:
    device: dict[str, object] = {"deviceId": "", "displayName": "", "operatingSystem": client.system, "browser": client.browser}
    if client.managed:
        device |= {"deviceId": guid(f"device {person.login}"), "displayName": f"LT-{person.login.replace('.', '-').upper()}"}
        device |= {"isCompliant": True, "isManaged": True, "trustType": "Azure AD joined"}
    return device


def sign_in(
    log: Log, random: Random, time: datetime, person: Person, client: Client,
    *, result: str = "0", application: str = "Azure Portal", risk: str = "none",
) -> None:  # fmt: skip
    """One attempt to sign in; `result` is Azure's error code, "0" for success."""
    city, passed, request_id = client.city, result == "0", random_guid(random)
    mfa = passed and client.app_used == "Browser"
    policy = "failure" if result == "53003" else "success" if mfa else "notApplied"
    log.add(
        "SigninLogs", time,
        ResourceId=f"/tenants/{DIRECTORY}/providers/Microsoft.aadiam", Resource="Microsoft.aadiam",
        ResourceGroup="Microsoft.aadiam",
        OperationName="Sign-in activity", OperationVersion="1.0", Category="SignInLogs", Level="4",
        ResultType=result, ResultSignature="None", ResultDescription=REASONS[result], DurationMs=0,
        CorrelationId=request_id, OriginalRequestId=request_id, Id=random_guid(random), CreatedDateTime=time,
        Identity=person.display_name, UserDisplayName=person.display_name, UserPrincipalName=person.principal_name,
        UserId=guid(person.login), AlternateSignInName=person.principal_name, SignInIdentifier=person.principal_name,
        UserType="Member", AppDisplayName=application, AppId=guid(application), ResourceDisplayName="Microsoft Graph",
        ResourceIdentity=guid("graph"),
        AADTenantId=DIRECTORY, HomeTenantId=DIRECTORY, ResourceTenantId=DIRECTORY, CrossTenantAccessType="none",
        IPAddress=client.address, Location=city.country, AutonomousSystemNumber="64496" if client.managed else "64511",
        LocationDetails={
            "city": city.name, "state": city.state, "countryOrRegion": city.country,
            "geoCoordinates": {"latitude": city.latitude, "longitude": city.longitude},
        },
        DeviceDetail=_device(person, client), ClientAppUsed=client.app_used, UserAgent=f"{client.browser} ({client.system})",
        IsInteractive=True, AuthenticationRequirement="multiFactorAuthentication" if mfa else "singleFactorAuthentication",
        MfaDetail={"authMethod": "Microsoft Authenticator", "authDetail": ""} if mfa else None,
        Status={
            "errorCode": int(result), "failureReason": REASONS[result],
            "additionalDetails": "MFA completed in Azure AD" if mfa else "",
        },
        ConditionalAccessStatus=policy,
        ConditionalAccessPolicies=[
            {"displayName": "Require MFA for everyone", "enforcedGrantControls": ["Mfa"], "result": policy},
        ],
        RiskDetail="none", RiskLevelAggregated=risk, RiskLevelDuringSignIn=risk, RiskState="none" if risk == "none" else "atRisk",
        RiskEventTypes_V2="[]" if risk == "none" else '["unfamiliarFeatures","passwordSpray"]', IsRisky=risk != "none",
        ProcessingTimeInMilliseconds=str(random.randrange(60, 400)), FlaggedForReview=False, TokenIssuerType="AzureAD",
    )  # fmt: skip


def record(log: Log) -> None:
    """Write the everyday sign-ins."""
    random = chances("people")
    codes = [code for code, *_ in _RESULTS]
    weights = [weight for *_, weight in _RESULTS]
    for time in moments(random, len(PEOPLE) * 24 * DAYS, OFFICE):
        person = random.choice(PEOPLE)
        result = random.choices(codes, weights)[0]
        sign_in(log, random, time, person, client_of(person), result=result, application=random.choice(_APPLICATIONS))
