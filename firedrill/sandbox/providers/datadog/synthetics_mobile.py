"""Synthetic tests of mobile applications (https://docs.datadoghq.com/mobile_app_testing/)."""

from firedrill.sandbox.providers.datadog.envelopes import Plain
from firedrill.sandbox.providers.datadog.kind import Account, Kind, plain
from firedrill.sandbox.providers.datadog.lists import TEXT_HASHED, Listed
from firedrill.sandbox.providers.datadog.objects import Field, Object
from firedrill.sandbox.providers.datadog.shapes import INT, NUMBER
from firedrill.sandbox.providers.datadog.synthetics_parts import (
    COMMON,
    CONFIG_VARIABLE,
    OPTIONS,
    TESTS,
    delete,
    flags,
    same,
)

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
        *(field for field in OPTIONS.fields if field.name in _SHARED_OPTIONS),
        same("defaultStepTimeout", INT),
        same("allowApplicationCrash"),
        same("disableAutoAcceptAlert"),
        Field("deviceIds"),
        same("mobileApplication", _APPLICATION),
        Field("bindings", Listed(Object((Field("principals"), Field("relation"))))),
        Field("verbosity", local=True),
    ),
    zero="omit",
)
_POINT = Object((same("x", NUMBER), same("y", NUMBER)))
_LOCATOR = Object((*flags("failTestOnCannotLocate"), same("values", Listed(Object((same("type"), same("value")))))))
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
        same("positions", Listed(_POINT)),
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
        Field("status", required=True),
        Field("message"),
        Field("tags"),
        Field("locations", TEXT_HASHED, local=True),
        Field("deviceIds", local=True),
        Field("configVariables", Listed(CONFIG_VARIABLE), at="config.variables", empty=[]),
        Field("configInitialApplicationArguments", at="config.initialApplicationArguments"),
        Field("mobileOptionsList", _MOBILE_OPTIONS, at="options", empty={}),
        Field("mobileSteps", Listed(_STEP), at="steps", empty=[]),
    ),
    zero="omit",
)


def kind(account: Account) -> Kind:
    """The entry: devices and locations are those of its options, so none are sent beside them."""
    return plain(account, f"{TESTS}/mobile", MOBILE_TEST, envelope=Plain(id="public_id"), forget=delete)
