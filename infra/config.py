"""What differs between stacks, read once and checked: a missing or wrong key is one line that names it and the fix."""

import re
from datetime import datetime
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

import pulumi
from pulumi.runtime.config import CONFIG
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.alias_generators import to_camel

from service.models import MODELS

PROJECT = "llm-api"
"""The Pulumi project, which is also the namespace of its configuration keys."""


def _known_model(name: str) -> str:
    if name not in MODELS:
        raise ValueError(f"is not in the table of service/models.py ({', '.join(sorted(MODELS))})")
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


Product = Literal["on-call", "llm-observability"]
"""A product that an organisation may not have: its API answers 403 then, and the stack does without it."""
ModelName = Annotated[str, AfterValidator(_known_model)]
Secret = Annotated[pulumi.Output[str], Field(repr=False)]


class _Strict(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, arbitrary_types_allowed=True, hide_input_in_errors=True
    )


class OnCall(_Strict):
    """Who answers pages."""

    emails: tuple[str, ...] = Field(min_length=1, description="Datadog users in order of rotation")
    time_zone: Annotated[str, AfterValidator(_time_zone)] = Field(description="zone in which shifts change")
    rotation_start: Annotated[str, AfterValidator(_instant)] = Field(
        description="first hand-over, a fixed instant: a computed one would change at every preview"
    )


class LoadTest(_Strict):
    """When the service is loaded on purpose, each week."""

    first: Annotated[str, AfterValidator(_day)] = Field(
        pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:00$",
        description="begin of the first one, in timeZone: 2026-01-04T03:00:00; its weekday is that of all",
    )
    hours: int = Field(ge=1, le=12, description="how long each lasts")
    time_zone: Annotated[str, AfterValidator(_time_zone)] = Field(description="zone in which it begins")

    @property
    def weekday(self) -> str:
        """As iCalendar writes it, such as SU."""
        return ("MO", "TU", "WE", "TH", "FR", "SA", "SU")[datetime.fromisoformat(self.first).weekday()]

    @property
    def instant(self) -> int:
        """The first begin in epoch seconds."""
        return int(datetime.fromisoformat(self.first).replace(tzinfo=ZoneInfo(self.time_zone)).timestamp())


class ChatRoom(_Strict):
    """A room of Google Chat that hears of pages; its webhook's address has these two and a token."""

    space: str = Field(pattern=r"^spaces/[\w-]+$", description="spaces/AAAA of the room's webhook")
    key: str = Field(pattern=r"^[\w-]+$", description="key of the webhook's address, which is the same for all rooms")


class Budget(_Strict):
    """What Google Cloud may cost."""

    year: int = Field(
        ge=2024, le=2100, description="the calendar year: a budget that moved by itself would be a change"
    )
    dollars_a_month: int = Field(gt=0, description="dollars in each of its months")


class Settings(_Strict):
    """One stack's configuration. Field names are the keys, in camel case, below ``llm-api:``."""

    env: str = Field(
        pattern=r"^[a-z][a-z0-9-]{0,14}$",
        description="the env tag of everything, such as prod; short, since it is a part of accounts' names",
    )
    gcp_project: str = Field(pattern=r"^[a-z][a-z0-9-]{4,28}[a-z0-9]$", description="Google Cloud project id")
    gcp_region: str = Field(pattern=r"^[a-z]+-[a-z]+\d+$", description="region of Cloud Run, such as europe-west1")
    datadog_site: str = Field(pattern=r"^[a-z0-9.-]+$", description="Datadog site, such as datadoghq.eu")
    image: str | None = Field(
        None,
        pattern=r"^\S+@sha256:[0-9a-f]{64}$",
        description="the image by digest, REGION-docker.pkg.dev/...@sha256:...",
    )
    image_folder: str | None = Field(None, description="a folder whose digest stands for an image (sandbox only)")
    model_primary: ModelName = Field(description="the model that answers")
    model_fallback: ModelName = Field(description="the model that the workflow switches to")
    model_location: str = Field(description="Vertex AI location, a region or global")
    min_instances: int = Field(ge=0, le=100, description="instances kept warm")
    max_instances: int = Field(ge=1, le=1000, description="the most instances, which bounds the cost of an overload")
    deletion_protection: bool = Field(description="whether Google refuses to delete the service")
    runbooks: str = Field(
        pattern=r"^https?://\S+[^/]$", description="URL of the folder docs/runbooks, no slash at its end"
    )
    synthetics_locations: tuple[str, ...] = Field(
        min_length=1, description="Datadog locations, such as aws:eu-central-1"
    )
    log_index: str = Field(
        pattern=r"^[a-z][a-z0-9-]*$",
        description="name of this environment's log index; one that was deleted cannot be used again",
    )
    gate_dry_run: bool = Field(
        True, description="whether the deployment gate lets everything pass, until its verdicts have been right"
    )
    budget: Budget | None = Field(None, description="what Google Cloud may cost; none where costs are not collected")
    deployer: str | None = Field(
        None, description="e-mail of the Datadog user whose keys deploy: production's monitors are editable to it"
    )
    repository: str | None = Field(
        None, pattern=r"^[\w.-]+/[\w.-]+$", description="GitHub repository, OWNER/NAME, whose workflows may deploy"
    )
    judge_account: str | None = Field(
        None, description="account of Vertex AI in LLM Observability's settings, with which evaluators ask their judge"
    )
    products_off: tuple[Product, ...] = Field(
        (), description="products that the Datadog organisation does not have: on-call, llm-observability"
    )
    on_call: OnCall = Field(description="who answers pages")
    chat_room: ChatRoom | None = Field(None, description="room of Google Chat that hears of every page")
    chat_room_token: pulumi.Output[str] | None = Field(
        None, repr=False, description="token of that room's webhook (secret)"
    )
    load_test: LoadTest | None = Field(None, description="the weekly load test, in which tickets and objectives rest")
    first_deploy: Annotated[str, AfterValidator(_instant)] | None = Field(
        None,
        description="begin of the first deploy, a fixed instant: alerts are muted for two hours; remove it afterwards",
    )
    datadog_api_key: Secret = Field(description="key that the service's agent sends with (secret)")
    operator_token: Secret = Field(description="token that lets the workflow change the service's model (secret)")
    reader_token: Secret = Field(description="token that may look at /datadog/*, as a synthetic test does (secret)")

    def has(self, product: Product) -> bool:
        """Whether the Datadog organisation has a product."""
        return product not in self.products_off

    @model_validator(mode="after")
    def _belong_together(self) -> "Settings":
        if (self.image is None) == (self.image_folder is None):
            raise ValueError("image: set either image (by digest) or, in the sandbox, imageFolder")
        if self.model_primary == self.model_fallback:
            raise ValueError("modelFallback: is the primary model, so a switch would change nothing")
        if self.env == "prod" and self.deployer is None:
            raise ValueError("deployer: is needed in prod, whose monitors nobody else may edit")
        if (self.chat_room is None) != (self.chat_room_token is None):
            raise ValueError("chatRoomToken: a room needs its webhook's token, and a token its room (chatRoom)")
        if self.max_instances < self.min_instances:
            raise ValueError("maxInstances: is below minInstances")
        return self


OTHER_NAMESPACES = {"gcpProject": ("gcp", "project"), "gcpRegion": ("gcp", "region")}
"""Keys that the Google provider reads too: given once, under its name."""
SECRETS = ("chatRoomToken", "datadogApiKey", "operatorToken", "readerToken")


def load() -> Settings:
    """This stack's settings. Raises :class:`pulumi.RunError` with one line."""
    values: dict[str, Any] = {}
    structured = {"budget", "chatRoom", "loadTest", "onCall", "productsOff", "syntheticsLocations"}
    own = pulumi.Config(PROJECT)
    for key in sorted(full.removeprefix(f"{PROJECT}:") for full in CONFIG.get() if full.startswith(f"{PROJECT}:")):
        try:
            secret = key in SECRETS
            values[key] = own.get_secret(key) if secret else own.get_object(key) if key in structured else own.get(key)
        except pulumi.ConfigTypeError:
            raise pulumi.RunError(f"{PROJECT}:{key} in {_file()} is not an object: {_meaning(key)}") from None
    for key, (namespace, name) in OTHER_NAMESPACES.items():
        value = pulumi.Config(namespace).get(name)
        if value is not None:
            values[key] = value
    try:
        return Settings(**values)
    except ValidationError as error:
        raise pulumi.RunError(_one_line(error)) from None


def _file() -> str:
    return f"Pulumi.{pulumi.get_stack()}.yaml"


def _meaning(key: str) -> str:
    """The description of a key, which may be dotted (``onCall.emails``)."""
    model: type[BaseModel] = Settings
    described = ""
    for part in key.split("."):
        field = next((one for one in model.model_fields.values() if one.alias == part), None)
        if field is None:
            return described
        described = field.description or ""
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            model = field.annotation
    return described


def _one_line(error: ValidationError) -> str:
    """The first problem: the key as Pulumi spells it, what is wrong, what to do."""
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
        known = ", ".join(sorted(field.alias or "" for field in Settings.model_fields.values()))
        return f"{shown} in {_file()} is not a key of this program: remove it; known are {known}"
    meaning = _meaning(key)
    return f"{shown} in {_file()} is wrong: {text[0].lower()}{text[1:]}" + (f" ({meaning})" if meaning else "")
