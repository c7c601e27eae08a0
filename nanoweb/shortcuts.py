"""The short words of a view: each does one thing with the current request or application."""

from __future__ import annotations

import os

from .context import (
    _current_request_context,
    current_app,
    has_app_context,
    has_request_context,
    request,
    session,
    stream_with_context,
)
from .exceptions import abort as abort_without_app
from .routing import RequestRedirect
from .signals import before_render_template, message_flashed, template_rendered
from .wrappers import Response

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime
    from typing import IO, Any, NoReturn, Union

    from .template import Template

    TemplateName = Union[str, Template, Iterable[Union[str, Template]]]

__all__ = [
    "abort",
    "flash",
    "get_flashed_messages",
    "get_template_attribute",
    "jsonify",
    "make_response",
    "redirect",
    "render_template",
    "render_template_string",
    "send_file",
    "send_from_directory",
    "stream_template",
    "stream_template_string",
    "url_for",
]


_redirect_codes = frozenset([301, 302, 303, 305, 307, 308])


def abort(code: int | Any, *args: Any, **kwargs: Any) -> NoReturn:
    """Stop here and answer with an HTTP error.

    >>> abort(404)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    nanoweb.exceptions.NotFound: 404 Not Found: The requested URL was not found on the server. ...

    code     a status, or a response or other WSGI application to answer with
    raises   the HTTPException of that status; LookupError if there is none
    """
    if has_app_context():
        current_app.aborter(code, *args, **kwargs)
    abort_without_app(code, *args, **kwargs)


def make_response(*args: Any) -> Response:
    """Return what a view would have returned as a response, to add fields or cookies to it.

    args   one value, or what would be the members of a tuple; nothing is an empty response
    """
    if not args:
        return current_app.response_class()
    return current_app.make_response(args[0] if len(args) == 1 else args)


def redirect(location: str, code: int = 302, Response: type[Response] | None = None) -> Response:
    """Return a response that sends the client to another address.

    location   where to; a path is enough.  One that the client chose can lead anywhere: check it first
    code       301, 302, 303 (go and GET), 307 or 308 (same method, same body)
    Response   the class to make; inside an application it is the application's
    """
    if has_app_context():
        return current_app.redirect(location, code)
    return redirect_response(location, code, Response)


def redirect_response(location: str, code: int = 302, response_class: type[Response] | None = None) -> Response:
    """Return a redirect of a class of responses; `redirect` without the current application."""
    if code not in _redirect_codes:
        raise ValueError(f"{code!r} is no redirect: there are 301, 302, 303, 305, 307 and 308")
    if not isinstance(location, str):
        raise TypeError(f"cannot redirect to {location!r:.200}: give the address as text")
    # As in Location: a browser takes "/\host" for "//host".
    page = RequestRedirect(location.replace("\\", "%5C")).get_body()
    response = (response_class or Response)(page, code, mimetype="text/html")
    response.location = location
    return response


def url_for(
    endpoint: str,
    *,
    _anchor: str | None = None,
    _method: str | None = None,
    _scheme: str | None = None,
    _external: bool | None = None,
    **values: Any,
) -> str:
    """Return the address of a view; see `App.url_for`."""
    return current_app.url_for(
        endpoint, _anchor=_anchor, _method=_method, _scheme=_scheme, _external=_external, **values
    )


def jsonify(*args: Any, **kwargs: Any) -> Response:
    """Return a JSON response: of one argument; of several as a list; or of keyword arguments as an object."""
    return current_app.json.response(*args, **kwargs)


def flash(message: str, category: str = "message") -> None:
    """Keep a message for the next page that asks for it."""
    # A new list, not an append: the session sees assignments only.
    session["_flashes"] = [*session.get("_flashes", []), (category, message)]
    if message_flashed.receivers:
        app = current_app._get_current_object()  # type: ignore[attr-defined]
        message_flashed.send(app, _async_wrapper=app.ensure_sync, message=message, category=category)


def get_flashed_messages(with_categories: bool = False, category_filter: Iterable[str] = ()) -> list[Any]:
    """Return the messages kept for this page; asked again in the same request, the same ones.

    with_categories   (category, message) pairs instead of messages
    category_filter   only these categories
    """
    context = _current_request_context("get_flashed_messages")
    flashes = context.flashes
    if flashes is None:
        flashes = context.flashes = session.pop("_flashes") if "_flashes" in session else []
    if category_filter:
        flashes = [pair for pair in flashes if pair[0] in category_filter]
    return flashes if with_categories else [message for _, message in flashes]


def send_file(
    path_or_file: str | os.PathLike[str] | IO[bytes],
    mimetype: str | None = None,
    as_attachment: bool = False,
    download_name: str | None = None,
    conditional: bool = True,
    etag: bool | str = True,
    last_modified: datetime | float | None = None,
    max_age: int | Callable[[str | None], int | None] | None = None,
) -> Response:
    """Send a file that the program chose; see send_from_directory for those that a client chooses.

    path_or_file   a path, seen from the application's folder, or a binary file at its start
    max_age        for how many seconds a client may keep it without asking; if None, what
                   app.get_send_file_max_age says

    The rest is as for `files.send_file`.
    """
    from . import files  # for weight

    if isinstance(path_or_file, (str, os.PathLike)):
        path_or_file = os.path.join(current_app.root_path, path_or_file)
    options = _options_of_files(max_age)
    return files.send_file(
        *(path_or_file, request.environ, mimetype, as_attachment, download_name, conditional, etag, last_modified),
        **options,
    )


def send_from_directory(directory: str | os.PathLike[str], path: str | os.PathLike[str], **kwargs: Any) -> Response:
    """Send a file that a client chose, from below a directory; 404 if there is none.

    directory   seen from the application's folder; everybody may see all files in it
    path        what the client asked for
    kwargs      those of send_file
    """
    from . import files  # for weight

    directory = os.path.join(current_app.root_path, directory)
    kwargs.update(_options_of_files(kwargs.pop("max_age", None)))
    return files.send_from_directory(directory, path, request.environ, **kwargs)


def _options_of_files(max_age):
    app = current_app
    return {
        "max_age": app.get_send_file_max_age if max_age is None else max_age,
        "use_x_sendfile": app.config["USE_X_SENDFILE"],
        "response_class": app.response_class,
    }


# Templates


def render_template(template_name_or_list: TemplateName, **context: Any) -> str:
    """Return the text of a template of the application, or of a blueprint of it.

    template_name_or_list    its name, seen from a folder of templates; of several, the first that there is
    context                  names for the template, besides request, session, g and those of context processors
    raises                   TemplateNotFound
    """
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    return _render(app, app.jinja_env.get_or_select_template(template_name_or_list), context)


def render_template_string(source: str, **context: Any) -> str:
    """Return the text of a template that is given here.  Never put into it what a visitor sent: pass it by name.

    >>> from nanoweb import App
    >>> with App("site").app_context():
    ...     render_template_string("Hello {{ name }}!", name="<Ada>")
    'Hello &lt;Ada&gt;!'
    """
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    return _render(app, app.jinja_env.template_of(source), context)


def stream_template(template_name_or_list: TemplateName, **context: Any) -> Iterator[str]:
    """render_template(), piece by piece: a client has the beginning of what a view returns before its end is made.

    The request is there until the end of it.
    """
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    return _stream(app, app.jinja_env.get_or_select_template(template_name_or_list), context)


def stream_template_string(source: str, **context: Any) -> Iterator[str]:
    """render_template_string(), piece by piece."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    return _stream(app, app.jinja_env.template_of(source), context)


def _render(app, template, context):
    app.update_template_context(context)
    _announce(before_render_template, app, template, context)
    text = template.render(context)
    _announce(template_rendered, app, template, context)
    return text


def _stream(app, template, context):
    app.update_template_context(context)
    _announce(before_render_template, app, template, context)

    def pieces():
        yield from template.generate(context)
        _announce(template_rendered, app, template, context)

    return stream_with_context(pieces()) if has_request_context() else pieces()


def _announce(signal, app, template, context):
    if signal.receivers:
        signal.send(app, _async_wrapper=app.ensure_sync, template=template, context=context)


def get_template_attribute(template_name: str, attribute: str) -> Any:
    """Return a macro or a variable that a template exports.

    ``get_template_attribute("_names.html", "hello")("World")`` calls ``{% macro hello(name) %}``.
    """
    return getattr(current_app.jinja_env.get_template(template_name).module, attribute)
