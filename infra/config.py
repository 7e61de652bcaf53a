"""The stack's configuration. A missing or wrong key is an error of one line, with the fix."""

import re
from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo, available_timezones

import pulumi
from pulumi.runtime.config import CONFIG
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.alias_generators import to_camel

from infra.products import Product, closure
from infra.unfilled import refuse_unfilled
from service.llm.models import MODELS

PROJECT = "llm-api"
"""The Pulumi project, which is also the namespace of its configuration keys."""


def _known_model(name: str) -> str:
    if name not in MODELS:
        raise ValueError(f"is not in the table of service/llm/models.py ({', '.join(sorted(MODELS))})")
    return name


def _time_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError("is not an IANA time zone")
    return name


def _instant(text: str) -> str:
    if datetime.fromisoformat(text).tzinfo is None:
        raise ValueError("has no time zone (write 2026-01-05T08:00:00Z)")
    return text


def _day(text: str) -> str:
    datetime.fromisoformat(text)  # the 30th of February is refused in pydantic's own words
    return text


ModelName = Annotated[str, AfterValidator(_known_model)]
Secret = Annotated[pulumi.Output[str], Field(repr=False)]


class _Strict(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, arbitrary_types_allowed=True, hide_input_in_errors=True
    )


class OnCall(_Strict):
    """The on-call rotation."""

    emails: tuple[str, ...] = Field(min_length=1, description="Datadog users in order of rotation")
    time_zone: Annotated[str, AfterValidator(_time_zone)] = Field(description="zone in which shifts change")
    rotation_start: Annotated[str, AfterValidator(_instant)] = Field(
        description="first hand-over, a fixed instant: a computed one would change at every preview"
    )


class LoadTest(_Strict):
    """The weekly load test."""

    first: Annotated[str, AfterValidator(_day)] = Field(
        pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:00$",
        description="start of the first one, in timeZone: 2026-01-04T03:00:00; its weekday is that of all",
    )
    hours: int = Field(ge=1, le=12, description="how long each lasts")
    time_zone: Annotated[str, AfterValidator(_time_zone)] = Field(description="zone in which it starts")

    @property
    def weekday(self) -> str:
        """The weekday as iCalendar writes it, such as SU."""
        return ("MO", "TU", "WE", "TH", "FR", "SA", "SU")[datetime.fromisoformat(self.first).weekday()]

    @property
    def instant(self) -> int:
        """The start of the first one, in epoch seconds."""
        return int(datetime.fromisoformat(self.first).replace(tzinfo=ZoneInfo(self.time_zone)).timestamp())


class ChatRoom(_Strict):
    """A room of Google Chat that pages notify. Its webhook's address has these two and a token."""

    space: str = Field(pattern=r"^spaces/[\w-]+$", description="spaces/AAAA of the room's webhook")
    key: str = Field(pattern=r"^[\w-]+$", description="key in the webhook's address, which is the same for all rooms")


class Budget(_Strict):
    """The budget for Google Cloud."""

    year: int = Field(ge=2024, le=2100, description="calendar year, fixed: a computed one would be a change each year")
    dollars_a_month: int = Field(gt=0, description="dollars for each month")


class Settings(_Strict):
    """One stack's configuration. Keys are the field names in camel case, below ``llm-api:``."""

    env: str = Field(
        pattern=r"^[a-z][a-z0-9-]{0,14}$",
        description="the env tag, such as prod; short, because account names contain it",
    )
    gcp_project: str = Field(pattern=r"^[a-z][a-z0-9-]{4,28}[a-z0-9]$", description="Google Cloud project id")
    gcp_region: str = Field(pattern=r"^[a-z]+-[a-z]+\d+$", description="region of Cloud Run, such as europe-west1")
    datadog_site: str = Field(pattern=r"^[a-z0-9.-]+$", description="Datadog site, such as datadoghq.eu")
    image: str | None = Field(
        None,
        pattern=r"^\S+@sha256:[0-9a-f]{64}$",
        description="image by digest, REGION-docker.pkg.dev/...@sha256:...",
    )
    image_folder: str | None = Field(None, description="folder whose digest stands for an image (sandbox only)")
    model_primary: ModelName = Field(description="primary model")
    model_fallback: ModelName = Field(description="model that the workflow switches to")
    model_location: str = Field(description="Vertex AI location, a region or global")
    min_instances: int = Field(ge=0, le=100, description="instances kept warm")
    max_instances: int = Field(ge=1, le=1000, description="maximum of instances, which limits the cost of an overload")
    deletion_protection: bool = Field(
        description="whether the service and resources with history are protected from deletion"
    )
    runbooks: str = Field(
        pattern=r"^https?://\S+[^/]$", description="URL of the folder docs/runbooks, without a slash at the end"
    )
    synthetics_locations: tuple[str, ...] = Field(
        min_length=1, description="Datadog locations, such as aws:eu-central-1"
    )
    own_hosts: tuple[str, ...] = Field(
        (), description="domains mapped to the service, beside the names that Cloud Run gives it"
    )
    log_index: str = Field(
        pattern=r"^[a-z][a-z0-9-]*$",
        description="name of this environment's log index; the name of a deleted one cannot be used again",
    )
    failure_theater: bool = Field(
        False, description="whether operators may break the service on its page; always in the sandbox"
    )
    gate_dry_run: bool = Field(True, description="whether the deployment gate only reports its verdicts")
    budget: Budget | None = Field(None, description="budget for Google Cloud; none without Cloud Cost Management")
    deployer: str | None = Field(
        None, description="e-mail of the Datadog user whose keys deploy, who may edit production's monitors"
    )
    repository: str | None = Field(
        None, pattern=r"^[\w.-]+/[\w.-]+$", description="GitHub repository, OWNER/NAME, whose workflows may deploy"
    )
    judge_account: str | None = Field(
        None, description="Vertex AI account in LLM Observability's settings, with which evaluators call their judge"
    )
    products_off: tuple[Product, ...] = Field(
        (), description="products that the Datadog organisation lacks, of the table in docs/deploy.md"
    )
    service_account_keys: bool = Field(
        True,
        description="whether the Google organisation allows keys of service accounts, as the workflow roll-back needs",
    )
    outside_members: bool = Field(
        True,
        description="whether the Google organisation allows grants to allUsers and to Datadog's account",
    )
    on_call: OnCall = Field(description="on-call rotation")
    chat_room: ChatRoom | None = Field(None, description="room of Google Chat that every page notifies")
    chat_room_token: pulumi.Output[str] | None = Field(
        None, repr=False, description="token of that room's webhook (secret)"
    )
    load_test: LoadTest | None = Field(
        None, description="weekly load test, during which tickets are muted and SLOs corrected"
    )
    first_deploy: Annotated[str, AfterValidator(_instant)] | None = Field(
        None,
        description="start of the first deployment: alerts are muted for two hours; remove it afterwards",
    )
    datadog_api_key: Secret = Field(description="API key of the service's agent (secret)")
    conversation_keys: Secret = Field(
        description="any long random text, by which conversations are stored; to change it: NEW,OLD (secret)"
    )
    operator_token: Secret = Field(description="token that may change the service's model and cache (secret)")
    reader_token: Secret = Field(description="token that may read /datadog/*, as a synthetic test does (secret)")

    def has(self, product: Product) -> bool:
        """Return whether the Datadog organisation has a product, and those that it needs."""
        return product not in self.off

    @property
    def off(self) -> frozenset[Product]:
        """The products that are off, with those that need one of them."""
        return closure(self.products_off)

    @model_validator(mode="after")
    def _belong_together(self) -> "Settings":
        if (self.image is None) == (self.image_folder is None):
            raise ValueError("image: set either image (by digest) or, in the sandbox, imageFolder")
        if self.model_primary == self.model_fallback:
            raise ValueError("modelFallback: is the primary model, so a switch would change nothing")
        if self.env == "prod" and self.deployer is None:
            raise ValueError("deployer: is required in prod, where only the team and this user may edit monitors")
        if (self.chat_room is None) != (self.chat_room_token is None):
            raise ValueError("chatRoomToken: set chatRoom and its webhook's chatRoomToken together, or neither")
        if self.max_instances < self.min_instances:
            raise ValueError("maxInstances: is below minInstances")
        return self


OTHER_NAMESPACES = {"gcpProject": ("gcp", "project"), "gcpRegion": ("gcp", "region")}
"""Keys that the Google provider reads too, in its namespace."""
SECRETS = ("chatRoomToken", "conversationKeys", "datadogApiKey", "operatorToken", "readerToken")
OBJECTS = ("budget", "chatRoom", "loadTest", "onCall", "ownHosts", "productsOff", "syntheticsLocations")


def load() -> Settings:
    """Return this stack's settings. Raises :class:`pulumi.RunError` with one line."""
    refuse_unfilled(_file())
    values: dict[str, Any] = {}
    prefix = f"{PROJECT}:"
    for key in sorted(name.removeprefix(prefix) for name in CONFIG.get() if name.startswith(prefix)):
        values[key] = _stored(key)
    for key, (namespace, name) in OTHER_NAMESPACES.items():
        value = pulumi.Config(namespace).get(name)
        if value is not None:
            values[key] = value
    try:
        return Settings(**values)
    except ValidationError as error:
        raise pulumi.RunError(_one_line(error)) from None


def _stored(key: str) -> Any:
    """Return a key's value: a secret as an output, a structured key as an object, any other as text."""
    config = pulumi.Config(PROJECT)
    if key in SECRETS:
        return config.get_secret(key)
    if key not in OBJECTS:
        return config.get(key)
    try:
        return config.get_object(key)
    except pulumi.ConfigTypeError:
        raise pulumi.RunError(f"{PROJECT}:{key} in {_file()} is not an object: {_meaning(key)}") from None


def _file() -> str:
    return f"Pulumi.{pulumi.get_stack()}.yaml"


def _meaning(key: str) -> str:
    """Return the description of a key, which may be dotted (``onCall.emails``)."""
    model: type[BaseModel] = Settings
    description = ""
    for part in key.split("."):
        field = next((model_field for model_field in model.model_fields.values() if model_field.alias == part), None)
        if field is None:
            return description
        description = field.description or ""
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            model = field.annotation
    return description


def _one_line(error: ValidationError) -> str:
    """Return the first problem in one line: the key as Pulumi writes it, the reason, and the fix."""
    problem = error.errors(include_url=False, include_input=False)[0]
    text = re.sub(r"^Value error, ", "", problem["msg"])
    key = ".".join(str(part) for part in problem["loc"] if not isinstance(part, int))
    if not key:
        key, _, text = text.partition(": ")
    shown = ":".join(OTHER_NAMESPACES[key]) if key in OTHER_NAMESPACES else f"{PROJECT}:{key}"
    if problem["type"] == "missing":
        flags = " --secret" if key in SECRETS else " --path" if "." in key else ""
        fix = f"run `pulumi config set{flags} {shown} VALUE`"
        return f"{shown} is missing in {_file()} ({_meaning(key)}): {fix}"
    if problem["type"] == "extra_forbidden":
        keys = ", ".join(sorted(field.alias or "" for field in Settings.model_fields.values()))
        return f"{shown} in {_file()} is not a key of this program: remove it; the keys are {keys}"
    meaning = _meaning(key)
    return f"{shown} in {_file()} is wrong: {text[0].lower()}{text[1:]}" + (f" ({meaning})" if meaning else "")
