"""Messages of monitors: rendered, their handles read, routed to people, workflows and integrations."""

from firedrill.notify.handles import Handle
from firedrill.notify.render import Rendered, render
from firedrill.notify.template import TemplateError
from firedrill.notify.transition import Transition

__all__ = ["Handle", "Rendered", "TemplateError", "Transition", "render"]
