"""The monthly budget for Google Cloud, in Cloud Cost Management."""

from dataclasses import dataclass

import pulumi
import pulumi_datadog as dd

from infra.config import Budget
from infra.identity import Identity


@dataclass(frozen=True)
class CostBudgetArgs:
    """``project`` is the Google Cloud project, ``budget`` its limit."""

    identity: Identity
    project: str
    budget: Budget


class CostBudget(pulumi.ComponentResource):
    """The budget, which shows slow growth that the hourly cost alert does not."""

    def __init__(self, name: str, args: CostBudgetArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("llm-api:datadog:CostBudget", name, None, opts)
        year = args.budget.year
        months = [year * 100 + month for month in range(1, 13)]
        dd.CostBudget(
            name,
            name=args.identity.named(f"Google Cloud {year}"),
            metrics_query=f"sum:gcp.cost.amortized{{project_id:{args.project}}} by {{service}}",
            start_month=months[0],
            end_month=months[-1],
            budget_lines=[
                # The service's label, which Google's bill has too.
                dd.CostBudgetBudgetLineArgs(
                    tag_filters=[
                        dd.CostBudgetBudgetLineTagFilterArgs(tag_key="service", tag_value=args.identity.service)
                    ],
                    amounts={str(month): float(args.budget.dollars_a_month) for month in months},
                )
            ],
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})
