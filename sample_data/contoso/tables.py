"""The tables: Azure Monitor's own column names and types.

Complete, except SecurityEvent and AzureDiagnostics, which have hundreds: of those, what analysts ask for.
"""

from __future__ import annotations

# A column without a type is a string.
_COLUMNS = {
    "AppRequests": """
        TenantId TimeGenerated:datetime Id Source Name Url Success:bool ResultCode DurationMs:real Properties:dynamic
        Measurements:dynamic OperationName OperationId ParentId SyntheticSource SessionId UserId UserAuthenticatedId
        UserAccountId AppVersion AppRoleName AppRoleInstance ClientType ClientModel ClientOS ClientIP ClientCity
        ClientStateOrProvince ClientCountryOrRegion ClientBrowser ResourceGUID IKey SDKVersion ItemCount:int
        ReferencedItemId ReferencedType SourceSystem Type _IsBillable _BilledSize:real _ResourceId _SubscriptionId
    """,
    "AppTraces": """
        TenantId TimeGenerated:datetime Message SeverityLevel:int Properties:dynamic Measurements:dynamic
        OperationName OperationId ParentId SyntheticSource SessionId UserId UserAuthenticatedId UserAccountId
        AppVersion AppRoleName AppRoleInstance ClientType ClientModel ClientOS ClientIP ClientCity
        ClientStateOrProvince ClientCountryOrRegion ClientBrowser ResourceGUID IKey SDKVersion ItemCount:int
        ReferencedItemId ReferencedType SourceSystem Type _IsBillable _BilledSize:real _ResourceId _SubscriptionId
    """,
    "AzureActivity": """
        OperationName OperationNameValue Level ActivityStatus ActivityStatusValue ActivitySubstatus
        ActivitySubstatusValue ResourceGroup SubscriptionId CorrelationId Caller CallerIpAddress Category
        CategoryValue HTTPRequest Properties EventSubmissionTimestamp:datetime Authorization ResourceId OperationId
        ResourceProvider ResourceProviderValue Resource EventDataId TenantId TimeGenerated:datetime SourceSystem
        Authorization_d:dynamic Claims Claims_d:dynamic Properties_d:dynamic Hierarchy Type _IsBillable
        _BilledSize:real _ResourceId _SubscriptionId
    """,
    "AzureDiagnostics": """
        TenantId TimeGenerated:datetime ResourceId Category ResourceGroup SubscriptionId ResourceProvider Resource
        ResourceType OperationName OperationVersion ResultType ResultSignature ResultDescription CorrelationId
        DurationMs:long Level Message CallerIPAddress Region_s LogicalServerName_s DatabaseName_s ElasticPoolName_s
        database_name_s error_code_s error_message_s event_s event_class_s event_time_t:datetime EventName_s
        query_hash_s query_plan_hash_s query_id_d:real plan_id_d:real count_executions_d:real cpu_time_d:real
        duration_d:real max_duration_d:real logical_io_reads_d:real rowcount_d:real interval_start_time_d:real
        interval_end_time_d:real clientIP_s clientPort_d:real httpMethod_s httpStatus_d:real
        httpStatusCode_d:real httpStatusCode_s httpVersion_s requestUri_s requestQuery_s host_s instanceId_s
        receivedBytes_d:real sentBytes_d:real ruleName_s action_s policy_s policyMode_s backendHostname_s clientInfo_s
        id_s identity_claim_appid_g:guid identity_claim_oid_g identity_claim_upn_s identity_claim_ipaddr_s
        isAccessPolicyMatch_b:bool resource_workflowName_s resource_runId_s resource_actionName_s
        resource_triggerName_s code_s msg_s properties_s ActivityId_g:guid SourceSystem Type _IsBillable
        _BilledSize:real _ResourceId _SubscriptionId error_number_d:real state_d:real
    """,
    "AzureMetrics": """
        SourceSystem TimeGenerated:datetime ResourceId OperationName OperationVersion Category ResultType
        ResultSignature ResultDescription DurationMs:long CallerIpAddress CorrelationId Resource ResourceGroup
        ResourceProvider SubscriptionId MetricName Total:real Count:real Maximum:real Minimum:real Average:real
        TimeGrain UnitName RemoteIPCountry RemoteIPLatitude:real RemoteIPLongitude:real MaliciousIP
        IndicatorThreatType Description TLPLevel Confidence Severity:int FirstReportedDateTime LastReportedDateTime
        IsActive Type _IsBillable _BilledSize:real _ResourceId _SubscriptionId
    """,
    "DpkgLog_CL": """
        TimeGenerated:datetime Computer RawData Type
    """,
    "Event": """
        SourceSystem TimeGenerated:datetime Source EventLog Computer EventLevel:int EventLevelName ParameterXml
        EventData EventID:int RenderedDescription AzureDeploymentID Role EventCategory:int UserName Message
        ManagementGroupName Type _IsBillable _BilledSize:real _ResourceId _SubscriptionId
    """,
    "Heartbeat": """
        SourceSystem TimeGenerated:datetime ManagementGroupName ComputerIP Computer Category OSType OSName
        OSMajorVersion OSMinorVersion Version SCAgentChannel IsGatewayInstalled:bool RemoteIPLongitude:real
        RemoteIPLatitude:real RemoteIPCountry SubscriptionId ResourceGroup ResourceProvider Resource ResourceId
        ResourceType ComputerEnvironment Solutions VMUUID ComputerPrivateIPs:dynamic Type _IsBillable _BilledSize:real
        _ResourceId _SubscriptionId
    """,
    "Perf": """
        TenantId TimeGenerated:datetime Computer ObjectName CounterName InstanceName CounterValue:real CounterPath
        SourceSystem Min:real Max:real BucketStartTime:datetime BucketEndTime:datetime StandardDeviation:real
        SampleCount:int _IsBillable _BilledSize:real _ResourceId _SubscriptionId Type
    """,
    "SecurityEvent": """
        TenantId TimeGenerated:datetime SourceSystem Account AccountType Computer EventSourceName Channel Task:int
        Level EventData EventID:int Activity AccessMask AuthenticationPackageName CallerProcessId CallerProcessName
        CommandLine DisplayName DomainPolicyChanged ElevatedToken FailureReason FileHash FilePath Fqbn IpAddress
        IpPort KeyLength:int LmPackageName LogonGuid LogonID LogonProcessName LogonType:int LogonTypeName
        MandatoryLabel MemberName MemberSid NewProcessId NewProcessName ObjectName ObjectServer ObjectType
        ParentProcessName PrivilegeList Process ProcessId ProcessName SamAccountName ServiceAccount ServiceFileName
        ServiceName ServiceStartType:int ServiceType ShareLocalPath ShareName Status SubStatus SubjectAccount
        SubjectDomainName SubjectLogonId SubjectUserName SubjectUserSid TargetAccount TargetDomainName TargetInfo
        TargetLogonGuid TargetLogonId TargetServerName TargetSid TargetUser TargetUserName TargetUserSid
        TokenElevationType TransmittedServices UserAccountControl UserPrincipalName Workstation WorkstationName
        EventLevelName SourceComputerId ManagementGroupName SystemProcessId:int SystemThreadId:int EventRecordId Type
        _IsBillable _BilledSize:real _ResourceId _SubscriptionId
    """,
    "SigninLogs": """
        SourceSystem TimeGenerated:datetime ResourceId OperationName OperationVersion Category ResultType
        ResultSignature ResultDescription DurationMs:long CorrelationId Resource ResourceGroup ResourceProvider
        Identity Level Location AlternateSignInName AppDisplayName AppId AuthenticationContextClassReferences
        AuthenticationDetails AppliedEventListeners:dynamic AuthenticationMethodsUsed AuthenticationProcessingDetails
        AuthenticationRequirement AuthenticationRequirementPolicies ClientAppUsed ConditionalAccessPolicies:dynamic
        ConditionalAccessStatus CreatedDateTime:datetime DeviceDetail:dynamic IsInteractive:bool Id IPAddress
        IsRisky:bool LocationDetails:dynamic MfaDetail:dynamic NetworkLocationDetails OriginalRequestId
        ProcessingTimeInMilliseconds RiskDetail RiskEventTypes RiskEventTypes_V2 RiskLevelAggregated
        RiskLevelDuringSignIn RiskState ResourceDisplayName ResourceIdentity ResourceServicePrincipalId
        ServicePrincipalId ServicePrincipalName Status:dynamic TokenIssuerName TokenIssuerType UserAgent
        UserDisplayName UserId UserPrincipalName AADTenantId UserType FlaggedForReview:bool
        IPAddressFromResourceProvider SignInIdentifier SignInIdentifierType ResourceTenantId HomeTenantId
        UniqueTokenIdentifier SessionId SessionLifetimePolicies AutonomousSystemNumber AuthenticationProtocol
        CrossTenantAccessType AuthenticationAppDeviceDetails AuthenticationAppPolicyEvaluationDetails
        ClientCredentialType FederatedCredentialId GlobalSecureAccessIpAddress HomeTenantName IncomingTokenType
        IsTenantRestricted:bool IsThroughGlobalSecureAccess:bool OriginalTransferMethod
        TokenProtectionStatusDetails:dynamic AppOwnerTenantId ResourceOwnerTenantId Agent:dynamic SourceAppClientId
        ConditionalAccessAudiences AuthenticatorAppLocation AppliedConditionalAccessPolicies RiskLevel Type
        _IsBillable _BilledSize:real
    """,
    "Syslog": """
        SourceSystem TimeGenerated:datetime Computer EventTime:datetime Facility HostName SeverityLevel SyslogMessage
        ProcessID:int HostIP ProcessName CollectorHostName Type _IsBillable _BilledSize:real _ResourceId
        _SubscriptionId
    """,
}


def _parse(columns: str) -> dict[str, str]:
    """Column names with their KQL types."""
    pairs = (column.partition(":") for column in columns.split())
    return {name: kind or "string" for name, _, kind in pairs}


TABLES: dict[str, dict[str, str]] = {table: _parse(columns) for table, columns in _COLUMNS.items()}
