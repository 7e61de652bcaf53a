"""What the organisation's stack is told: a missing or wrong key is one line that names it and the fix."""

from typing import Literal

import pulumi
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

PROJECT = "llm-api-org"


class OrgSettings(BaseModel):
    """The keys, in camel case, below ``llm-api-org:``."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel)

    environments: tuple[str, ...] = Field(
        min_length=1, description="the stacks of the project llm-api in this organisation, such as [dev, prod]"
    )
    index_order: tuple[str, ...] = Field(
        min_length=1, description="every log index of the organisation; the first whose filter matches takes the log"
    )
    paged: tuple[str, ...] = Field(
        min_length=1, description="e-mail addresses of the Datadog users whom any environment pages"
    )
    products_off: tuple[Literal["on-call"], ...] = Field(
        (), description="products that the Datadog organisation does not have: on-call"
    )
    on_demand_tests: int = Field(ge=1, le=100, description="synthetic tests that CI runs at once, in all repositories")


def load() -> OrgSettings:
    """This stack's settings. Raises :class:`pulumi.RunError` with one line."""
    own = pulumi.Config(PROJECT)
    try:
        return OrgSettings.model_validate(
            {
                "environments": own.get_object("environments"),
                "indexOrder": own.get_object("indexOrder"),
                "paged": own.get_object("paged"),
                "productsOff": own.get_object("productsOff") or (),
                "onDemandTests": own.get("onDemandTests"),
            }
        )
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        key = str(problem["loc"][0])
        field = next(one for one in OrgSettings.model_fields.values() if one.alias == key)
        raise pulumi.RunError(
            f"{PROJECT}:{key} in infra/org/Pulumi.{pulumi.get_stack()}.yaml is missing or wrong ({field.description}): "
            f"run `pulumi config set{' --path' if 'list' in problem['type'] or 'tuple' in problem['type'] else ''} "
            f"{PROJECT}:{key} VALUE`"
        ) from None
