"""The configuration of the organisation's stack. A missing or wrong key is an error of one line, with the fix."""

import pulumi
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from infra.products import Product, closure
from infra.unfilled import refuse_unfilled

PROJECT = "llm-api-org"


class OrgSettings(BaseModel):
    """The stack's configuration. Keys are the field names in camel case, below ``llm-api-org:``."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel)

    environments: tuple[str, ...] = Field(
        min_length=1, description="stacks of the project llm-api in this organisation, such as [dev, prod]"
    )
    index_order: tuple[str, ...] = Field(
        min_length=1, description="all log indexes of the organisation; the first whose filter matches takes a log"
    )
    paged: tuple[str, ...] = Field(
        min_length=1, description="e-mail addresses of the Datadog users that any environment pages"
    )
    products_off: tuple[Product, ...] = Field(
        (), description="products that the Datadog organisation lacks, of the table in docs/deploy.md"
    )
    on_demand_tests: int = Field(
        ge=1, le=100, description="synthetic tests that CI may run at once, in all repositories"
    )

    def has(self, product: Product) -> bool:
        """Return whether the Datadog organisation has a product, and those that it needs."""
        return product not in closure(self.products_off)


def load() -> OrgSettings:
    """Return this stack's settings. Raises :class:`pulumi.RunError` with one line."""
    refuse_unfilled(f"infra/org/Pulumi.{pulumi.get_stack()}.yaml")
    stored = pulumi.Config(PROJECT)
    try:
        return OrgSettings.model_validate(
            {
                "environments": stored.get_object("environments"),
                "indexOrder": stored.get_object("indexOrder"),
                "paged": stored.get_object("paged"),
                "productsOff": stored.get_object("productsOff") or (),
                "onDemandTests": stored.get("onDemandTests"),
            }
        )
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        key = str(problem["loc"][0])
        field = next(model_field for model_field in OrgSettings.model_fields.values() if model_field.alias == key)
        raise pulumi.RunError(
            f"{PROJECT}:{key} in infra/org/Pulumi.{pulumi.get_stack()}.yaml is missing or wrong ({field.description}): "
            f"run `pulumi config set{' --path' if 'list' in problem['type'] or 'tuple' in problem['type'] else ''} "
            f"{PROJECT}:{key} VALUE`"
        ) from None
