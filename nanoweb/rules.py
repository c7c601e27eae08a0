"""A rule: a sentence on a URL, and the factories that make many rules of few.

    Rule("/archive/<int:year>/<slug>", endpoint="post", methods=["GET"])

In a request's way: Map's tree leads to a rule, which turns the texts that were
found into values, or a view's url_for() leads here and gets a URL.
"""

from __future__ import annotations

import re
import sys

from .converters import ValidationError, parse_converter_args, quote_path, reader, writer
from .dicts import MultiDict
from .ruletree import close_segment, parse_rule, split_segments
from .urls import quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import Any

    from .converters import BaseConverter
    from .routing import Map

__all__ = [
    "EndpointPrefix",
    "Rule",
    "RuleFactory",
    "RuleTemplate",
    "RuleTemplateFactory",
    "Subdomain",
    "Submount",
]


class RuleFactory:
    """Something that a Map can be made of; get_rules() says which rules it stands for."""

    def get_rules(self, map: Map) -> Iterable[Rule]:
        """Return the rules, unbound; yours to write."""
        raise NotImplementedError(f"{type(self).__name__} does not say which rules it stands for: write get_rules()")


class Rule(RuleFactory):
    """A sentence on a URL: what it looks like, and what it means.

    >>> from nanoweb.routing import Map
    >>> Map([Rule("/archive/<int:year>/", endpoint="archive")]).bind("localhost").match("/archive/2024/")
    ('archive', {'year': 2024})

    string          the path; "<name>", "<converter:name>" or "<converter(arguments):name>"
                    stands for what varies
    endpoint        what it means: mostly the name of a view
    methods         the methods that it takes, all if None; GET implies HEAD
    defaults        values that this rule stands for without their being in the URL; the
                    URL of another rule with the same values then leads here
    strict_slashes  True: "/a" leads to "/a/", if that is the rule, and "/a/" is not "/a";
                    False: both mean the rule; None: as the Map says
    merge_slashes   True: "/a//b" leads to "/a/b"; None: as the Map says
    subdomain       a pattern like the path's; None: the Map's default
    host            the same for the whole host, if the Map has host_matching
    redirect_to     where to send who comes here: a path with "<name>" in it, relative to the
                    application's root, or a function of the adapter and the values
    alias           this URL leads to that of the endpoint's other rule
    build_only      never matched, only built
    websocket       for "ws:" and "wss:" only
    """

    def __init__(
        self,
        string: str,
        defaults: Mapping[str, Any] | None = None,
        subdomain: str | None = None,
        methods: Iterable[str] | None = None,
        build_only: bool = False,
        endpoint: Any = None,
        strict_slashes: bool | None = None,
        merge_slashes: bool | None = None,
        redirect_to: str | Callable[..., str] | None = None,
        alias: bool = False,
        host: str | None = None,
        websocket: bool = False,
    ) -> None:
        if not string.startswith("/"):
            raise ValueError(f"rule {string!r} does not start with a slash: write {'/' + string!r}")
        # What a match reads stands together, here and so in memory: of ten thousand rules the one that is asked
        # for is in no cache.
        self.methods = _check_methods(string, methods, websocket)
        self.websocket = websocket
        self._readers: tuple[tuple[str, Callable[[str], Any] | None], ...] = ()
        self.defaults = defaults
        self._needs_care = True
        self.endpoint = endpoint
        self.rule = string
        self.is_leaf = not string.endswith("/")
        self.is_branch = not self.is_leaf
        self.map: Map = None  # type: ignore[assignment]
        self.strict_slashes = strict_slashes
        self.merge_slashes = merge_slashes
        self.subdomain = subdomain
        self.host = host
        self.build_only = build_only
        self.alias = alias
        self.redirect_to = redirect_to
        self.arguments: set[str] = set(map(str, defaults or ()))
        self._converters: dict[str, BaseConverter] = {}

    def get_rules(self, map: Map) -> Iterator[Rule]:
        """Yield this rule."""
        yield self

    def empty(self) -> Rule:
        """Return a copy that is bound to no map."""
        return type(self)(self.rule, **self.get_empty_kwargs())

    def get_empty_kwargs(self) -> Mapping[str, Any]:
        """Return the arguments for empty(); a subclass with more of them adds them here."""
        return {
            "defaults": dict(self.defaults) if self.defaults else None,
            "subdomain": self.subdomain,
            "methods": self.methods,
            "build_only": self.build_only,
            "endpoint": self.endpoint,
            "strict_slashes": self.strict_slashes,
            "merge_slashes": self.merge_slashes,
            "redirect_to": self.redirect_to,
            "alias": self.alias,
            "host": self.host,
            "websocket": self.websocket,
        }

    # Compiling

    def bind(self, map: Map, rebind: bool = False) -> None:
        """Make this the rule of a map, with the map's converters and defaults; RuntimeError if it has one."""
        if self.map is not None and not rebind:
            raise RuntimeError(f"{self!r} belongs to a map already: add rule.empty(), a copy, to this one")
        self.map = map
        if self.strict_slashes is None:
            self.strict_slashes = map.strict_slashes
        if self.merge_slashes is None:
            self.merge_slashes = map.merge_slashes
        if self.subdomain is None:
            self.subdomain = map.default_subdomain
        self.compile()

    def refresh(self) -> None:
        """Compile the rule anew after its attributes were changed; for building only, the tree keeps what it has."""
        self.bind(self.map, rebind=True)

    def compile(self) -> None:
        """Turn the text into the segments to match and the formats to build."""
        self._converters = {}
        domain, path = map(self._read, self._texts())
        try:
            _, *segments = split_segments(path)  # before the first slash there is nothing
            self._segments = [close_segment(domain), *segments]
        except (re.error, OverflowError) as error:
            raise ValueError(f"rule {self.rule!r}: {self._wrong_regex()}: {error}") from error
        self._readers = tuple([(name, reader(converter)) for name, converter in self._converters.items()])
        self._domain = self._format(domain)
        self._path = self._format(path)
        self._picky = any(to_python not in (None, int, float) for _, to_python in self._readers)
        # Whether there is more to do than to hand out endpoint and values; Map.update() finds more reasons.
        self._needs_care = self.alias or self.redirect_to is not None or bool(self.defaults)

    def _wrong_regex(self):
        """What to say about regexes that make no pattern: which one it is, or that it is not one alone."""
        for name, converter in self._converters.items():
            try:
                re.compile(converter.regex)
            except (re.error, OverflowError):
                return f"the regex {converter.regex!r} of {type(converter).__name__}, for {name!r}, is none"
        return f"the regexes of {', '.join(map(repr, self._converters))} make none together"

    def _texts(self):
        """The text of the domain and that of the path."""
        domain = self.host if self.map is not None and self.map.host_matching else self.subdomain
        return domain or "", re.sub("/{2,}", "/", self.rule) if self.merge_slashes else self.rule

    def _shape(self):
        """Domain and path with the names of the variables, but not their converters."""
        domain, path = ([f"<{p[0]}>" if type(p) is tuple else p for p in parse_rule(text)] for text in self._texts())
        return "".join([*domain, "|", *path])

    def _read(self, text):
        """The text as pieces: texts, and (variable, converter)."""
        pieces: list[str | tuple[str, BaseConverter]] = []
        for piece in parse_rule(text):
            if type(piece) is str:
                pieces.append(piece)
                continue
            name, converter, arguments = piece
            name = sys.intern(name)  # one for all the rules that call something "id"
            if name in self._converters:
                raise ValueError(f"rule {self.rule!r} has two variables {name!r}: give one of them another name")
            self._converters[name] = self._make_converter(name, converter, arguments)
            self.arguments.add(name)
            pieces.append((name, self._converters[name]))
        return pieces

    def _make_converter(self, name, converter_name, arguments):
        """The converter of a variable, if its arguments and what it says of itself make sense."""
        try:
            args, kwargs = parse_converter_args(arguments)
        except ValueError as error:
            raise ValueError(f"rule {self.rule!r}: {error}") from None
        try:
            converter = self.get_converter(name, converter_name, args, kwargs)
        except (TypeError, ValueError, OverflowError, re.error) as error:
            what = f"rule {self.rule!r}: converter {converter_name!r} does not take ({arguments})"
            raise ValueError(f"{what}: {error}") from error
        for attribute, kinds, what in (("weight", (int, float), "number"), ("regex", str, "text")):
            value = getattr(converter, attribute, None)
            if not isinstance(value, kinds):
                raise ValueError(
                    f"rule {self.rule!r}: converter {converter_name!r} has {attribute} {value!r}: no {what}"
                )
        return converter

    def get_converter(
        self, variable_name: str, converter_name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> BaseConverter:
        """Return the converter of a variable; LookupError if the map knows none by that name."""
        if converter_name not in self.map.converters:
            known = ", ".join(map(repr, sorted(self.map.converters)))
            raise LookupError(f"rule {self.rule!r}: no converter {converter_name!r}; there are {known}")
        return self.map.converters[converter_name](self.map, *args, **kwargs)

    def _format(self, pieces):
        """The text with "%s" for each variable, and the (name, function) to fill them; a default counts as text."""
        defaults = self.defaults or {}
        text = ""
        variables = []
        for piece in pieces:
            if type(piece) is str:
                text += quote_path(piece).replace("%", "%%")
            elif piece[0] in defaults:
                text += piece[1].to_url(defaults[piece[0]]).replace("%", "%%")
            else:
                text += "%s"
                variables.append((piece[0], writer(piece[1])))
        return (text, tuple(variables)) if variables else (text.replace("%%", "%"), ())

    # Matching and building

    def _values(self, texts):
        """The values that the texts of a path stand for, and the defaults; None if a converter refuses one."""
        values = {}
        at = 0
        try:
            for name, to_python in self._readers:
                values[name] = texts[at] if to_python is None else to_python(texts[at])
                at += 1
        except ValidationError:
            return None
        if self.defaults:
            values.update(self.defaults)
        return values

    def build(self, values: Mapping[str, Any], append_unknown: bool = True) -> tuple[str, str] | None:
        """Return the domain and the path with the query; None if a converter refuses a value."""
        domain, variables = self._domain
        try:
            if variables:
                domain %= tuple([to_url(values[name]) for name, to_url in variables])
            return domain, self._build_path(values, append_unknown)
        except ValidationError:
            return None

    def _build_path(self, values, append_unknown):
        """The path with the query; KeyError for a variable that has no value, or None."""
        path, variables = self._path
        if variables:
            texts = []
            for name, to_url in variables:
                value = values[name]
                if value is None:
                    raise KeyError(name)
                try:
                    texts.append(to_url(value))
                except ValidationError:
                    raise
                except (TypeError, ValueError) as error:  # "invalid literal for int()" does not say where to look
                    kind = ValueError if isinstance(error, ValueError) else TypeError
                    raise kind(f"{value!r:.200} cannot stand for {name!r} in {self.rule!r}: {error}") from error
            path %= tuple(texts)
        if append_unknown and len(values) > len(variables):
            unknown = {name: value for name, value in values.items() if name not in self.arguments}
            query = dump_query(unknown, self.map.sort_parameters, self.map.sort_key) if unknown else ""
            if query:
                return f"{path}?{query}"
        return path

    def _is_simple(self):
        """Whether _build_path() alone is enough to build the URL."""
        hooks = type(self).build is Rule.build and type(self).suitable_for is Rule.suitable_for
        return hooks and not (self.defaults or self.websocket or self._domain[1])

    def suitable_for(self, values: Mapping[str, Any], method: str | None = None) -> bool:
        """Whether a URL can be built of these values: none is missing, and the defaults are as they are."""
        if method is not None and self.methods is not None and method not in self.methods:
            return False
        defaults = self.defaults
        if not defaults:
            return self.arguments <= values.keys()
        if any(name not in values and name not in defaults for name in self.arguments):
            return False
        return all(name not in values or value == values[name] for name, value in defaults.items())

    def provides_defaults_for(self, rule: Rule) -> bool:
        """Whether this rule may be the better URL for what another rule matched."""
        return bool(
            not self.build_only
            and self.defaults
            and self.endpoint == rule.endpoint
            and self != rule
            and self.arguments == rule.arguments
        )

    def build_compare_key(self) -> tuple[int, int, int]:
        """Return what the rules of an endpoint are sorted by: no alias, more variables, more defaults."""
        return (1 if self.alias else 0, -len(self.arguments), -len(self.defaults or ()))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, type(self)) and self._shape() == other._shape()

    __hash__ = None  # type: ignore[assignment]

    def __str__(self) -> str:
        return self.rule

    def __repr__(self) -> str:
        if self.map is None:
            return f"<{type(self).__name__} (unbound)>"
        text = self._shape().lstrip("|")
        methods = f" ({', '.join(sorted(self.methods))})" if self.methods is not None else ""
        return f"<{type(self).__name__} {text!r}{methods} -> {self.endpoint}>"


class Submount(RuleFactory):
    """The rules below a path.

    >>> from nanoweb.routing import Map
    >>> Map([Submount("/blog", [Rule("/", endpoint="index"), Rule("/<slug>", endpoint="post")])])
    Map([<Rule '/blog/' -> index>, <Rule '/blog/<slug>' -> post>])
    """

    def __init__(self, path: str, rules: Iterable[RuleFactory]) -> None:
        self.path = path.rstrip("/")
        self.rules = rules

    def get_rules(self, map: Map) -> Iterator[Rule]:
        """Yield a copy of each rule with the path before it."""
        for rule in _copies(self.rules, map):
            rule.rule = self.path + rule.rule
            yield rule


class Subdomain(RuleFactory):
    """The rules in a subdomain, which may be a pattern: "<string(length=2):language>"."""

    def __init__(self, subdomain: str, rules: Iterable[RuleFactory]) -> None:
        self.subdomain = subdomain
        self.rules = rules

    def get_rules(self, map: Map) -> Iterator[Rule]:
        """Yield a copy of each rule with the subdomain."""
        for rule in _copies(self.rules, map):
            rule.subdomain = self.subdomain
            yield rule


class EndpointPrefix(RuleFactory):
    """The rules with a text before each endpoint (which must be a text too).

    >>> from nanoweb.routing import Map
    >>> Map([EndpointPrefix("blog.", [Rule("/blog/", endpoint="index")])])
    Map([<Rule '/blog/' -> blog.index>])
    """

    def __init__(self, prefix: str, rules: Iterable[RuleFactory]) -> None:
        self.prefix = prefix
        self.rules = rules

    def get_rules(self, map: Map) -> Iterator[Rule]:
        """Yield a copy of each rule with the prefix."""
        for rule in _copies(self.rules, map):
            rule.endpoint = self.prefix + rule.endpoint
            yield rule


class RuleTemplate:
    """Rules with "$name" in path, endpoint, defaults, subdomain or host, to be filled in by a call.

    >>> from nanoweb.routing import Map
    >>> rules = [Rule("/$name/", endpoint="$name.list"), Rule("/$name/<int:id>", endpoint="$name.show")]
    >>> resource = RuleTemplate(rules)
    >>> Map([resource(name="user")])
    Map([<Rule '/user/' -> user.list>, <Rule '/user/<id>' -> user.show>])
    """

    def __init__(self, rules: Iterable[RuleFactory]) -> None:
        self.rules = list(rules)

    def __call__(self, *args: Any, **kwargs: Any) -> RuleTemplateFactory:
        """Return the rules filled in; arguments as for dict()."""
        return RuleTemplateFactory(self.rules, dict(*args, **kwargs))


class RuleTemplateFactory(RuleFactory):
    """The rules of a RuleTemplate with what to fill in."""

    def __init__(self, rules: Iterable[RuleFactory], context: Mapping[str, Any]) -> None:
        self.rules = rules
        self.context = context

    def get_rules(self, map: Map) -> Iterator[Rule]:
        """Yield a copy of each rule, filled in."""
        for rule in _copies(self.rules, map):
            rule.rule = self._fill_in(rule.rule)
            rule.endpoint = self._fill_in(rule.endpoint)
            rule.subdomain = self._fill_in(rule.subdomain)
            rule.host = self._fill_in(rule.host)
            if rule.defaults:
                rule.defaults = {name: self._fill_in(value) for name, value in rule.defaults.items()}
            yield rule

    def _fill_in(self, value):
        from string import Template

        return Template(value).substitute(self.context) if isinstance(value, str) else value


def _copies(factories, map):
    """Yield an unbound copy of each rule of the factories."""
    for factory in factories:
        for rule in factory.get_rules(map):
            yield rule.empty()


def _check_methods(rule, methods, websocket):
    """The methods in capitals, with what they imply."""
    if methods is None:
        return None
    if isinstance(methods, str):
        raise TypeError(f"rule {rule!r}: methods is the text {methods!r}; write a list, [{methods!r}]")
    methods = {method.upper() for method in methods}
    if "GET" in methods:
        methods.add("HEAD")
    if websocket and methods - {"GET", "HEAD", "OPTIONS"}:
        wrong = ", ".join(sorted(methods - {"GET", "HEAD", "OPTIONS"}))
        raise ValueError(f"rule {rule!r}: a WebSocket opens with GET, so websocket=True rules out {wrong}")
    return methods


# The parts of a URL


_not_for_query = re.compile(r"[^A-Za-z0-9_.~!$'()*,/:;?@ -]").search


def dump_query(values, sort=False, sort_key=None):
    """Values by name, or (name, value) pairs, as the query of a URL; a list stands for several values, None for none.

    What stays as it is: https://url.spec.whatwg.org/#percent-encoded-bytes
    """
    pairs = []
    if isinstance(values, MultiDict):
        values = values.items(multi=True)
    elif hasattr(values, "items"):
        values = values.items()
    for name, value in values:
        if isinstance(value, (list, tuple, set)):
            pairs += [(name, one) for one in value if one is not None]
        elif value is not None:
            pairs.append((name, value))
    if sort:
        pairs.sort(key=sort_key)
    return "&".join([f"{_quote_in_query(name)}={_quote_in_query(value)}" for name, value in pairs])


def _quote_in_query(value):
    if not isinstance(value, bytes):
        value = str(value)
        if not _not_for_query(value):
            return value.replace(" ", "+")
    return quote(value, safe=" !$'()*,/:;?@").replace(" ", "+")


_variable_re = re.compile(r"<([^>]+)>")
_not_for_redirect = re.compile(r"[\x00-\x20\x7f\\]")  # urljoin and browsers drop these or take them for a slash


def fill_in(redirect_to, rule, values):
    """The target of a redirect with its variables filled in; they do not lead to another host.

    "<url>" may come to be "http://evil.example/" or "/<a>" "//evil.example/", with a
    tab between the slashes or not.
    """

    def text(match):
        name = match[1]
        return _not_for_redirect.sub(lambda found: quote(found[0]), rule._converters[name].to_url(values[name]))

    target = _variable_re.sub(text, redirect_to)
    from urllib.parse import urlsplit  # for weight

    own = urlsplit(_variable_re.sub("x", redirect_to))
    if own.scheme or own.netloc:
        return target
    return "/" + target.lstrip("/") if target.startswith("/") else "./" + target
