"""A field as an attribute: what it is read as, and how `Request` and `Response` come to have it.

In a request's way: these functions are called where the two classes are written down; in a request
only what they returned is at work, and only for the fields that somebody asks for.  So a chapter of
structures is imported when one of them is read: few requests are asked for their preferences.
"""

from __future__ import annotations

from functools import partial

from . import headers as grammar
from .properties import cached_property, environ_property, header_property, structure_property

__all__ = ["choice", "field", "key", "limit", "moment", "names", "parsed", "structure"]


# What a field is read as: of its text, or of None where it is missing.


def load_accept(kind):
    """Return what makes an Accept, or the class of it that has another name."""

    def load(text):
        from . import accept

        return getattr(accept, kind)(grammar.parse_accept_header(text) if text else None)

    return load


def load_etags(text):
    from .conditions import ETags

    return ETags(*grammar.parse_etags(text))


def load_if_range(text):
    from .conditions import IfRange

    return IfRange(*grammar.parse_if_range_header(text))


def load_range(text):
    from .conditions import Range

    found = grammar.parse_range_header(text)
    return None if found is None else Range(*found)


def load_content_range(text):
    from .conditions import ContentRange

    return ContentRange(*(grammar.parse_content_range_header(text) or [None] * 4))


def _directives(kind, parse, text):
    from . import directives

    return getattr(directives, kind)(parse(text) if text else None)


load_header_set = partial(_directives, "HeaderSet", grammar.parse_set_header)
load_policy = partial(_directives, "ContentSecurityPolicy", grammar.parse_csp_header)
load_request_caching = partial(_directives, "RequestCacheControl", grammar.parse_cache_control_header)
load_response_caching = partial(_directives, "ResponseCacheControl", grammar.parse_cache_control_header)


def load_challenge(text):
    from .credentials import WWWAuthenticate

    return WWWAuthenticate.from_header(text) or WWWAuthenticate("basic")


def dump_challenge(value):
    return [one.to_header() for one in value] if isinstance(value, list) else value.to_header()


# What makes an attribute.  They keep silent about types, for each attribute tells its own.


def key(name, doc, load_func=None):
    """A key of the environ; None where it is missing, or cannot be read."""
    return environ_property(name, None, load_func, doc=doc)


def parsed(name, doc, load_func):
    """A key that is read once, and read also where it is missing."""
    return cached_property(lambda self: load_func(self.environ.get(name)), doc=doc)  # type: ignore[call-arg]


def limit(name, default, doc):
    """A limit: what is set on the request, else what the application's config says, else the default."""
    return cached_property(lambda self: default if self.app is None else self.app.config.get(name, default), doc=doc)  # type: ignore[call-arg]


def field(name, doc, load_func=None, dump_func=None, default=None):
    """A field that can be assigned."""
    return header_property(name, default, load_func, dump_func, doc=doc)


def moment(name, doc):
    """A field that is a date."""
    return field(name, doc, grammar.parse_date, grammar.http_date)


def choice(name, doc, kind):
    """One of the words of an Enum; without a field it is the one that every browser starts from."""
    return field(name, doc, kind, lambda value: kind(value).value, kind("unsafe-none"))


def structure(name, doc, load_func, dump_func=None, is_list=False):
    """A field that is read as a structure, which can be changed in place."""
    return structure_property(name, load_func, dump_func, doc, is_list)


def names(name, doc):
    """A field that is a set of names."""
    return structure(name, doc, load_header_set, grammar.dump_header, is_list=True)
