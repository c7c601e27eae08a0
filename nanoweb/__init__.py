"""nanoweb: the Flask stack on nothing but Python.

>>> from nanoweb import App
>>> app = App(__name__)
>>> @app.route("/")
... def hello():
...     return "<p>Hello, World!</p>"

A reader of the source starts with `app`, and reads the modules from the ground
up in the order that README.md gives.
"""

from .app import App
from .blueprints import Blueprint
from .config import Config
from .context import (
    after_this_request,
    copy_current_request_context,
    current_app,
    g,
    has_app_context,
    has_request_context,
    request,
    session,
    stream_with_context,
)
from .exceptions import HTTPException
from .markup import Markup, escape
from .shortcuts import (
    abort,
    flash,
    get_flashed_messages,
    get_template_attribute,
    jsonify,
    make_response,
    redirect,
    render_template,
    render_template_string,
    send_file,
    send_from_directory,
    stream_template,
    stream_template_string,
    url_for,
)
from .signals import (
    appcontext_popped,
    appcontext_pushed,
    appcontext_tearing_down,
    before_render_template,
    got_request_exception,
    message_flashed,
    request_finished,
    request_started,
    request_tearing_down,
    template_rendered,
)
from .wrappers import Request, Response

Flask = App  # the name that everybody's fingers know

__version__ = "0.1.0"

__all__ = [
    "App",
    "Blueprint",
    "Config",
    "Flask",
    "HTTPException",
    "Markup",
    "Request",
    "Response",
    "abort",
    "after_this_request",
    "appcontext_popped",
    "appcontext_pushed",
    "appcontext_tearing_down",
    "before_render_template",
    "copy_current_request_context",
    "current_app",
    "escape",
    "flash",
    "g",
    "get_flashed_messages",
    "get_template_attribute",
    "got_request_exception",
    "has_app_context",
    "has_request_context",
    "jsonify",
    "make_response",
    "message_flashed",
    "redirect",
    "render_template",
    "render_template_string",
    "request",
    "request_finished",
    "request_started",
    "request_tearing_down",
    "send_file",
    "send_from_directory",
    "session",
    "stream_template",
    "stream_template_string",
    "stream_with_context",
    "template_rendered",
    "url_for",
]


def __getattr__(name: str) -> object:
    """Load what is too heavy for those who do not ask for it: `json`, which is `jsonprovider`."""
    if name == "json":
        from . import jsonprovider

        return jsonprovider
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
