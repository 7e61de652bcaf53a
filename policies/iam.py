"""IAM in Google Cloud: roles, and access for everybody."""

import re
from collections.abc import Iterator

from policies.cloud_run import SERVICE, secret_reference, variables
from policies.policy import Resource, Stack, policy

LINK = "https://cloud.google.com/iam/docs/roles-overview"
PROJECT_GRANTS = ("gcp:projects:IAMMember", "gcp:projects:IAMBinding")
GRANTS = ("gcp:*:*IAMMember", "gcp:*:*IamMember", "gcp:*:*IAMBinding", "gcp:*:*IamBinding")
"""Grants on every kind of resource; the provider uses both spellings."""
EVERYBODY = ("allUsers", "allAuthenticatedUsers")
INVOKER_GRANTS = ("gcp:cloudrunv2:ServiceIamMember", "gcp:cloudrunv2:ServiceIamBinding", "gcp:cloudrun:IamMember")
INVOKER = "roles/run.invoker"
AUTHENTICATION = re.compile(r"(^|_)(AUTH|API_KEYS|(ACCESS|BEARER|CALLER|OPERATOR|SERVICE)_TOKEN)")
"""Names of variables that contain callers' credentials."""
AUTHENTICATION_SWITCH = re.compile(r"(^|_)AUTH(ENTICATION)?$")
OFF = ("", "0", "disabled", "false", "loopback", "no", "none", "off")


def _members(grant: Resource) -> list[str]:
    members = [grant.get("member")] if "member" in grant.properties else grant.get_list("members")
    return [str(member) for member in members]


@policy(
    "iam-no-basic-roles",
    *GRANTS,
    description="No grant uses the basic roles Owner, Editor or Viewer.",
    prevents="The basic roles have thousands of permissions. Whoever takes over a service with one of them controls "
    "the whole project.",
    link=LINK,
)
def no_basic_roles(grant: Resource, stack: Stack) -> Iterator[str]:
    """Check the role of every grant."""
    if grant.get("role") in {"roles/owner", "roles/editor", "roles/viewer"}:
        yield f"Replace {grant.get('role')} with the narrowest role that works: it has permissions on everything."


@policy(
    "iam-no-project-wide-secrets",
    *PROJECT_GRANTS,
    description="Access to secrets and service accounts is granted on each one, not on the project.",
    prevents="A project-wide secretAccessor reads every present and future secret of the project, including those of "
    "other teams.",
    link="https://cloud.google.com/secret-manager/docs/access-control",
)
def no_project_wide_secrets(grant: Resource, stack: Stack) -> Iterator[str]:
    """Check for roles that read secrets or impersonate service accounts."""
    role = str(grant.get("role", ""))
    sensitive = ("roles/secretmanager.", "roles/iam.serviceAccountTokenCreator", "roles/iam.serviceAccountUser")
    # A viewer lists secrets, but reads no values.
    if role.startswith(sensitive) and role != "roles/secretmanager.viewer":
        yield f"Grant {role} on the one secret or service account that needs it, not on the project."


@policy(
    "iam-public-only-with-authentication",
    *INVOKER_GRANTS,
    SERVICE,
    description="A service that everybody may invoke authenticates its callers itself.",
    prevents="The first four Cloud Run grants that a search of public code returns are `allUsers`. With a paid model "
    "behind it, an open service spends its owner's money.",
    link="https://cloud.google.com/run/docs/authenticating/public",
    scope="stack",
)
def public_only_with_authentication(grant: Resource, stack: Stack) -> Iterator[str]:
    """Check that a public service has a secret for authentication and no variable that turns it off.

    ``policies:authentication`` names the variables; without it their names are matched by a pattern.
    """
    services = [
        service for service in stack.of_kind(SERVICE) if "name" not in grant.links or service in grant.links["name"]
    ]
    if grant.kind == SERVICE:  # Cloud Run checks no caller
        if not grant.get("invokerIamDisabled"):
            return
        services = [grant]
    elif grant.get("role") != INVOKER or not set(_members(grant)) & set(EVERYBODY):
        return
    credentials = stack.settings.authentication
    if not services:
        yield "Remove allUsers: the service that it opens is not declared here as a cloudrunv2.Service."
    for service in services:
        environment = list(variables(service))
        off = [
            str(variable["name"])
            for variable in environment
            if "value" in variable
            and AUTHENTICATION_SWITCH.search(str(variable["name"]))
            and str(variable["value"] or "").lower() in OFF
        ]
        secrets = {str(variable["name"]) for variable in environment if secret_reference(variable) is not None}
        if off:
            yield f"Remove allUsers, or turn on the authentication of {service.name}: {', '.join(off)} turns it off."
        elif not (secrets & set(credentials) if credentials else any(map(AUTHENTICATION.search, secrets))):
            yield f"Remove allUsers, or let {service.name} authenticate its callers with a secret from Secret Manager."


@policy(
    "iam-public-nothing-else",
    *GRANTS,
    description="Nothing is granted to everybody, except invoking a service.",
    prevents="Scanners find a bucket or a secret that `allUsers` may read within hours.",
    link="https://cloud.google.com/iam/docs/overview#all-users",
)
def public_nothing_else(grant: Resource, stack: Stack) -> Iterator[str]:
    """Check the members of every grant except those that ``iam-public-only-with-authentication`` checks."""
    if grant.kind in INVOKER_GRANTS and grant.get("role") == INVOKER:
        return
    for member in sorted(set(_members(grant)) & set(EVERYBODY)):
        yield f"Remove {member}: everybody on the internet has {grant.get('role')}."
