"""Synthetic tests of mobile applications (https://docs.datadoghq.com/mobile_app_testing/)."""

from firedrill.datadog.mapping.envelopes import Plain
from firedrill.datadog.mapping.kind import ConfiguredAccount, DatadogKind, plain
from firedrill.datadog.mapping.lists import TEXT_SET_IN_HASH_ORDER, ListOf
from firedrill.datadog.mapping.objects import Object, Property
from firedrill.datadog.mapping.schema import INT, NUMBER
from firedrill.datadog.resources.synthetics_common import COMMON, CONFIG_VARIABLE, OPTIONS, TESTS, delete, flags, same

_SHARED_OPTIONS = (
    "tickEvery",
    "minFailureDuration",
    "retry",
    "monitorOptions",
    "monitorName",
    "monitorPriority",
    "restrictedRoles",
    "ci",
    "scheduling",
    "noScreenshot",
)
_APPLICATION = Object(tuple(same(name) for name in ("applicationId", "referenceId", "referenceType")))
_MOBILE_OPTIONS = Object(
    (
        *(field for field in OPTIONS.properties if field.name in _SHARED_OPTIONS),
        same("defaultStepTimeout", INT),
        same("allowApplicationCrash"),
        same("disableAutoAcceptAlert"),
        Property("deviceIds"),
        same("mobileApplication", _APPLICATION),
        Property("bindings", ListOf(Object((Property("principals"), Property("relation"))))),
        Property("verbosity", local=True),
    ),
    zero="omit",
)
_POINT = Object((same("x", NUMBER), same("y", NUMBER)))
_LOCATOR = Object((*flags("failTestOnCannotLocate"), same("values", ListOf(Object((same("type"), same("value")))))))
_ELEMENT = Object(
    (
        *(same(name) for name in ("multiLocator", "context", "contextType", "elementDescription")),
        same("userLocator", _LOCATOR),
        same("relativePosition", _POINT),
        *(same(name) for name in ("textContent", "viewName")),
    ),
    zero="omit",
)
_PARAMETERS = Object(
    (
        *(same(name) for name in ("check", "value", "subtestPublicId", "direction", "withEnter")),
        same("enable", at="enabled"),
        *(same(name, INT) for name in ("delay", "maxScrolls")),
        *(same(name, NUMBER) for name in ("x", "y")),
        same("positions", ListOf(_POINT)),
        same("variable", Object((same("name"), same("example")))),
        same("element", _ELEMENT),
    ),
    zero="omit",
)
_STEP = Object(
    (
        *flags("allowFailure", "hasNewStepElement", "isCritical", "noScreenshot"),
        same("name"),
        same("publicId", zero="omit", computed=True),
        same("timeout", INT, zero="omit"),
        same("type"),
        same("params", _PARAMETERS),
    )
)
_OWN = ("name", "type", "monitorId", "forceDeleteDependencies")
MOBILE_TEST = Object(
    (
        *(field for field in COMMON if field.name in _OWN),
        Property("status", required=True),
        Property("message"),
        Property("tags"),
        Property("locations", TEXT_SET_IN_HASH_ORDER, local=True),
        Property("deviceIds", local=True),
        Property("configVariables", ListOf(CONFIG_VARIABLE), at="config.variables", if_absent=[]),
        Property("configInitialApplicationArguments", at="config.initialApplicationArguments"),
        Property("mobileOptionsList", _MOBILE_OPTIONS, at="options", if_absent={}),
        Property("mobileSteps", ListOf(_STEP), at="steps", if_absent=[]),
    ),
    zero="omit",
)


def kind(account: ConfiguredAccount) -> DatadogKind:
    """Return the entry of mobile tests. Devices and locations are sent in its options only."""
    return plain(account, f"{TESTS}/mobile", MOBILE_TEST, envelope=Plain(id="public_id"), delete_with=delete)
