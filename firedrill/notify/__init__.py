"""Messages of monitors: rendering, handles, and routing to people, workflows and integrations."""

from firedrill.notify.handles import Handle
from firedrill.notify.render import Rendered, render
from firedrill.notify.template import TemplateError
from firedrill.notify.transition import NotifiedTransition

__all__ = ["Handle", "NotifiedTransition", "Rendered", "TemplateError", "render"]
