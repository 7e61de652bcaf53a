"""The address at which deployed states find the dynamic providers: this module's path and these names must stay.

A state holds a provider as an expression that imports this module (:data:`IMPORTED`). The code is in
infra/observability/dynamic/.
"""

from infra.observability.dynamic.evaluator import EvaluatorObject
from infra.observability.dynamic.llm_project import ProjectObject
from infra.observability.dynamic.notebook import NotebookObject
from infra.observability.dynamic.provider import IMPORTED

__all__ = ["IMPORTED", "EvaluatorObject", "NotebookObject", "ProjectObject"]
