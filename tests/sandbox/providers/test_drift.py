"""Each updatable property of each kind that the stack declares, edited through the API, is named by a refresh; and an
import of each finds what was declared.

Generated: the kinds and their inputs are those that both programs register, the properties those of the provider's
table, the edits further values of the same type (or, for a property that the stack leaves alone, the value of a
documentation example). An edit is what the published provider would send, to the sandbox's API itself, which validates
it. Values that this does not find stand in ``OTHERS``; what cannot be edited in ``EXCEPTIONS``, with its reason.
"""

import pytest

from firedrill.sandbox.providers.resource import Call, ProviderError
from firedrill.sandbox.providers.values import Properties
from tests.sandbox.providers.edits import Deployed, Edits, Written, plain, resolved, topmost

ONE_INTEGRATION = "a connection is to one integration, which is fixed when it is made"
INTEGRATIONS = (
    "anthropic asana azure circleCi clickup cloudflare configCat datadog fastly freshservice gemini gitlab greyNoise "
    "launchDarkly notion okta openai serviceNow split statsig virusTotal"
)
EXCEPTIONS: dict[str, str] = {
    "CostBudget.entries": "deprecated: edits of budgetLines are named",
    "CostBudget.startMonth": "its amounts are of its months: it changes with budgetLines only",
    **{f"{one}.name": "it is its id: see the test of renamed objects" for one in ("Webhook", "WebhookCustomVariable")},
    # https://docs.datadoghq.com/api/latest/roles/#update-a-role takes it and no answer of a role has it; what it does,
    # taking default permissions away, is seen in permissions.
    "Role.defaultPermissionsOptOut": "an order to the request that carries it: the API answers it nowhere",
    **{f"ActionConnection.{one}": ONE_INTEGRATION for one in INTEGRATIONS.split()},
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
    "Monitor.variables": "only of monitors of formulas",
    "SensitiveDataScannerGroupOrder.groupIds": "there is one group, which can stand in no other order",
    "SyntheticsGlobalVariable.value": "secure: the API answers it nowhere",
    "SyntheticsTest.subtype": "the API refuses another subtype with this test's request",
}
"""``Kind.property`` -> why no edit of it is possible, or none can be seen."""
PRIMARY = {"timeframe": "7d", "target": 99, "warning": 99.9}
FROM_FOUR = {"dayStarts": "04:00", "timezone": "UTC"}
FROM_A_TEST: Properties = {
    "parseTestId": "synthetics-health-id",
    "parseTestOptions": {"type": "local_variable", "localVariableName": "A"},
}
OTHERS: dict[str, list[Properties]] = {
    "ApmRetentionFilter.rate": [{"rate": "0.5"}],
    "ApmRetentionFilter.traceRate": [{"traceRate": "0.5"}],
    "DowntimeSchedule.notifyEndTypes": [{"notifyEndTypes": ["canceled", "expired"]}],
    "SloCorrection.category": [{"category": "Other"}],
    "IntegrationSts.isSecurityCommandCenterEnabled": [{"isSecurityCommandCenterEnabled": True}],
    "IncidentNotificationRule.notificationTemplate": [{"notificationTemplate": "incidents-over-id"}],
    "IncidentNotificationRule.visibility": [{"visibility": "private"}],
    "IncidentPostmortemTemplate.location": [{"location": "google_docs"}],
    "IncidentUserDefinedField.category": [{"category": "what_happened"}],
    "IncidentUserDefinedField.defaultValue": [{"defaultValue": "latency"}],
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


STAY = {
    "IncidentUserDefinedField.category",
    "IncidentUserDefinedField.defaultValue",
    "SensitiveDataScannerRule.suppressions",
    "Webhook.customHeaders",
}
"""Properties of which the published provider sends nothing when they are left out: once edited in, they stay, and every
refresh names them until somebody takes them away."""


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Deployed:
    return Deployed(tmp_path_factory.mktemp("account"))


@pytest.fixture(scope="module")
def resources(deployed: Deployed) -> list[Edits]:
    return [Edits(deployed.provider, name, token, made) for name, (token, *made) in deployed.made.items()]


def test_nothing_has_drifted_after_the_deployment(resources: list[Edits]) -> None:
    assert {one.name: found for one in resources if (found := one.changes())} == {}


UNKNOWN_TO_AN_IMPORT = {
    "ActionConnection": ("http", "gcp"),  # the secrets in them, which no answer has
    "CostBudget": ("entries", "budgetLines"),  # the published provider finds lines as entries
    "ServiceAccountApplicationKey": ("key",),  # answered once, when it is made
    "SyntheticsGlobalVariable": ("value",),  # a secure one
    "WebhookCustomVariable": ("value",),  # a secret one
}
"""Kind -> the properties that an import cannot know as the program declares them."""


def test_an_import_finds_what_was_declared_and_an_update_then_changes_nothing(resources: list[Edits]) -> None:
    differ = {}
    for one in resources:
        inputs, state = one.imported()
        changes = one.kind.diff(Call(one.call.urn, True), one.id, inputs, state, one.inputs).changes
        kind = one.token.rpartition(":")[2]
        found = {topmost(path) for path in changes} | set(one.unlike(state))
        if left := found - set(UNKNOWN_TO_AN_IMPORT.get(kind, ())):
            differ[one.name] = sorted(left)
    assert differ == {}


def test_an_import_without_its_owner_is_told_what_to_name(resources: list[Edits]) -> None:
    owned = {one.token.rpartition(":")[2]: one for one in resources if one.kind.within}
    assert {"TeamLink", "TeamMembership", "OnCallUserNotificationRule", "RumRetentionFilter"} <= owned.keys()
    for one in owned.values():
        with pytest.raises(ProviderError, match=f"give {one.kind.within}[:,]ID instead of"):
            one.kind.read(one.call, one.id, {}, {})


@pytest.mark.slow
def test_each_edit_is_named(deployed: Deployed, resources: list[Edits]) -> None:
    named, silent, untouched = set(), [], set()
    for resource in resources:
        for key, field in resource.fields():
            if key in EXCEPTIONS or key in named:
                continue
            untouched.add(key)
            others = [resolved(one, deployed.ids) for one in OTHERS.get(key, ())]
            for edit, changes in resource.of(field, others):
                untouched.discard(key)
                if any(topmost(change) == field.name for change in changes):
                    named.add(key)
                else:
                    silent.append((key, resource.name, edit, changes))
    assert silent == []
    assert sorted(untouched - named) == []
    assert len(named) > 150
    stay = {f"{one.token.rpartition(':')[2]}.{name}" for one in resources for name in one.stays}
    assert stay == STAY


def test_each_edit_of_what_the_provider_has_no_resource_for_is_named(deployed: Deployed) -> None:
    objects = [Written(deployed, *one) for one in deployed.written]
    assert {one.kind for one in objects} == {"Notebook", "Evaluator", "LlmProject"}
    assert {one.name: found for one in objects if (found := one.changes())} == {}
    named, silent = set(), []
    for one in objects:
        for attribute in one.attributes:
            for edit in one.edits(attribute):
                if attribute in one.changes():
                    named.add(f"{one.kind}.{attribute}")
                else:
                    silent.append((one.name, attribute, edit))
            one.undo()
        assert one.changes() == set(), one.name
    assert silent == []
    updatable = {f"{one.kind}.{attribute}" for one in objects for attribute in one.attributes}
    assert updatable - named == set()


def test_an_object_that_is_found_by_its_name_is_named_as_gone_when_it_is_renamed(resources: list[Edits]) -> None:
    named = [one for one in resources if one.token.endswith((":Webhook", ":WebhookCustomVariable"))]
    assert len(named) == 2
    for one in named:
        other = {**one.inputs, "name": f"{one.inputs['name']}_X"}
        after = one.kind.update(one.call, one.id, one.inputs, one.state, other)
        try:
            assert one.kind.read(one.call, one.id, one.inputs, one.state) is None
        finally:
            one.kind.update(one.call, other["name"], other, plain(after), one.inputs)
        assert set(one.changes()) <= one.stays  # what an earlier edit has left


def test_an_exception_is_of_a_declared_kind(resources: list[Edits]) -> None:
    known = {key for resource in resources for key, _ in resource.fields()}
    assert {*EXCEPTIONS, *OTHERS} - known == set()
