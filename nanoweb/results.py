"""What a view returned, made into a Response.

In a request's way: App.make_response does the common case, a str, and has the others done here.
"""

from __future__ import annotations

from collections.abc import Iterator

from .context import _current_request_context, _request_ctx_stack
from .exceptions import HTTPException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .app import App
    from .wrappers import Response

__all__ = ["response_of"]


def response_of(app: App, rv: Any) -> Response:
    """Return the response that an application makes of what a view returned; see App.make_response."""
    body, status, headers = _split_tuple(rv) if isinstance(rv, tuple) else (rv, None, None)
    response: Response
    if isinstance(body, app.response_class):
        response = body
    elif isinstance(body, (dict, list)):
        response = app.json.response(body)
    elif isinstance(body, (str, bytes, bytearray, Iterator)):
        response = app.response_class(body, status, headers)
        status = headers = None
    elif callable(body):
        response = _answer_of(app, body)
    else:
        raise TypeError(_bad_return(body))
    if status is not None:
        response.status = status
    if headers:
        response.headers.update(headers)
    return response


def _answer_of(app, body):
    """What an HTTP error, another WSGI application, or a response of another class answers to this request."""
    environ = _current_request_context("make_response").request.environ
    answer = body.get_response(environ) if isinstance(body, HTTPException) else body
    try:
        return app.response_class.force_type(answer, environ)
    except TypeError as error:
        raise TypeError(f"{_bad_return(body)} Called as a WSGI application, it raised: {error}") from error


def _split_tuple(rv):
    """(body, status, headers) of a view's tuple."""
    if len(rv) == 3:
        body, status, headers = rv
    elif len(rv) == 2:
        body, second = rv
        is_headers = isinstance(second, (dict, list, tuple)) or hasattr(second, "to_wsgi_list")
        status, headers = (None, second) if is_headers else (second, None)
    else:
        raise TypeError(
            _complaint(
                "A tuple must be (body, status, headers), (body, status) or (body, headers);"
                f" this one has {len(rv)} members."
            )
        )
    if body is None:
        raise TypeError(_bad_return(None))
    if isinstance(headers, str):
        complaint = f"Its headers are the str {headers!r:.100}: make them a dict, or a list of pairs."
        raise ValueError(_complaint(complaint))
    return body, status, headers


def _bad_return(body):
    """The error for what is no response."""
    if body is None:
        return _complaint("The function either returned None or ended without a return statement.")
    return _complaint(
        "A view returns a str, bytes, dict, list, an iterator, a Response, a WSGI callable,"
        f" or a tuple of one of these with a status, headers or both; this one returned a {type(body).__name__}."
    )


def _complaint(why):
    top = _request_ctx_stack.top
    endpoint = top.request.endpoint if top is not None else None
    return f"The view function for {endpoint!r} did not return a valid response. {why}"
