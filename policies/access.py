"""Who may do what in Google Cloud."""

import re
from collections.abc import Iterator

from policies.cloud_run import SERVICE, reference_of, variables
from policies.policy import Resource, Stack, policy

LINK = "https://cloud.google.com/iam/docs/roles-overview"
PROJECT = ("gcp:projects:IAMMember", "gcp:projects:IAMBinding")
GRANTS = ("gcp:*:*IAMMember", "gcp:*:*IamMember", "gcp:*:*IAMBinding", "gcp:*:*IamBinding")
"""Of every kind of resource: the provider spells it both ways."""
EVERYBODY = ("allUsers", "allAuthenticatedUsers")
INVOKERS = ("gcp:cloudrunv2:ServiceIamMember", "gcp:cloudrunv2:ServiceIamBinding", "gcp:cloudrun:IamMember")
CALL = "roles/run.invoker"
AUTHENTICATION = re.compile(r"(^|_)(AUTH|API_KEYS|(ACCESS|BEARER|CALLER|OPERATOR|SERVICE)_TOKEN)")
"""What a variable is called that holds what callers have to know."""
SWITCH = re.compile(r"(^|_)AUTH(ENTICATION)?$")
OFF = ("", "0", "disabled", "false", "loopback", "no", "none", "off")


def _members(grant: Resource) -> list[str]:
    return [str(one) for one in ([grant.get("member")] if "member" in grant.properties else grant.items("members"))]


@policy(
    "iam-no-basic-roles",
    *GRANTS,
    says="Nobody is given Owner, Editor or Viewer.",
    prevents="The basic roles hold thousands of permissions: whoever takes over a service that has one takes the "
    "project.",
    link=LINK,
)
def no_basic_roles(grant: Resource, stack: Stack) -> Iterator[str]:
    """On whatever resource."""
    if grant.get("role") in {"roles/owner", "roles/editor", "roles/viewer"}:
        yield f"Replace {grant.get('role')} by the narrowest role that does: it holds permissions on everything."


@policy(
    "iam-no-project-wide-secrets",
    *PROJECT,
    says="Access to secrets and to other accounts is granted one by one, not for a project.",
    prevents="A project-wide secretAccessor reads every secret that the project will ever have, other teams' included.",
    link="https://cloud.google.com/secret-manager/docs/access-control",
)
def no_project_wide_secrets(grant: Resource, stack: Stack) -> Iterator[str]:
    """Roles that read secrets or become other accounts."""
    role = str(grant.get("role", ""))
    opens = ("roles/secretmanager.", "roles/iam.serviceAccountTokenCreator", "roles/iam.serviceAccountUser")
    # A viewer sees which secrets there are, and none of their values.
    if role.startswith(opens) and role != "roles/secretmanager.viewer":
        yield f"Grant {role} on the one secret or account that is needed."


@policy(
    "iam-public-only-with-authentication",
    *INVOKERS,
    says="A service that anybody may call asks its callers for something by itself.",
    prevents="In public code the first four Cloud Run grants that a search finds are `allUsers`. With a paid model"
    " behind it, an open service spends the money of whoever declared it.",
    link="https://cloud.google.com/run/docs/authenticating/public",
    scope="stack",
)
def public_only_with_authentication(grant: Resource, stack: Stack) -> Iterator[str]:
    """Shown by a secret that the service holds for it, and no switch that says off; ``policies:authentication`` names
    the variables."""
    if grant.get("role") != CALL or not set(_members(grant)) & set(EVERYBODY):
        return
    named = stack.settings.authentication
    services = [one for one in stack.of(SERVICE) if "name" not in grant.links or one in grant.links["name"]]
    if not services:
        yield "Take allUsers away: the service that it opens is not declared here as a cloudrunv2.Service."
    for service in services:
        told = list(variables(service))
        off = [
            str(one["name"])
            for one in told
            if "value" in one and SWITCH.search(str(one["name"])) and str(one["value"] or "").lower() in OFF
        ]
        held = {str(one["name"]) for one in told if reference_of(one) is not None}
        good = held & set(named) if named else {one for one in held if AUTHENTICATION.search(one)}
        if off:
            yield f"Take allUsers away, or turn the authentication of {service.name} on: {', '.join(off)} says off."
        elif not good:
            yield f"Take allUsers away, or let {service.name} authenticate callers with a secret that it refers to."


@policy(
    "iam-public-nothing-else",
    *GRANTS,
    says="Nothing but calling a service is granted to everybody.",
    prevents="A bucket or a secret that `allUsers` may read is found by scanners within hours.",
    link="https://cloud.google.com/iam/docs/overview#all-users",
)
def public_nothing_else(grant: Resource, stack: Stack) -> Iterator[str]:
    """Members of any grant but the one that ``iam-public-only-with-authentication`` judges."""
    if grant.kind in INVOKERS and grant.get("role") == CALL:
        return
    for member in sorted(set(_members(grant)) & set(EVERYBODY)):
        yield f"Take {member} away: anybody on the internet has {grant.get('role')}."


@policy(
    "bucket-closed",
    "gcp:storage:Bucket",
    says="A bucket refuses public access, and its permissions are those of the bucket alone.",
    prevents="One object with its own access list makes a private bucket public: the commonest leak of all, and "
    "one of the two rules that Pulumi's public packs have for Google Cloud.",
    link="https://cloud.google.com/storage/docs/public-access-prevention",
)
def bucket_closed(bucket: Resource, stack: Stack) -> Iterator[str]:
    """Both switches."""
    if bucket.get("publicAccessPrevention") != "enforced":
        yield 'Set publicAccessPrevention to "enforced".'
    if not bucket.get("uniformBucketLevelAccess"):
        yield "Set uniformBucketLevelAccess: objects must not have access lists of their own."
