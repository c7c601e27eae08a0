"""Which endpoint a URL means, and which URL an endpoint has.

    /archive/<int:year>/  →  Rule     one sentence on a URL, with options
    all the rules         →  Map      compiled to a tree, one level for each segment of the path
    Map and one request   →  MapAdapter.match()   path and method → endpoint and values
                             MapAdapter.build()   endpoint and values → URL

In a request's way: App binds its Map to the environ, once for each request, and
calls match().  A rule without variables is one look-up in a dictionary; for the
others the walk through the tree takes a step for each segment of the path, and
a step is a look-up or a pattern.  How many rules there are makes no difference,
as long as few *different* patterns stand at the same place.

Who wins where several rules fit, segment by segment from the left:

    request       winner             over              why
    GET /u/me     /u/me              /u/<name>         a text before any pattern
    GET /f/a.txt  /f/<name>.txt      /f/<name>         of two patterns the one with more texts in it, or longer ones,
    GET /f/x-y-   /f/<a>-<b>         /f/<a>-           ... then the one with more variables,
    GET /u/7      /u/<int:id>        /u/<name>         ... then the lighter converters: int and float weigh 50,
    GET /d/a      /d/<name>          /d/<path:rest>    ... string, any and uuid 100, path 200,
    GET /u/ab     /u/<x>             /u/<y>            ... then the one that was added first
    POST /u/me    POST /u/<name>     GET /u/me         a rule that does not take the method is passed over
    GET /u/9      /u/<name>          /u/<int(max=5):n> ... and so is one whose converter refuses the value

Where a way through the tree comes to no end, the walk goes back and tries the
next.  If in the end some rule wanted only another method, the answer is 405
with all these methods; if none fits, 404.

A path that lacks the slash at the end of its rule, or has "//" where the rule
has "/", is sent to the right one: 308, with the same method, body and query.
"""

from __future__ import annotations

import re
from _thread import allocate_lock  # what threading.Lock is, without the weight of threading

from .converters import (
    DEFAULT_CONVERTERS,
    AnyConverter,
    BaseConverter,
    FloatConverter,
    IntegerConverter,
    PathConverter,
    UnicodeConverter,
    UUIDConverter,
    ValidationError,
    parse_converter_args,
    quote_path,
)
from .dicts import MultiDict
from .exceptions import BadHost, BadRequest, HTTPException, MethodNotAllowed, NotFound
from .markup import escape
from .properties import cached_property
from .rules import (
    EndpointPrefix,
    Rule,
    RuleFactory,
    RuleTemplate,
    RuleTemplateFactory,
    Subdomain,
    Submount,
    dump_query,
    fill_in,
)
from .ruletree import Node, walk
from .urls import iri_to_uri, quote
from .wsgi import get_host

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import Any

    Query = Mapping[str, Any] | Iterable[tuple[str, Any]] | str

__all__ = [
    "AnyConverter",
    "BaseConverter",
    "BuildError",
    "EndpointPrefix",
    "FloatConverter",
    "IntegerConverter",
    "Map",
    "MapAdapter",
    "NoMatch",
    "PathConverter",
    "RequestAliasRedirect",
    "RequestPath",
    "RequestRedirect",
    "RoutingException",
    "Rule",
    "RuleFactory",
    "RuleTemplate",
    "RuleTemplateFactory",
    "Subdomain",
    "Submount",
    "UUIDConverter",
    "UnicodeConverter",
    "ValidationError",
    "WebsocketMismatch",
    "parse_converter_args",
]


# What can come of it


class RoutingException(Exception):
    """The base of what routing raises beside 404 and 405."""


class RequestRedirect(HTTPException, RoutingException):
    """308: the client is to come back at new_url, with the same method and body (RFC 9110, 15.4.9)."""

    code = 308

    def __init__(self, new_url: str) -> None:
        super().__init__(new_url)
        self.new_url = new_url

    def get_headers(self, environ: Any = None, scope: dict[str, Any] | None = None) -> list[tuple[str, str]]:
        """Return the header fields, Location among them."""
        return [*super().get_headers(environ, scope), ("Location", iri_to_uri(self.new_url))]

    def get_body(self, environ: Any = None, scope: dict[str, Any] | None = None) -> str:
        """Return the page for those whose browser does not follow."""
        url = escape(self.new_url)
        return (
            "<!doctype html>\n"
            "<html lang=en>\n"
            "<title>Redirecting...</title>\n"
            "<h1>Redirecting...</h1>\n"
            "<p>You should be redirected automatically to the target URL: "
            f'<a href="{url}">{url}</a>. If not, click the link.\n'
        )


class RequestPath(RoutingException):
    """Map to MapAdapter: the path would fit if it were path_info."""

    def __init__(self, path_info: str) -> None:
        super().__init__(path_info)
        self.path_info = path_info


class RequestAliasRedirect(RoutingException):
    """Map to MapAdapter: the rule is an alias, the endpoint has a better URL for these values."""

    def __init__(self, matched_values: Mapping[str, Any], endpoint: Any) -> None:
        super().__init__(endpoint)
        self.matched_values = matched_values
        self.endpoint = endpoint


class NoMatch(RoutingException):
    """Map to MapAdapter: no rule fits.

    have_match_for       the methods for which one would fit
    websocket_mismatch   whether one would fit if the request were (or were not) for a WebSocket
    """

    def __init__(self, have_match_for: set[str], websocket_mismatch: bool) -> None:
        self.have_match_for = have_match_for
        self.websocket_mismatch = websocket_mismatch


class WebsocketMismatch(BadRequest):
    """400: a WebSocket wanted where there is none, or plain HTTP where there is one."""


class BuildError(RoutingException, LookupError):
    """No rule makes a URL of this endpoint and these values; the text says what may have been meant.

    suggested   the rule whose endpoint is most like the one asked for, or None
    """

    def __init__(
        self, endpoint: Any, values: Mapping[str, Any], method: str | None, adapter: MapAdapter | None = None
    ) -> None:
        super().__init__(endpoint, values, method)
        self.endpoint = endpoint
        self.values = values
        self.method = method
        self.adapter = adapter

    @cached_property
    def suggested(self) -> Rule | None:
        """The rule that may have been meant."""
        return self.closest_rule(self.adapter)

    def closest_rule(self, adapter: MapAdapter | None) -> Rule | None:
        """Return the rule of the adapter's map that is nearest to what was asked for."""
        from difflib import SequenceMatcher

        matcher = SequenceMatcher(None, "", str(self.endpoint))

        def likeness(rule: Rule) -> tuple[float, bool, bool]:
            matcher.set_seq1(str(rule.endpoint))
            fits = set(self.values or ()) <= rule.arguments
            return matcher.ratio(), fits, bool(rule.methods and self.method in rule.methods)

        return max(adapter.map.iter_rules(), key=likeness, default=None) if adapter else None

    def __str__(self) -> str:
        asked = f"endpoint {self.endpoint!r}"
        if self.method:
            asked += f", method {self.method!r}"
        if self.values:
            asked += f", values {', '.join(sorted(map(repr, self.values)))}"
        return f"there is no URL for {asked}" + "".join(f"; {hint}" for hint in self._hints())

    def _hints(self):
        """Yield what to do about it."""
        rule = self.suggested
        if rule is None:
            yield "the map has no rules"
            return
        if rule.endpoint != self.endpoint:
            yield f"did you mean the endpoint {rule.endpoint!r}?"
            return
        defaults, values = rule.defaults or {}, self.values or {}
        if self.method and rule.methods is not None and self.method not in rule.methods:
            yield f"{str(rule)!r} takes {', '.join(sorted(rule.methods))}"
        for name in sorted(rule.arguments - set(defaults) - set(values)):
            yield f"{str(rule)!r} needs a value for {name!r}"
        for name in sorted(set(defaults) & set(values), key=str):
            if values[name] != defaults[name]:
                yield f"{str(rule)!r} is for {name}={defaults[name]!r} only"


def _near_miss(method, missed):
    """NoMatch if one of the rules passed over would fit but for the method or the kind of request; else None."""
    methods: set[str] = set()
    mismatch = False
    for rule, texts in missed:
        if rule._picky and rule._values(texts) is None:
            continue
        if rule.methods is not None and method not in rule.methods:
            methods |= rule.methods
        else:
            mismatch = True
    return NoMatch(methods, mismatch) if methods or mismatch else None


class Map:
    """All the rules of an application, and what they share.

    >>> map = Map([Rule("/", endpoint="index"), Rule("/user/<int:id>", endpoint="user", methods=["GET"])])
    >>> urls = map.bind("example.com")
    >>> urls.match("/user/7")
    ('user', {'id': 7})
    >>> urls.build("user", {"id": 7, "tab": "mail"}, force_external=True)
    'http://example.com/user/7?tab=mail'

    rules              rules and rule factories; add() takes more of them, at any time
    default_subdomain  for rules without a subdomain
    strict_slashes     see Rule
    merge_slashes      see Rule
    redirect_defaults  whether a URL leads to the rule that has its values as defaults, and
                       an alias to what it stands for
    converters         name → class, in addition to default_converters
    sort_parameters    whether build() sorts the query, by sort_key of (name, value)
    host_matching      match the whole host and not the subdomain

    Matching is safe while another thread adds a rule; the first match after it
    takes it in, which touches only the places it passes through.
    """

    default_converters: Mapping[str, type[BaseConverter]] = DEFAULT_CONVERTERS
    lock_class: Callable[[], Any] = allocate_lock

    def __init__(
        self,
        rules: Iterable[RuleFactory] | None = None,
        default_subdomain: str = "",
        strict_slashes: bool = True,
        merge_slashes: bool = True,
        redirect_defaults: bool = True,
        converters: Mapping[str, type[BaseConverter]] | None = None,
        sort_parameters: bool = False,
        sort_key: Callable[[Any], Any] | None = None,
        host_matching: bool = False,
    ) -> None:
        self.default_subdomain = default_subdomain
        self.strict_slashes = strict_slashes
        self.merge_slashes = merge_slashes
        self.redirect_defaults = redirect_defaults
        self.converters = {**self.default_converters, **(converters or {})}
        self.sort_parameters = sort_parameters
        self.sort_key = sort_key
        self.host_matching = host_matching

        self._root = Node()
        self._rules_by_endpoint: dict[Any, list[Rule]] = {}
        self._only: dict[
            Any, Rule | None
        ] = {}  # endpoint → its rule, if it has one, and build() can be quick with it
        self._new: list[Rule] = []
        self._remap = False
        self._remap_lock = self.lock_class()
        for factory in rules or ():
            self.add(factory)

    def add(self, rulefactory: RuleFactory) -> None:
        """Add a rule, or the rules of a factory."""
        for rule in rulefactory.get_rules(self):
            rule.bind(self)
            with self._remap_lock:
                self._rules_by_endpoint.setdefault(rule.endpoint, []).append(rule)
                self._new.append(rule)
                self._remap = True

    def update(self) -> None:
        """Take the new rules into the tree; matching and building call it.

        What can fail (a rule's build_compare_key() of your own, say) comes before
        the first rule is taken in.  So after an error all of them are still new,
        and each further match raises it again instead of answering 404.
        """
        if not self._remap:
            return
        with self._remap_lock:
            new = self._new
            by_endpoint = {
                endpoint: sorted(self._rules_by_endpoint[endpoint], key=lambda rule: rule.build_compare_key())
                for endpoint in dict.fromkeys([rule.endpoint for rule in new])
            }
            places = self._grow([rule for rule in new if not rule.build_only])
            for endpoint, rules in by_endpoint.items():
                self._rules_by_endpoint[endpoint] = rules
                self._only[endpoint] = rules[0] if len(rules) == 1 and rules[0]._is_simple() else None
                if any(rule.defaults for rule in rules):
                    for rule in rules:
                        rule._needs_care = True
            for rule, node in places:
                self._plant(rule, node)
            self._new = []
            self._remap = False

    def _grow(self, rules):
        """Let the tree grow the places of the rules; return (rule, node), with nothing planted yet."""
        places = []
        unsorted: set[Node] = set()
        for rule in rules:
            node = self._root
            for segment in rule._segments:
                if type(segment) is not str:
                    unsorted.add(node)
                node = node.grow(segment)
            places.append((rule, node))
        for node in unsorted:
            node.sort()
        return places

    def _plant(self, rule, node):
        """Plant a rule at its place."""
        node.rules = (*node.rules, rule)
        static = all(type(segment) is str for segment in rule._segments)
        path = "/" + "/".join(rule._segments[1:]) if static else "//"
        if not path.startswith("//") and not rule.websocket:
            by_method = self._root.static[rule._segments[0]].exact.setdefault(path, {})
            if None not in by_method:  # that one takes all the methods that are left
                for method in (None,) if rule.methods is None else rule.methods:
                    by_method.setdefault(method, rule)

    def _find(self, domain, path_info, method, websocket):
        """Return the rule and the values for a path; None for a 404, a RoutingException for what is between."""
        if self._remap:
            self.update()
        start = self._root.static.get(domain)
        if start is not None and not websocket:
            rules = start.exact.get(path_info)
            if rules is not None:
                rule = rules.get(method) or rules.get(None)
                if rule is not None and not rule._needs_care:
                    return rule, {}
        missed: list[tuple[Rule, list[str]]] = []
        parts = path_info.split("/")
        if parts[0] or (len(parts) > 2 and not parts[1]):  # "a", "//a": no slash before the first segment, or several
            parts = ["", *path_info.lstrip("/").split("/")]
        if start is not None and not self._root.dynamic:
            found = walk(start, parts, 1, [], method, websocket, missed)
        else:
            found = self._walk(domain, parts, method, websocket, missed)
        if not found:
            if "" in parts[1:-1] and self.merge_slashes:
                parts = ["", *filter(None, parts[:-1]), parts[-1]]
                found = self._walk(domain, parts, method, websocket, missed)
                if found and found[0].merge_slashes:
                    return RequestPath("/".join(parts if found[1] is not None else [*parts, ""]))
            return _near_miss(method, missed) if missed else None
        rule, values = found
        if values is None:
            return RequestPath("/".join([*parts, ""]))
        if rule._needs_care and rule.alias and self.redirect_defaults:
            return RequestAliasRedirect(values, rule.endpoint)
        return found

    def _walk(self, domain, parts, method, websocket, missed):
        """Walk from the root: the domain takes the place of parts[0], the nothing before the first slash."""
        if domain is _OUTSIDE:
            return None
        return walk(self._root, [domain, *parts[1:]], 0, [], method, websocket, missed)

    @property
    def _rules(self) -> list[Rule]:
        return [rule for rules in list(self._rules_by_endpoint.values()) for rule in rules]

    def iter_rules(self, endpoint: Any = None) -> Iterator[Rule]:
        """Return an iterator over all rules, or those of an endpoint (KeyError if it has none)."""
        self.update()
        return iter(self._rules if endpoint is None else self._rules_by_endpoint[endpoint])

    def is_endpoint_expecting(self, endpoint: Any, *arguments: str) -> bool:
        """Whether some rule of the endpoint has all these variables or defaults."""
        return any(rule.arguments.issuperset(arguments) for rule in self.iter_rules(endpoint))

    def bind(
        self,
        server_name: str,
        script_name: str | None = None,
        subdomain: str | None = None,
        url_scheme: str = "http",
        default_method: str = "GET",
        path_info: str | None = None,
        query_args: Query | None = None,
    ) -> MapAdapter:
        """Return an adapter for the place that the arguments describe.

        server_name     host, with the port if it is not the scheme's own
        script_name     the path of the application's root; "/" if None
        subdomain       the map's default if None
        url_scheme      with "ws" and "wss" only the rules for WebSockets match
        default_method, path_info, query_args   for match() to fall back on
        raises          BadHost (400) if server_name can be none; RuntimeError for a
                        subdomain where the map has host_matching
        """
        if self.host_matching:
            if subdomain is not None:
                raise RuntimeError(f"subdomain {subdomain!r} and host_matching: leave out one of them")
        elif subdomain is None:
            subdomain = self.default_subdomain
        return MapAdapter(
            self,
            _check_server_name(server_name),
            "/" if script_name is None else script_name,
            subdomain,
            url_scheme,
            "/" if path_info is None else path_info,
            default_method,
            query_args,
        )

    def bind_to_environ(
        self, environ: Any, server_name: str | None = None, subdomain: str | None = None
    ) -> MapAdapter:
        """Return an adapter for a request; what it does not need it does not compute.

        environ      the WSGI environ, or a Request
        server_name  the host under which the subdomains are; the Host that the client sent if None
        subdomain    what stands before it; if None, found by comparing the Host with server_name:
                     a Host outside of server_name matches nothing
        """
        if type(environ) is not dict:  # nearly always it is
            environ = getattr(environ, "environ", environ)
            if not isinstance(environ, dict):
                raise TypeError(
                    f"a WSGI environ is a dict, or what has one as .environ; {type(environ).__name__} is none"
                )
        if subdomain is not None and self.host_matching:
            raise RuntimeError(f"subdomain {subdomain!r} and host_matching: leave out one of them")
        return _EnvironAdapter(self, environ, server_name, subdomain)

    def __repr__(self) -> str:
        rules = list(self.iter_rules())
        on_one_line = repr(rules)
        if len(on_one_line) > 80:
            on_one_line = "[" + ",\n ".join(map(repr, rules)) + "]"
        return f"{type(self).__name__}({on_one_line})"


# The subdomain of a request whose Host is not within the server's name; not even "<name>" stands for it.
_OUTSIDE = "<invalid>"

# What a URL starts with, by the scheme that was asked for: browsers open a WebSocket only with "ws:" or "wss:".
_http_schemes = {"http": "http:", "ws": "http:", "https": "https:", "wss": "https:", "": "", None: ""}
_websocket_schemes = {"https": "wss:", "wss": "wss:"}


class MapAdapter:
    """A Map seen from one place: a host, a path to the application's root, a scheme.

    Map.bind() and Map.bind_to_environ() make it; their arguments are its attributes.
    """

    def __init__(
        self,
        map: Map,
        server_name: str,
        script_name: str,
        subdomain: str | None,
        url_scheme: str,
        path_info: str,
        default_method: str,
        query_args: Query | None = None,
    ) -> None:
        self.map = map
        self.server_name = server_name
        self.script_name = script_name if script_name.endswith("/") else script_name + "/"
        self.subdomain = subdomain
        self.url_scheme = url_scheme
        self.path_info = path_info
        self.default_method = default_method
        self.query_args = query_args
        self.websocket = url_scheme in {"ws", "wss"}

    # Matching

    def match(
        self,
        path_info: str | None = None,
        method: str | None = None,
        return_rule: bool = False,
        query_args: Query | None = None,
        websocket: bool | None = None,
    ) -> tuple[Any, dict[str, Any]]:
        """Return the endpoint that a path and method mean, and the values of the variables.

        >>> rules = [Rule("/downloads/", endpoint="list"), Rule("/downloads/<int:id>", endpoint="show")]
        >>> urls = Map(rules).bind("example.com")
        >>> urls.match("/downloads/42")
        ('show', {'id': 42})
        >>> urls.match("/downloads", query_args={"page": 2})
        Traceback (most recent call last):
        nanoweb.routing.RequestRedirect: 308 Permanent Redirect: http://example.com/downloads/?page=2
        >>> urls.match("/missing")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        nanoweb.exceptions.NotFound: 404 Not Found: ...

        return_rule   give the Rule instead of its endpoint
        query_args    the query for the URL of a redirect, as text or as a dict
        others        those of the adapter, if None
        raises        NotFound, MethodNotAllowed, WebsocketMismatch, RequestRedirect; all of
                      them are answers that the client can be given
        """
        map = self.map
        if path_info is None:
            path_info = self.path_info
        if websocket is None:
            websocket = self.websocket
        method = (method or self.default_method).upper()
        domain = self.subdomain
        if domain is None or map.host_matching:
            domain = self.server_name
        found = map._find(domain, path_info, method, websocket)
        rule, values = self._conclude(found, domain, path_info, method, query_args)
        return (rule if return_rule else rule.endpoint), values

    def _match_found(self, found):
        """Return the rule and the values of what App._find_at_once() found, or raise what match() would."""
        return self._conclude(found, self.subdomain, self.path_info, self.default_method.upper(), None)

    def _conclude(self, found, domain, path_info, method, query_args):
        if type(found) is not tuple:
            raise self._answer(found, domain, path_info, method, query_args)
        rule, values = found
        if rule._needs_care:
            self._redirect_if_better(rule, values, method, query_args)
        return found

    def _answer(self, outcome, domain, path_info, method, query_args):
        """The answer to what the map found instead of a rule."""
        if outcome is None:
            return NotFound()
        if isinstance(outcome, NoMatch):
            allowed = outcome.have_match_for
            return MethodNotAllowed(sorted(allowed)) if allowed else WebsocketMismatch()
        if isinstance(outcome, RequestPath):
            return RequestRedirect(self.make_redirect_url(quote_path(outcome.path_info), query_args))
        args = self.query_args or {} if query_args is None else query_args
        values = outcome.matched_values
        place = f"{domain}|/{path_info.lstrip('/')}"
        url = self.make_alias_redirect_url(place, outcome.endpoint, values, method, args)
        return RequestRedirect(url)

    def _redirect_if_better(self, rule, values, method, query_args):
        """Raise RequestRedirect if the rule matched is not where the client should be."""
        if self.map.redirect_defaults:
            url = self.get_default_redirect(rule, method, values, query_args)
            if url is not None:
                raise RequestRedirect(url)
        if rule.redirect_to is None:
            return
        if callable(rule.redirect_to):
            target = rule.redirect_to(self, **values)
        else:
            target = fill_in(rule.redirect_to, rule, values)
        host = self.get_host(None)
        base = f"{self.url_scheme or 'http'}://{host}" if host else ""
        from urllib.parse import urljoin  # for weight

        raise RequestRedirect(urljoin(base + self.script_name, target))

    def dispatch(
        self,
        view_func: Callable[[Any, Mapping[str, Any]], Any],
        path_info: str | None = None,
        method: str | None = None,
        catch_http_exceptions: bool = False,
    ) -> Any:
        """Match, and return what view_func(endpoint, values) gives, or the redirect.

        catch_http_exceptions   return an HTTPException too, instead of raising it
        """
        try:
            try:
                endpoint, values = self.match(path_info, method)
            except RequestRedirect as redirect:
                return redirect
            return view_func(endpoint, values)
        except HTTPException as error:
            if catch_http_exceptions:
                return error
            raise

    def test(self, path_info: str | None = None, method: str | None = None) -> bool:
        """Whether match() finds a rule or a redirect."""
        try:
            self.match(path_info, method)
        except RequestRedirect:
            return True
        except HTTPException:
            return False
        return True

    def allowed_methods(self, path_info: str | None = None) -> list[str]:
        """Return the methods that a path takes; [] if there is nothing, or if it takes all."""
        try:
            self.match(path_info, method="--")
        except MethodNotAllowed as error:
            return list(error.valid_methods or ())
        except HTTPException:
            pass
        return []

    # Redirects

    def get_host(self, domain_part: str | None) -> str:
        """Return the host for a subdomain (with host_matching: for a host); None for the adapter's own."""
        if self.map.host_matching:
            return self.server_name if domain_part is None else domain_part
        subdomain = self.subdomain if domain_part is None else domain_part
        return f"{subdomain}.{self.server_name}" if subdomain else self.server_name

    def get_default_redirect(
        self, rule: Rule, method: str, values: Mapping[str, Any], query_args: Query | None
    ) -> str | None:
        """Return the URL of the rule that has these values as its defaults, if it comes before this one."""
        for better in self.map._rules_by_endpoint[rule.endpoint]:
            if better is rule:
                break
            if better.provides_defaults_for(rule) and better.suitable_for(values, method):
                built = better.build({**values, **(better.defaults or {})})
                if built is not None:
                    return self.make_redirect_url(built[1], query_args, domain_part=built[0])
        return None

    def make_alias_redirect_url(
        self, path: str, endpoint: Any, values: Mapping[str, Any], method: str, query_args: Query
    ) -> str:
        """Return the URL that an alias stands for; RuntimeError if that is its own."""
        url = self.build(endpoint, values, method, append_unknown=False, force_external=True)
        domain, _, own_path = path.partition("|")
        if url == self.make_redirect_url(quote_path(own_path), "", domain):
            raise RuntimeError(
                f"{own_path!r} is an alias for endpoint {endpoint!r}, which has no other URL for {values!r}"
            )
        return f"{url}?{self.encode_query_args(query_args)}" if query_args else url

    def make_redirect_url(
        self, path_info: str, query_args: Query | None = None, domain_part: str | None = None
    ) -> str:
        """Return the URL of a path below the application's root; never on another host.

        path_info     percent-encoded
        query_args    the adapter's if None
        domain_part   as for get_host()
        """
        if query_args is None:
            query_args = self.query_args
        query = self.encode_query_args(query_args) if query_args else ""
        host = self.get_host(domain_part)
        root = self.script_name.strip("/")
        if not host:  # an HTTP/1.0 client may send none: then a path must do
            path = f"{quote_path(root)}/{path_info.lstrip('/')}".lstrip("/")
            return f"/{path}?{query}" if query else f"/{path}"
        path = f"{root}/{path_info.lstrip('/')}"
        url = f"{self.url_scheme or 'http'}://{host}/{path.lstrip('/')}"
        return f"{url}?{query}" if query else url

    def encode_query_args(self, query_args: Query) -> str:
        """Return the query as text that can stand in an address."""
        if not isinstance(query_args, str):
            return dump_query(query_args)
        # A raw tab is for the server to refuse; where one let it through, it must not break the redirect.
        return query_args if query_args.isprintable() else quote(query_args, safe="%!$&'()*+,/:;=?@")

    # Building

    def build(
        self,
        endpoint: Any,
        values: Mapping[str, Any] | None = None,
        method: str | None = None,
        force_external: bool = False,
        append_unknown: bool = True,
        url_scheme: str | None = None,
    ) -> str:
        """Return the URL of an endpoint.

        >>> urls = Map([Rule("/tag/<name>", endpoint="tag")]).bind("example.com", "/blog")
        >>> urls.build("tag", {"name": "c++ & c", "page": [1, 2], "sort": None})
        '/blog/tag/c++%20&%20c?page=1&page=2'
        >>> urls.build("tag", {"name": "new"}, force_external=True, url_scheme="https")
        'https://example.com/blog/tag/new'

        values           for the variables; the others go to the query; those that are None are left out
        method           consider only rules that take it
        force_external   with scheme and host, even where a path would do
        append_unknown   False leaves out what is not in the rule
        url_scheme       the adapter's if None; "" for a URL that starts with "//"
        raises           BuildError that says what may have been meant; what a converter's to_url() raises
        """
        map = self.map
        if map._remap:
            map.update()
        rule = map._only.get(endpoint)
        if rule is not None and method is None and (not values or type(values) is dict):
            try:
                path = rule._build_path(values or {}, append_unknown)
                domain, websocket = rule._domain[0], False
            except (LookupError, TypeError, ValueError):  # a value is missing, or does not fit; _build() says which
                rule = None
        else:
            rule = None
        if rule is None:
            domain, path, websocket = self._build(endpoint, values, method, append_unknown)
        if not (force_external or websocket) and domain == (
            self.server_name if map.host_matching else self.subdomain
        ):
            return self.script_name.rstrip("/") + "/" + path.lstrip("/")
        if url_scheme is None:
            url_scheme = self.url_scheme
        scheme = _websocket_schemes.get(url_scheme, "ws:") if websocket else _http_schemes.get(url_scheme, "http:")
        host = self.get_host(domain) if domain or map.host_matching else self.server_name
        return f"{scheme}//{host}{self.script_name.rstrip('/')}/{path.lstrip('/')}"

    def _build(self, endpoint, values, method, append_unknown):
        """Return domain, path and websocket by the best rule there is; BuildError if there is none."""
        if isinstance(values, MultiDict):
            values = {name: found[0] if len(found) == 1 else found for name, found in values.lists() if found}
        else:
            values = {name: value for name, value in (values or {}).items() if value is not None}
        host_matching = self.map.host_matching
        for wanted in (self.default_method, None) if method is None else (method,):
            elsewhere = None
            for rule in self.map._rules_by_endpoint.get(endpoint, ()):
                built = rule.build(values, append_unknown) if rule.suitable_for(values, wanted) else None
                if built is not None:
                    if not host_matching or built[0] == self.server_name:
                        return (*built, rule.websocket)
                    elsewhere = elsewhere or (*built, rule.websocket)
            if elsewhere is not None:
                return elsewhere
        raise BuildError(endpoint, values, method, self)


class _EnvironAdapter(MapAdapter):
    """A MapAdapter that looks into the environ for what it is asked, when it is asked.

    Matching needs the path and the method; the Host only if there are subdomains to
    tell apart, or a redirect to send.  A malformed one raises SecurityError then.
    """

    def __init__(self, map, environ, server_name, subdomain):
        self.map = map
        self.environ = environ
        self.default_method = environ["REQUEST_METHOD"]
        path = environ.get("PATH_INFO", "/")
        self.path_info = path if path.isascii() else _wsgi_text(path)
        scheme = environ["wsgi.url_scheme"]
        if "HTTP_UPGRADE" in environ and _asks_for_websocket(environ):
            scheme = "wss" if scheme == "https" else "ws"
        self.url_scheme = scheme
        self.websocket = scheme == "ws" or scheme == "wss"
        self._given_name = server_name
        if subdomain is not None or map.host_matching:
            self.subdomain = subdomain
        elif server_name is None:
            self.subdomain = ""  # the Host is the server's name, so nothing stands before it

    @cached_property
    def server_name(self) -> str:  # type: ignore[override]
        """The name given, else the Host."""
        name = self._given_name
        if name is None:
            return _check_server_name(get_host(self.environ))
        default_port = ":443" if self.url_scheme in {"https", "wss"} else ":80"
        return _check_server_name(name[: -len(default_port)] if name.endswith(default_port) else name)

    @cached_property
    def subdomain(self) -> str | None:  # type: ignore[override]
        """What stands in the Host before the name given; _OUTSIDE if the Host is another."""
        host = get_host(self.environ).lower()
        if host == self.server_name:
            return ""
        if host.endswith("." + self.server_name):
            return ".".join(filter(None, host[: -len(self.server_name)].split(".")))
        from warnings import warn

        # The Host does not stand in the text: clients choose it, and Python remembers each text it has shown.
        warn(f"a request came for a host that is not in {self.server_name!r}; it matches no rule", stacklevel=3)
        return _OUTSIDE

    @cached_property
    def script_name(self) -> str:  # type: ignore[override]
        """SCRIPT_NAME with a slash at its end."""
        name = _wsgi_text(self.environ.get("SCRIPT_NAME", ""))
        return name if name.endswith("/") else name + "/"

    @cached_property
    def query_args(self) -> Query | None:  # type: ignore[override]
        """QUERY_STRING, if there is one."""
        query = self.environ.get("QUERY_STRING")
        return None if query is None else _wsgi_text(query)


# The parts of a URL


def _wsgi_text(text):
    """What the server gave as Latin-1 as the UTF-8 that it is (PEP 3333, "Unicode Issues")."""
    return text if text.isascii() else text.encode("latin-1").decode("utf-8", "replace")


def _asks_for_websocket(environ):
    """Whether the client wants to go on with WebSocket (RFC 6455, 4.1)."""
    tokens = environ.get("HTTP_CONNECTION", "").lower().split(",")
    return environ["HTTP_UPGRADE"].lower() == "websocket" and "upgrade" in [token.strip(" \t") for token in tokens]


_not_for_host = re.compile(r"[^!-~]|[/?#@\\]").search


def _check_server_name(server_name):
    """The name in lower case and ASCII; BadHost if it cannot be one (RFC 1035, 2.3.4: 63 bytes a label)."""
    name, colon, port = server_name.lower().partition(":")
    if not name.isascii():
        try:
            name = name.encode("idna").decode("ascii")
        except UnicodeError as error:
            raise BadHost(f"{server_name!r:.300} is not a host name: {error}") from error
    wrong = _not_for_host(name + port)  # of the name as it is now: IDNA makes "a/c" of one character, U+2100
    if wrong is not None:
        raise BadHost(f"{server_name!r:.300} is not a host name: it has {wrong[0]!r} in it")
    labels = name[:-1].split(".") if name.endswith(".") else name.split(".")
    if name and not all(0 < len(label) < 64 for label in labels):
        raise BadHost(f"{server_name!r:.300} is not a host name: between its dots there are 1 to 63 characters")
    if port.isdigit() and int(port[:6]) > 65535:
        raise BadHost(f"{server_name!r:.300} has the port {port:.300}: ports go up to 65535")
    return name + colon + port
