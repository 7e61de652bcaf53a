"""A refresh reports each edit of each updatable property of each declared kind; an import reads what was declared.

The kinds and their inputs are those that both programs register, the properties those of the provider's table, and the
edits further values of the same type (or, for a property that the stack does not declare, the value of a documentation
example). An edit is what the published provider would send, sent to the sandbox's API, which validates it.
``OTHER_VALUES`` has values that this does not find; ``EXCEPTIONS`` has what cannot be edited, with the reason.
"""

import json

import pytest

from firedrill.datadog.published.plan import recomputed
from firedrill.datadog.published.schema import schemas
from firedrill.provider.resource import ProviderError, ResourceCall
from firedrill.provider.values import Properties
from firedrill.sandbox.wire.stand import plain_state
from tests.unit.datadog.edits import DeployedStacks, DynamicResource, Edits, resolved, topmost

ONE_INTEGRATION = "a connection is to one integration, which is fixed when it is made"
INTEGRATIONS = (
    "anthropic asana azure circleCi clickup cloudflare configCat datadog fastly freshservice gemini gitlab greyNoise "
    "launchDarkly notion okta openai serviceNow split statsig virusTotal"
)
EXCEPTIONS: dict[str, str] = {
    "CostBudget.entries": "deprecated: edits of budgetLines are named",
    "CostBudget.startMonth": "its amounts are of its months: it changes with budgetLines only",
    **{
        f"{item}.name": "it is its id: see the test of renamed objects" for item in ("Webhook", "WebhookCustomVariable")
    },
    # https://docs.datadoghq.com/api/latest/roles/#update-a-role takes it and no answer of a role has it; what it does,
    # taking default permissions away, is seen in permissions.
    "Role.defaultPermissionsOptOut": "an order to the request that carries it: the API answers it nowhere",
    **{f"ActionConnection.{part}": ONE_INTEGRATION for part in INTEGRATIONS.split()},
    "DowntimeSchedule.oneTimeSchedule": "a downtime has one kind of schedule: edits of recurringSchedule are named",
    "SloCorrection.end": "of a correction that does not recur",
    "IncidentPostmortemTemplate.confluencePostmortemSettings": "only of a template that is kept in Confluence",
    "IncidentPostmortemTemplate.googleDocsPostmortemSettings": "only of a template that is kept in Google Docs",
    "LogsArchive.azureArchive": "an archive has one kind of storage: edits of gcsArchive are named",
    "LogsArchive.s3Archive": "an archive has one kind of storage: edits of gcsArchive are named",
    "ServiceLevelObjective.groups": "only of an objective of monitors",
    "ServiceLevelObjective.monitorIds": "only of an objective of monitors",
    "ApmRetentionFilter.filterType": "the API has one type for filters that people make",
    "Monitor.enableSamples": "only of monitors of CI",
    "Monitor.noDataTimeframe": "ignored by the published provider where notifyNoData is false: edits of that are named",
    "Monitor.restrictedRoles": "the API decides it where the program does not",
    "Monitor.variables": "only of monitors of formulas",
    "SensitiveDataScannerGroupOrder.groupIds": "there is one group, which can stand in no other order",
    "SyntheticsGlobalVariable.value": "secure: the API answers it nowhere",
    "SyntheticsTest.subtype": "the API refuses another subtype with this test's request",
}
"""``Kind.property`` -> the reason why no edit of it is possible or visible."""
UNANSWERED = frozenset({"ActionConnection.gcp", "ActionConnection.http"})
"""Properties that hold a secret beside others. The API answers the secret nowhere, so no edit of it is visible."""
PRIMARY = {"timeframe": "7d", "target": 99, "warning": 99.9}
FROM_FOUR = {"dayStarts": "04:00", "timezone": "UTC"}
FROM_A_TEST: Properties = {
    "parseTestId": "synthetics-health-id",
    "parseTestOptions": {"type": "local_variable", "localVariableName": "A"},
}
OTHER_VALUES: dict[str, list[Properties]] = {
    "ApmRetentionFilter.rate": [{"rate": "0.5"}],
    "ApmRetentionFilter.traceRate": [{"traceRate": "0.5"}],
    "CostBudget.endMonth": [
        {
            "startMonth": 203001,
            "endMonth": 203002,
            "budgetLines": [
                {
                    "tagFilters": [{"tagKey": "service", "tagValue": "llm-api"}],
                    "amounts": {"203001": 300, "203002": 300},
                }
            ],
        }
    ],
    "DowntimeSchedule.notifyEndTypes": [{"notifyEndTypes": ["canceled", "expired"]}],
    "SloCorrection.category": [{"category": "Other"}],
    "IntegrationSts.isSecurityCommandCenterEnabled": [{"isSecurityCommandCenterEnabled": True}],
    "IncidentNotificationRule.notificationTemplate": [{"notificationTemplate": "incidents-over-id"}],
    "IncidentNotificationRule.visibility": [{"visibility": "private"}],
    "IncidentPostmortemTemplate.location": [{"location": "google_docs"}],
    "IncidentUserDefinedField.category": [{"category": "what_happened"}],
    "IncidentUserDefinedField.defaultValue": [{"defaultValue": "latency"}],
    "Monitor.query": [
        {"query": "sum(last_5m):sum:llm.chat.requests{*}.as_count() > 7", "monitorThresholds": {"critical": "7"}}
    ],
    "OnCallSchedule.timeZone": [{"timeZone": "Africa/Lagos"}],
    "OnCallTeamRoutingRules.rules": [{"rules": [{"escalationPolicy": "on-call-policy-id", "urgency": "low"}]}],
    "LogsArchive.compressionMethod": [{"compressionMethod": "ZSTD"}],
    "LogsArchive.lookupAttributes": [{"lookupAttributes": ["outcome"]}],
    "LogsArchive.partitioningAttributes": [{"partitioningAttributes": ["service"]}],
    "LogsArchive.rehydrationMaxScanSizeInGb": [{"rehydrationMaxScanSizeInGb": 100}],
    "LogsArchive.rehydrationTags": [{"rehydrationTags": ["team:other"]}],
    "MetricMetadata.perUnit": [{"perUnit": "minute"}],
    "MetricMetadata.statsdInterval": [{"statsdInterval": 30}],
    "MetricTagConfiguration.excludeTagsMode": [{"excludeTagsMode": True}],
    "Monitor.draftStatus": [{"draftStatus": "draft"}],
    "Monitor.enableLogsSample": [{"enableLogsSample": True}],
    "Monitor.groupRetentionDuration": [{"groupRetentionDuration": "2h"}],
    "Monitor.groupbySimpleMonitor": [{"groupbySimpleMonitor": True}],
    "Monitor.monitorThresholdWindows": [{"monitorThresholdWindows": {"triggerWindow": "last_15m"}}],
    "Monitor.newGroupDelay": [{"newGroupDelay": 120}],
    "Monitor.newHostDelay": [{"newHostDelay": 600}],
    "Monitor.noDataTimeframe": [{"noDataTimeframe": 20, "notifyNoData": True, "onMissingData": None}],
    "Monitor.notificationPresetName": [{"notificationPresetName": "hide_query"}],
    "Monitor.notifyAudit": [{"notifyAudit": True}],
    "Monitor.notifyBies": [{"notifyBies": ["model"]}],
    "Monitor.notifyNoData": [{"noDataTimeframe": 20, "notifyNoData": True, "onMissingData": None}],
    "Monitor.onMissingData": [{"onMissingData": "show_no_data"}],
    "Monitor.renotifyInterval": [{"renotifyInterval": 60}],
    "Monitor.renotifyOccurrences": [{"renotifyInterval": 60, "renotifyOccurrences": 3}],
    "Monitor.renotifyStatuses": [{"renotifyInterval": 60, "renotifyStatuses": ["alert"]}],
    "Monitor.restrictedRoles": [{"restrictedRoles": ["00000000-0000-0000-0000-000000000001"]}],
    "Monitor.schedulingOptions": [{"schedulingOptions": {"evaluationWindow": FROM_FOUR}}],
    "Monitor.timeoutH": [{"timeoutH": 1}],
    "OnCallSchedule.teams": [{"teams": ["other-team-id"]}],
    "OnCallUserNotificationRule.category": [{"category": "low_urgency"}, {"category": "high_urgency"}],
    "RumApplication.productAnalyticsRetentionState": [{"productAnalyticsRetentionState": "NONE"}],
    "RumApplication.rumEventProcessingState": [{"rumEventProcessingState": "NONE"}],
    "RumRetentionFilter.eventType": [{"eventType": "view"}, {"eventType": "session"}],
    "SensitiveDataScannerRule.excludedNamespaces": [{"excludedNamespaces": ["dd"]}],
    "SensitiveDataScannerRule.namespaces": [{"namespaces": ["error"]}],
    "SensitiveDataScannerRule.suppressions": [{"suppressions": {"startsWiths": ["test"]}}],
    "ServiceAccount.disabled": [{"disabled": True}],
    "ServiceAccount.roles": [{"roles": ["other-role-id"]}],
    "ServiceLevelObjective.targetThreshold": [{"targetThreshold": 99.1, "thresholds": [{**PRIMARY, "target": 99.1}]}],
    "ServiceLevelObjective.timeframe": [{"timeframe": "7d", "thresholds": [PRIMARY]}],
    "ServiceLevelObjective.warningThreshold": [{"warningThreshold": 99.9, "thresholds": [PRIMARY]}],
    "SyntheticsGlobalVariable.isFido": [{"isFido": True, "value": None}],
    "SyntheticsGlobalVariable.isTotp": [{"isTotp": True}],
    "SyntheticsGlobalVariable.name": [{"name": "LLM_API_OTHER_TOKEN"}],
    "SyntheticsGlobalVariable.options": [
        {"isTotp": True, "options": {"totpParameters": {"digits": 6, "refreshInterval": 30}}}
    ],
    "SyntheticsGlobalVariable.parseTestId": [FROM_A_TEST],
    "SyntheticsGlobalVariable.parseTestOptions": [FROM_A_TEST],
    "SyntheticsGlobalVariable.restrictedRoles": [{"restrictedRoles": ["00000000-0000-0000-0000-000000000001"]}],
    "SyntheticsTest.requestBasicauth": [{"requestBasicauth": {"type": "web", "username": "u", "password": "p"}}],
    "SyntheticsTest.requestClientCertificate": [
        {"requestClientCertificate": {"cert": {"content": "c", "filename": "f"}, "key": {"content": "k"}}}
    ],
    "SyntheticsTest.requestFiles": [{"requestFiles": [{"name": "n", "type": "text/plain", "content": "c", "size": 1}]}],
    "SyntheticsTest.requestProxy": [{"requestProxy": {"url": "http://proxy.example"}}],
    "SyntheticsTest.requestQuery": [{"requestQuery": {"full": "1"}}],
    "SyntheticsTest.setCookie": [{"setCookie": "name=value"}],
    "SyntheticsTest.status": [{"status": "paused"}],
    "Webhook.encodeAs": [{"encodeAs": "form"}],
    "TeamMembership.role": [{"role": "admin"}],
    "TeamNotificationRule.msTeams": [{"msTeams": {"connectorName": "oncall"}}],
    "TeamNotificationRule.pagerduty": [{"pagerduty": {"serviceName": "llm"}}],
    "TeamNotificationRule.servicenow": [{"servicenow": {"templates": ["incident"]}}],
    "TeamNotificationRule.slack": [{"slack": {"channel": "llm", "workspace": "acme"}}],
    "SyntheticsTest.variablesFromScript": [{"variablesFromScript": "dd.variable.set('A', 'b');"}],
}
"""``Kind.property`` -> properties to edit, where another value of the same type, or of it alone, is refused."""


NOT_REMOVED = {
    "IncidentUserDefinedField.defaultValue",
    "MetricMetadata.perUnit",
    "MetricMetadata.shortName",
    "MetricMetadata.statsdInterval",
    "MetricMetadata.type",
    "Webhook.customHeaders",
}
"""Properties of which the published provider sends nothing when they are left out. Once edited in, they stay, and every
refresh reports them until somebody removes them."""


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> DeployedStacks:
    return DeployedStacks(tmp_path_factory.mktemp("account"))


@pytest.fixture(scope="module")
def resources(deployed: DeployedStacks) -> list[Edits]:
    return [Edits(deployed.provider, name, token, resource) for name, (token, *resource) in deployed.created.items()]


def test_nothing_has_drifted_after_the_deployment(resources: list[Edits]) -> None:
    assert {item.name: changes for item in resources if (changes := item.changes())} == {}


UNKNOWN_TO_AN_IMPORT = {
    "ActionConnection": ("http", "gcp"),  # the secrets in them, which no answer has
    "CostBudget": ("entries", "budgetLines"),  # the published provider finds lines as entries
    "ServiceLevelObjective": ("query", "sliSpecification"),  # the API answers both forms
    "ServiceAccountApplicationKey": ("key",),  # answered once, when it is made
    "SyntheticsGlobalVariable": ("value",),  # a secure one
    "WebhookCustomVariable": ("value",),  # a secret one
}
"""Kind -> the properties that an import cannot know as the program declares them."""


def test_an_import_finds_what_was_declared_and_an_update_then_changes_nothing(resources: list[Edits]) -> None:
    differ = {}
    for resource in resources:
        inputs, state = resource.imported()
        changes = resource.kind.diff(
            ResourceCall(resource.call.urn, True), resource.id, inputs, state, resource.inputs
        ).changes
        kind = resource.token.rpartition(":")[2]
        changed = {topmost(path) for path in changes} - recomputed(schemas()[resource.token], resource.inputs)
        properties = changed | set(resource.changed_properties(state))
        if unexpected := properties - set(UNKNOWN_TO_AN_IMPORT.get(kind, ())):
            differ[resource.name] = sorted(unexpected)
    assert differ == {}


def test_an_import_without_its_owner_reports_what_to_name(resources: list[Edits]) -> None:
    owned = {resource.token.rpartition(":")[2]: resource for resource in resources if resource.kind.parent}
    assert {"TeamLink", "TeamMembership", "OnCallUserNotificationRule", "RumRetentionFilter"} <= owned.keys()
    for item in owned.values():
        with pytest.raises(ProviderError, match=f"give {item.kind.parent}[:,]ID instead of"):
            item.kind.read(item.call, item.id, {}, {})


def is_secret_edit(inputs: Properties, edit: Properties) -> bool:
    """Return whether an edit changes nothing but a secret, which is a stand-in here."""
    return bool(json.loads(json.dumps(edit).replace("stand-inx", "stand-in")).items() <= inputs.items())


@pytest.mark.slow
def test_each_edit_is_reported(deployed: DeployedStacks, resources: list[Edits]) -> None:
    named, silent, untouched = set(), [], set()
    for resource in resources:
        for key, field in resource.updatable():
            if key in EXCEPTIONS or key in named:
                continue
            untouched.add(key)
            others = [resolved(item, deployed.ids) for item in OTHER_VALUES.get(key, ())]
            for edit, changes in resource.accepted_edits(field, others):
                untouched.discard(key)
                if any(topmost(change) == field.name for change in changes):
                    named.add(key)
                elif not (key in UNANSWERED and is_secret_edit(resource.inputs, edit)):
                    silent.append((key, resource.name, edit, changes))
    assert silent == []
    assert sorted(untouched - named) == []
    assert len(named) > 150
    not_removed = {
        f"{resource.token.rpartition(':')[2]}.{name}" for resource in resources for name in resource.not_removed
    }
    assert not_removed == NOT_REMOVED


def test_each_edit_of_a_dynamic_resource_is_reported(deployed: DeployedStacks) -> None:
    objects = [DynamicResource(deployed, *item) for item in deployed.dynamic_resources]
    assert {item.kind for item in objects} == {"Notebook", "Evaluator", "LlmProject"}
    assert {item.name: changes for item in objects if (changes := item.changes())} == {}
    named, silent = set(), []
    for item in objects:
        for attribute in item.attributes:
            for edit in item.edits(attribute):
                if attribute in item.changes():
                    named.add(f"{item.kind}.{attribute}")
                else:
                    silent.append((item.name, attribute, edit))
            item.undo()
        assert item.changes() == set(), item.name
    assert silent == []
    updatable = {f"{item.kind}.{attribute}" for item in objects for attribute in item.attributes}
    assert updatable - named == set()


def test_an_object_that_is_found_by_its_name_is_reported_as_deleted_when_it_is_renamed(resources: list[Edits]) -> None:
    named = [resource for resource in resources if resource.token.endswith((":Webhook", ":WebhookCustomVariable"))]
    assert len(named) == 2
    for item in named:
        other = {**item.inputs, "name": f"{item.inputs['name']}_X"}
        after = item.kind.update(item.call, item.id, item.inputs, item.state, other)
        try:
            assert item.kind.read(item.call, item.id, item.inputs, item.state) is None
        finally:
            item.kind.update(item.call, other["name"], other, plain_state(after), item.inputs)
        left = item.not_removed | recomputed(schemas()[item.token], item.inputs)
        assert set(item.changes()) <= left  # what an earlier edit has left


def test_an_exception_is_of_a_declared_kind(resources: list[Edits]) -> None:
    known = {key for resource in resources for key, _ in resource.updatable()}
    assert {*EXCEPTIONS, *OTHER_VALUES} - known == set()
