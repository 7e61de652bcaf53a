"""Who the service is, in Datadog's and in Google's spelling: the tags that join everything about it."""

from dataclasses import dataclass

SERVICE = "llm-api"
TEAM = "llm-platform"
"""Who owns the service: production's team, which the software catalog names."""
PLAIN = frozenset({"prod", "local"})
"""The environments whose handles are plain: production, and the sandbox, which is an organisation of its own."""


@dataclass(frozen=True)
class Identity:
    """Unified service tagging: the same three values on traces, metrics, logs and every declared resource."""

    env: str
    version: str
    service: str = SERVICE

    @property
    def team(self) -> str:
        """The handle of the team that answers for this environment. Each has its own: a page of dev goes by dev's
        rules, and destroying dev takes nobody off production's schedule."""
        return self.handle(TEAM)

    @property
    def tags(self) -> list[str]:
        """Datadog tags of a declared resource."""
        return [f"env:{self.env}", "managed_by:pulumi", f"service:{self.service}", f"team:{self.team}"]

    @property
    def labels(self) -> dict[str, str]:
        """The same as Google Cloud labels."""
        return {"env": self.env, "managed_by": "pulumi", "service": self.service, "team": self.team}

    @property
    def scope(self) -> str:
        """What selects this service's metrics."""
        return f"service:{self.service},env:{self.env}"

    def handle(self, text: str) -> str:
        """A handle, of which an organisation has one."""
        return text if self.env in PLAIN else f"{text}-{self.env}"

    def titled(self, text: str) -> str:
        """A name that people say, such as a team's or a schedule's."""
        return text if self.env in PLAIN else f"{text} ({self.env})"

    @property
    def audience(self) -> str:
        """Whom Google's identity tokens for the service are made out to."""
        return f"{self.service}/{self.env}"

    def named(self, text: str) -> str:
        """The name of a resource that people see in a list of all environments' resources."""
        return f"{self.service} {self.env}: {text}"
