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
    jsonify,
    make_response,
    redirect,
    send_file,
    send_from_directory,
    url_for,
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
    "copy_current_request_context",
    "current_app",
    "escape",
    "flash",
    "g",
    "get_flashed_messages",
    "has_app_context",
    "has_request_context",
    "jsonify",
    "make_response",
    "redirect",
    "request",
    "send_file",
    "send_from_directory",
    "session",
    "stream_with_context",
    "url_for",
]
