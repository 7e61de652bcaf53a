"""Custom evaluators of LLM Observability.

https://docs.datadoghq.com/llm_observability/evaluations/custom_llm_as_a_judge_evaluations/
"""

from collections.abc import Mapping
from typing import Any, cast

from pulumi import dynamic

from infra.observability.dynamic.api import Json
from infra.observability.dynamic.provider import DatadogObject


class EvaluatorObject(DatadogObject):
    """The provider of evaluators."""

    named_by = ("eval_name",)
    PATH = "/api/unstable/llm-obs/config/evaluators/custom/"

    def create_object(self, attributes: Json) -> str:
        """Create or replace the evaluator and return its id, which is its name."""
        name = str(attributes["eval_name"])
        self.update_object(name, attributes)
        return name

    def read_object(self, identifier: str) -> Json:
        """Return the evaluator's configuration."""
        response = self._api.find(f"GET {self.PATH}{identifier}")
        return response and response["data"]["attributes"]

    def update_object(self, identifier: str, attributes: Json) -> None:
        """Replace the object's attributes."""
        data = {"type": "evaluator_config", "id": identifier, "attributes": attributes}
        self._api.call(f"PUT {self.PATH}{identifier}", {"data": data})

    def delete_object(self, identifier: str) -> None:
        """Delete the evaluator. Its scores stay on their spans."""
        self._api.call(f"DELETE {self.PATH}{identifier}")


class Evaluator(dynamic.Resource, module="datadog", name="Evaluator"):
    """A custom evaluator of LLM Observability. Its id is its name."""

    def __init__(self, name: str, attributes: Mapping[str, Json], opts: Any = None) -> None:
        super().__init__(EvaluatorObject(), name, cast("dict[str, Any]", dict(attributes)), opts)
