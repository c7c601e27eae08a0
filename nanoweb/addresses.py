"""Addresses of views, for App.url_for: which adapter builds them, and what is put around that.

In a request's way: a view asks for the address of another; the adapter that matched this request's
address builds it.  Outside a request there may be no host, and then a path is all there is.
"""

from __future__ import annotations

from .context import _app_ctx_stack, _request_ctx_stack
from .routing import BuildError
from .urls import quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .app import App

__all__ = ["build_url"]


def build_url(
    app: App,
    endpoint: str,
    values: dict[str, Any],
    anchor: str | None,
    method: str | None,
    scheme: str | None,
    external: bool | None,
) -> str:
    """Return the address of a view; the arguments are App.url_for's."""
    ctx = _request_ctx_stack.top
    if ctx is not None and ctx.app is app:
        adapter = ctx.url_adapter
        if endpoint[:1] == ".":
            blueprint = ctx.request.blueprint
            endpoint = f"{blueprint}{endpoint}" if blueprint else endpoint[1:]
        external = scheme is not None if external is None else external
    else:
        adapter, external = _adapter_without_request(app, scheme, external)
    app.inject_url_defaults(endpoint, values)
    if scheme is not None and not external:
        raise ValueError("_scheme is for a full address: leave _external out, or make it True")
    try:
        url: str = adapter.build(endpoint, values, method, force_external=external, url_scheme=scheme)
    except BuildError as error:
        values.update(_anchor=anchor, _method=method, _scheme=scheme, _external=external)
        return app.handle_url_build_error(error, endpoint, values)
    return url if anchor is None else url + "#" + quote(anchor, safe="%!#$&'()*+,/:;=?@")


def _adapter_without_request(app, scheme, external):
    """(adapter, whether to build a full address) outside a request.

    Flask refuses to build without SERVER_NAME here; a path needs none.
    """
    ctx = _app_ctx_stack.top
    adapter = ctx.url_adapter if ctx is not None and ctx.app is app else app.create_url_adapter(None)
    if adapter is not None:
        return adapter, True if external is None else external
    if external or scheme is not None:
        raise RuntimeError(
            "a full address needs a host, and outside a request there is none:"
            " set SERVER_NAME (and APPLICATION_ROOT and PREFERRED_URL_SCHEME), or build the path alone"
        )
    return app.url_map.bind("", script_name=app.config["APPLICATION_ROOT"]), False
