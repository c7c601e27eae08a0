"""The filters of templates: what may stand behind "|".

In a request's way: the compiler looks a filter up by its name and calls it with the
value on the left and the arguments in brackets.  One that wants the environment, the
context or the autoescape setting first says so with a mark from runtime.

Three rules hold for all.  Text in, text out: what is Markup stays so only where no
unescaped text has been put in.  Items are looked up by the environment, so that the
sandbox watches here too.  What is wrong with an argument is a FilterArgumentError.
"""

from __future__ import annotations

import functools
import math
import re
from collections import namedtuple
from collections.abc import Iterable, Mapping
from itertools import chain, groupby

from ..markup import Markup, escape, soft_str
from .errors import FilterArgumentError
from .runtime import Undefined, auto_aiter, pass_context, pass_environment, pass_eval_context

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = ["FILTERS", "htmlsafe_json_dumps"]


def takes_async(function):
    """Let a filter take an asynchronous iterable as its value.

    It answers a coroutine then, which an asynchronous template awaits; a list or any
    other iterable goes straight to the function.
    """
    position = 1 if hasattr(function, "jinja_pass_arg") else 0

    @functools.wraps(function)  # the mark comes along
    def filter_any(*args, **kwargs):
        if len(args) > position and _is_async(args[position]):
            return filter_async(args, kwargs)
        return function(*args, **kwargs)

    async def filter_async(args, kwargs):
        items = [item async for item in args[position]]
        return function(*args[:position], items, *args[position + 1 :], **kwargs)

    return filter_any


def _is_async(value):
    return not hasattr(value, "__iter__") and hasattr(value, "__aiter__")  # Undefined has both


# How a filter gets at what it compares, adds up or groups by.


def ignore_case(value):
    """Return text in lower case, and what is not text as it is."""
    return value.lower() if isinstance(value, str) else value


def make_attrgetter(environment, attribute, postprocess=None, default=None):
    """Return a function that looks an attribute of an item up, as "item.attribute" would.

    attribute      "author.name", with dots to go deeper; "0" and 0 are the first item of a
                   sequence; None is the item itself
    postprocess    what to do with each value found
    default        what an undefined value is replaced with
    """
    parts = _split_attribute(attribute)
    if len(parts) == 1 and postprocess is None and default is None:  # the most common, and for each item
        return functools.partial(_get_item, environment.getitem, parts[0])

    def get(item):
        for part in parts:
            item = environment.getitem(item, part)
            if default is not None and isinstance(item, Undefined):
                item = default
        return item if postprocess is None else postprocess(item)

    return get


def _get_item(getitem, key, item):
    return getitem(item, key)


def make_multi_attrgetter(environment, attribute, postprocess=None):
    """make_attrgetter() for several attributes, "name,age": the values come as a list."""
    names = attribute.split(",") if isinstance(attribute, str) else [attribute]
    getters = [make_attrgetter(environment, name, postprocess) for name in names]
    return lambda item: [get(item) for get in getters]


def _split_attribute(attribute):
    if attribute is None:
        return []
    if not isinstance(attribute, str):
        return [attribute]
    return [int(part) if part.isdecimal() else part for part in attribute.split(".")]


# Text.


def do_capitalize(s):
    """Write the first letter large and the others small."""
    return soft_str(s).capitalize()


def do_center(value, width=80):
    """Put text into the middle of a line."""
    return soft_str(value).center(width)


def do_forceescape(value):
    """Escape what is safe already, too."""
    if hasattr(value, "__html__"):
        value = value.__html__()
    return escape(str(value))


def do_format(value, *args, **kwargs):
    """Fill in a pattern as Python's "%" does: {{ "%s, %s!"|format(greeting, name) }}."""
    if args and kwargs:
        raise FilterArgumentError('format: "%s" takes values, "%(name)s" takes name=value; both at once do not go')
    return soft_str(value) % (kwargs or args)


def do_indent(s, width=4, first=False, blank=False):
    """Indent the lines of a text.

    >>> do_indent("if x:\\n\\nreturn", width=2)
    'if x:\\n\\n  return'

    width    blanks, or the text to put before a line
    first    indent the first line, too
    blank    indent empty lines, too
    """
    indention = width if isinstance(width, str) else " " * width
    if isinstance(s, Markup):
        indention = escape(indention)
    lines = (s + "\n").splitlines() or [s]  # the last line may be empty
    indented = [indention + line if line or blank else line for line in lines]
    if not first:
        indented[0] = lines[0]
    elif not blank:
        indented[0] = indention + lines[0]
    return type(indention)("\n").join(indented)


def do_lower(s):
    """Write text in small letters."""
    return soft_str(s).lower()


def do_mark_safe(value):
    """Vouch for a text: it is HTML and needs no escaping."""
    return Markup(value)


def do_pprint(value):
    """Show a value as Python would, over several lines if it is long; for debugging."""
    from pprint import pformat  # loads dataclasses: who debugs can wait

    return pformat(value)


@pass_eval_context
def do_replace(eval_ctx, s, old, new, count=None):
    """Replace a part of a text, everywhere or count times from the left."""
    if count is None:
        count = -1
    if not eval_ctx.autoescape:
        return str(s).replace(str(old), str(new), count)
    if hasattr(old, "__html__") or (hasattr(new, "__html__") and not hasattr(s, "__html__")):
        s = escape(s)
    else:
        s = soft_str(s)
    return s.replace(soft_str(old), soft_str(new), count)


def do_striptags(value):
    """Leave out tags and comments and make each run of white space one space."""
    if hasattr(value, "__html__"):
        value = value.__html__()
    return Markup(str(value)).striptags()


_word_start_re = re.compile(r"([-\s({\[<]+)")


def do_title(s):
    """Write the first letter of each word large and the others small.

    >>> do_title("foo's bar-baz (qux)")
    "Foo's Bar-Baz (Qux)"
    """
    return "".join([part[0].upper() + part[1:].lower() for part in _word_start_re.split(soft_str(s)) if part])


def do_trim(value, chars=None):
    """Take white space, or the characters named, from both ends."""
    return soft_str(value).strip(chars)


@pass_environment
def do_truncate(environment, s, length=255, killwords=False, end="...", leeway=None):
    """Cut a text that is too long, between words.

    length       how long the result may be, end included
    killwords    cut within a word
    end          what stands for the part that is cut off
    leeway       how much longer a text may be and still stay whole;
                 as the policy "truncate.leeway" says if not given
    """
    if leeway is None:
        leeway = environment.policies["truncate.leeway"]
    if length < len(end):
        raise FilterArgumentError(f"truncate: length is {length}, too short for end, {end!r}: make it longer")
    if leeway < 0:
        raise FilterArgumentError(f"truncate: leeway is {leeway}: make it 0 or more")
    if len(s) <= length + leeway:
        return s
    kept = s[: length - len(end)]
    return (kept if killwords else kept.rsplit(" ", 1)[0]) + end


def do_upper(s):
    """Write text in large letters."""
    return soft_str(s).upper()


_word_re = re.compile(r"\w+")


def do_wordcount(s):
    """Count the words of a text."""
    return len(_word_re.findall(soft_str(s)))


@pass_environment
def do_wordwrap(environment, s, width=79, break_long_words=True, wrapstring=None, break_on_hyphens=True):
    """Break lines between words; a line break in the text stays one.

    width               letters in a line
    break_long_words    break words that are longer than a line
    wrapstring          what to put between lines; as the environment's newline_sequence if not given
    break_on_hyphens    break words after a hyphen
    """
    from textwrap import TextWrapper  # few pages wrap

    if wrapstring is None:
        wrapstring = environment.newline_sequence
    wrapper = TextWrapper(
        width=width,
        expand_tabs=False,
        replace_whitespace=False,
        break_long_words=break_long_words,
        break_on_hyphens=break_on_hyphens,
    )
    lines = s.splitlines()
    if break_long_words and width > 0:
        lines = [_shorten_indent(line, width) for line in lines]
    return wrapstring.join([wrapstring.join(wrapper.wrap(line)) for line in lines])


def _shorten_indent(line, width):
    """Leave out blanks at the start of a line that TextWrapper would drop, which takes it quadratic time."""
    blanks = len(line) - len(line.lstrip(" \t"))
    return line[(blanks - 1) // width * width :] if blanks > width else line


# Text for URLs, attributes and scripts.


def do_urlencode(value):
    """Quote text for a URL's path, or pairs (a mapping, or a list of them) for its query.

    >>> do_urlencode("a b/ü"), do_urlencode({"q": "a b", "n": 1})
    ('a%20b/%C3%BC', 'q=a+b&n=1')
    """
    if isinstance(value, str) or not isinstance(value, Iterable):
        return _quote(value)
    pairs = value.items() if isinstance(value, dict) else value
    return "&".join([f"{_quote_field(key)}={_quote_field(item)}" for key, item in pairs])


def _quote(value, safe="/"):
    from urllib.parse import quote_from_bytes

    if not isinstance(value, bytes):
        value = str(value).encode("utf-8")
    return quote_from_bytes(value, safe)


def _quote_field(value):
    return _quote(value, safe="").replace("%20", "+")


_scheme_re = re.compile(r"[\w.+-]{2,}:/{0,2}")


@pass_eval_context
def do_urlize(eval_ctx, value, trim_url_limit=None, nofollow=False, target=None, rel=None, extra_schemes=None):
    """Make links of the addresses in a text; all else in it is escaped.

    trim_url_limit    letters of an address that are shown
    nofollow          add "nofollow" to rel
    target, rel       attributes of the links; the policies "urlize.target" and "urlize.rel" add to them
    extra_schemes     beginnings of other addresses to make links of, such as "tel:"
    """
    from .links import urlize  # its patterns take longer to compile than most pages to render

    policies = eval_ctx.environment.policies
    words = {*(rel or "").split(), *(policies["urlize.rel"] or "").split()}
    if nofollow:
        words.add("nofollow")
    if extra_schemes is None:
        extra_schemes = policies["urlize.extra_schemes"] or ()
    for scheme in extra_schemes:
        if not _scheme_re.fullmatch(scheme):
            raise FilterArgumentError(f'urlize: {scheme!r} is not the beginning of an address: "tel:", "ftp://"')
    html = urlize(
        value,
        trim_url_limit=trim_url_limit,
        rel=" ".join(sorted(words)),
        target=policies["urlize.target"] if target is None else target,
        extra_schemes=extra_schemes,
    )
    return Markup(html) if eval_ctx.autoescape else html


# White space as HTML has it, what ends a name or begins a value, and control characters.
_not_in_attribute_name_re = re.compile(r"[\s/>=\x00-\x1f\x7f]", re.ASCII)


@pass_eval_context
def do_xmlattr(eval_ctx, d, autospace=True):
    """Write a mapping as the attributes of a tag: <ul{{ {"class": "my list", "id": none}|xmlattr }}>.

    None and undefined values are left out.  A value may be anything, a name may not: a
    space in it would begin another attribute, so names from visitors are refused.

    autospace    begin with a space, if there is anything
    raises       ValueError    for a name that is empty or has one of the characters space, "/", ">", "="
    """
    attributes = []
    for name, value in d.items():
        if value is None or isinstance(value, Undefined):
            continue
        if name == "" or _not_in_attribute_name_re.search(name):
            raise ValueError(f"Invalid character in attribute name: {name!r}; never take names from visitors")
        attributes.append(f'{escape(name)}="{escape(value)}"')
    html = " ".join(attributes)
    if autospace and html:
        html = " " + html
    return Markup(html) if eval_ctx.autoescape else html


def htmlsafe_json_dumps(obj, dumps=None, **kwargs):
    """Write obj as JSON that may stand in HTML: in a script, or in an attribute in single or double quotes.

    >>> htmlsafe_json_dumps("</script>&'")
    Markup('"\\\\u003c/script\\\\u003e\\\\u0026\\\\u0027"')

    dumps    json.dumps, or a function like it
    """
    if dumps is None:
        from json import dumps
    text = dumps(obj, **kwargs)
    for character in "<>&'":  # in JSON they stand in strings alone, where they may be written so
        if character in text:
            text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)


@pass_eval_context
def do_tojson(eval_ctx, value, indent=None):
    """Write a value as JSON that may stand in a script, or in an attribute in single quotes."""
    policies = eval_ctx.environment.policies
    kwargs = policies["json.dumps_kwargs"]
    if indent is not None:
        kwargs = {**kwargs, "indent": indent}
    return htmlsafe_json_dumps(value, dumps=policies["json.dumps_function"], **kwargs)


# Numbers.


def do_float(value, default=0.0):
    """Read a number; default if it is none."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return default


def do_int(value, default=0, base=10):
    """Read a whole number; default if it is none.

    >>> do_int("42.7"), do_int("ff", base=16), do_int("x", -1)
    (42, 255, -1)

    base    of the digits, if value is text; 0 takes it from "0b", "0o", "0x"
    """
    try:
        return int(value, base) if isinstance(value, str) else int(value)
    except (TypeError, ValueError):
        pass
    try:
        return int(float(value))
    except (TypeError, ValueError, OverflowError):
        return default


_decimal_sizes = ["kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"]
_binary_sizes = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB"]


def do_filesizeformat(value, binary=False):
    """Write a number of bytes for people.

    >>> do_filesizeformat(13000), do_filesizeformat(13000, binary=True), do_filesizeformat(1)
    ('13.0 kB', '12.7 KiB', '1 Byte')
    """
    size = float(value)
    base = 1024 if binary else 1000
    if size == 1:
        return "1 Byte"
    if size < base:
        return f"{int(size)} Bytes"
    names = _binary_sizes if binary else _decimal_sizes
    power = 0
    while power + 1 < len(names) and not size < base ** (power + 2):
        power += 1
    return f"{base * size / base ** (power + 2):.1f} {names[power]}"


def do_round(value, precision=0, method="common"):
    """Round a number to so many digits behind the point; below 0, before it.

    method    "common" up or down, "ceil" always up, "floor" always down
    """
    if method == "common":
        return round(value, precision)
    if method not in {"ceil", "floor"}:
        raise FilterArgumentError(f'round: method is {method!r}; it may be "common", "ceil" or "floor"')
    factor = 10**precision
    return getattr(math, method)(value * factor) / factor


# Values of any kind.


@pass_environment
def do_attr(environment, obj, name):
    """Look an attribute up, and never an item: foo|attr("bar") is foo.bar without foo["bar"]."""
    if not _has_attribute(obj, name):
        return environment.undefined(obj=obj, name=name)
    return environment.getattr(obj, name)  # where the sandbox and who derives from Environment watch


def _has_attribute(obj, name):
    # Without calling a property: environment.getattr() will.
    return any(name in vars(base) for base in type(obj).__mro__) or hasattr(obj, name)


def do_default(value, default_value="", boolean=False):
    """Return default_value if value is undefined, or with boolean=true if it is empty or false."""
    if isinstance(value, Undefined) or (boolean and not value):
        return default_value
    return value


# One item of many.


@pass_environment
def do_first(environment, seq):
    """Return the first item."""
    if _is_async(seq):
        return _get_first_async(environment, seq)
    for item in seq:
        return item
    return environment.undefined("No first item, sequence was empty.")


async def _get_first_async(environment, seq):
    async for item in seq:  # not all of them into a list, as takes_async() does: there may be no end
        return item
    return environment.undefined("No first item, sequence was empty.")


@pass_environment
def do_last(environment, seq):
    """Return the last item of what can be read backwards: a list, not a generator."""
    for item in reversed(seq):
        return item
    return environment.undefined("No last item, sequence was empty.")


@pass_context
def do_random(context, seq):
    """Return any item."""
    import random  # it loads hashlib: for a filter that few use

    try:
        return random.choice(seq)
    except IndexError:
        return context.environment.undefined("No random item, sequence was empty.")


@takes_async
@pass_environment
def do_max(environment, value, case_sensitive=False, attribute=None):
    """Return the largest item, or the one whose attribute is the largest."""
    return _pick(max, environment, value, case_sensitive, attribute)


@takes_async
@pass_environment
def do_min(environment, value, case_sensitive=False, attribute=None):
    """Return the smallest item, or the one whose attribute is the smallest."""
    return _pick(min, environment, value, case_sensitive, attribute)


def _pick(function, environment, value, case_sensitive, attribute):
    items = iter(value)
    for first in items:
        key = make_attrgetter(environment, attribute, None if case_sensitive else ignore_case)
        return function(chain([first], items), key=key)
    return environment.undefined("No aggregated item, sequence was empty.")


# All items into one.


@takes_async
@pass_eval_context
def do_join(eval_ctx, value, d="", attribute=None):
    """Put items into one text with d between them, or an attribute of each."""
    if attribute is not None:
        value = map(make_attrgetter(eval_ctx.environment, attribute), value)
    if not eval_ctx.autoescape:
        return str(d).join(map(str, value))
    if hasattr(d, "__html__"):
        return soft_str(d).join(map(soft_str, value))
    # Text alone stays text, to be escaped when it is output; next to one item of markup, the rest is escaped.
    items = []
    is_html = False
    for item in value:
        if type(item) is str:  # most are, and have no __html__
            items.append(item)
        elif hasattr(item, "__html__"):
            items.append(item)
            is_html = True
        else:
            items.append(str(item))
    return (escape(d) if is_html else str(d)).join(items)


@takes_async
@pass_environment
def do_sum(environment, iterable, attribute=None, start=0):
    """Add items up, or an attribute of each, beginning with start."""
    if attribute is not None:
        iterable = map(make_attrgetter(environment, attribute), iterable)
    return sum(iterable, start)


# Items in another order, or in groups.


def do_dictsort(value, case_sensitive=False, by="key", reverse=False):
    """Return the pairs of a mapping, sorted by "key" or by "value"."""
    if by not in {"key", "value"}:
        raise FilterArgumentError(f'dictsort: by is {by!r}; it may be "key" or "value"')
    position = 0 if by == "key" else 1

    def get_key(pair):
        return pair[position] if case_sensitive else ignore_case(pair[position])

    return sorted(value.items(), key=get_key, reverse=reverse)


def do_items(value):
    """Yield the pairs of a mapping; none of what is undefined."""
    if isinstance(value, Undefined):
        return
    if not isinstance(value, Mapping):
        raise TypeError(f"Can only get item pairs from a mapping, not from {type(value).__name__}")
    yield from value.items()


@takes_async
def do_list(value):
    """Make a list; of a text, one of its letters."""
    return list(value)


def do_reverse(value):
    """Turn a text around, or go through items from the last to the first."""
    if isinstance(value, str):
        return value[::-1]
    try:
        return reversed(value)
    except TypeError:
        pass
    try:
        return list(value)[::-1]
    except TypeError:
        raise FilterArgumentError(f"reverse: {type(value).__name__} has no items") from None


@takes_async
@pass_environment
def do_sort(environment, value, reverse=False, case_sensitive=False, attribute=None):
    """Return a sorted list.

    reverse      from the largest to the smallest
    attribute    what to sort by: "name", "author.name", "age,name" for the name where the age is equal
    """
    key = make_multi_attrgetter(environment, attribute, None if case_sensitive else ignore_case)
    return sorted(value, key=key, reverse=reverse)


@takes_async
@pass_environment
def do_unique(environment, value, case_sensitive=False, attribute=None):
    """Go through items and leave out what was there before."""
    return _iterate_unique(value, make_attrgetter(environment, attribute, None if case_sensitive else ignore_case))


def _iterate_unique(value, get_key):
    seen = set()
    for item in value:
        key = get_key(item)
        if key not in seen:
            seen.add(key)
            yield item


class Group(namedtuple("Group", ["grouper", "list"])):
    """A value and the list of items that have it in common."""

    __slots__ = ()
    __repr__ = __str__ = tuple.__repr__  # in a page, what a plain pair would be


@takes_async
@pass_environment
def do_groupby(environment, value, attribute, default=None, case_sensitive=False):
    """Put items into groups that have an attribute in common: pairs (grouper, list), sorted by grouper.

    default    the value of items that have no such attribute
    """
    get_exact = make_attrgetter(environment, attribute, default=default)
    get_key = get_exact if case_sensitive else make_attrgetter(environment, attribute, ignore_case, default)
    groups = [list(items) for _, items in groupby(sorted(value, key=get_key), get_key)]
    return [Group(get_exact(group[0]), group) for group in groups]


@takes_async
def do_batch(value, linecount, fill_with=None):
    """Go through items in rows of linecount; the last one is filled up with fill_with."""
    return _iterate_rows(value, linecount, fill_with)


def _iterate_rows(value, linecount, fill_with):
    row: list[Any] = []
    for item in value:
        if len(row) == linecount:
            yield row
            row = []
        row.append(item)
    if row:
        if fill_with is not None:
            row += [fill_with] * (linecount - len(row))
        yield row


@takes_async
def do_slice(value, slices, fill_with=None):
    """Go through items in so many columns; those that are one short are filled up with fill_with."""
    return _iterate_columns(value, slices, fill_with)


def _iterate_columns(value, slices, fill_with):
    items = list(value)
    length, longer = divmod(len(items), slices)
    stop = 0
    for number in range(slices):
        start, stop = stop, stop + length + (number < longer)
        column = items[start:stop]
        if fill_with is not None and number >= longer:
            column.append(fill_with)
        yield column


# A filter or a test for each item.


def prepare_map(context, args, kwargs):
    """Read the arguments of map: an attribute to look up, or a filter and its own arguments."""
    if not args and "attribute" in kwargs:
        attribute = kwargs.pop("attribute")
        default = kwargs.pop("default", None)
        if kwargs:
            raise FilterArgumentError(f"map: attribute goes with default alone, not with {next(iter(kwargs))!r}")
        return make_attrgetter(context.environment, attribute, default=default)
    if not args:
        raise FilterArgumentError('map requires a filter argument: map("upper"), or map(attribute="name")')
    name, *args = args
    call_filter = context.environment.call_filter
    return lambda item: call_filter(name, item, args, kwargs, context=context)


def prepare_select(context, args, kwargs, wanted, by_attribute):
    """Read the arguments of select and its kin: [an attribute,] a test and its own arguments; without, truth."""
    if by_attribute:
        if not args:
            raise FilterArgumentError('Missing parameter for attribute name: selectattr("active")')
        attribute, *args = args
        get = make_attrgetter(context.environment, attribute)
    else:
        get = None
    if args:
        name, *args = args
        call_test = context.environment.call_test

        def test(item):
            return call_test(name, item, args, kwargs, context=context)
    else:
        test = bool
    return lambda item: bool(test(item if get is None else get(item))) is wanted


def _iterate_mapped(context, value, args, kwargs):
    if value:
        function = prepare_map(context, args, kwargs)
        for item in value:
            yield function(item)


async def _iterate_mapped_async(context, value, args, kwargs):
    if value:
        function = prepare_map(context, args, kwargs)
        async for item in auto_aiter(value):
            result = function(item)
            yield (await result if hasattr(result, "__await__") else result)


def _iterate_selected(context, value, args, kwargs, wanted, by_attribute):
    if value:
        is_wanted = prepare_select(context, args, kwargs, wanted, by_attribute)
        for item in value:
            if is_wanted(item):
                yield item


async def _iterate_selected_async(context, value, args, kwargs, wanted, by_attribute):
    if value:
        is_wanted = prepare_select(context, args, kwargs, wanted, by_attribute)
        async for item in auto_aiter(value):
            if is_wanted(item):
                yield item


@pass_context
def do_map(context, value, *args, **kwargs):
    """Do the same with each item: map("lower"), map("default", "-"), map(attribute="name", default="-")."""
    iterate = _iterate_mapped_async if context.environment.is_async else _iterate_mapped
    return iterate(context, value, args, kwargs)


def _select(context, value, args, kwargs, wanted, by_attribute):
    iterate = _iterate_selected_async if context.environment.is_async else _iterate_selected
    return iterate(context, value, args, kwargs, wanted, by_attribute)


@pass_context
def do_select(context, value, *args, **kwargs):
    """Keep the items that pass a test: select("odd"), select("in", [1, 2]); without one, those that are true."""
    return _select(context, value, args, kwargs, True, False)


@pass_context
def do_reject(context, value, *args, **kwargs):
    """Leave out the items that pass a test: the other half of select."""
    return _select(context, value, args, kwargs, False, False)


@pass_context
def do_selectattr(context, value, *args, **kwargs):
    """Keep the items whose attribute passes a test: selectattr("email", "none"), selectattr("is_active")."""
    return _select(context, value, args, kwargs, True, True)


@pass_context
def do_rejectattr(context, value, *args, **kwargs):
    """Leave out the items whose attribute passes a test: the other half of selectattr."""
    return _select(context, value, args, kwargs, False, True)


FILTERS: dict[str, Callable[..., Any]] = {
    "abs": abs,
    "attr": do_attr,
    "batch": do_batch,
    "capitalize": do_capitalize,
    "center": do_center,
    "count": len,
    "d": do_default,
    "default": do_default,
    "dictsort": do_dictsort,
    "e": escape,
    "escape": escape,
    "filesizeformat": do_filesizeformat,
    "first": do_first,
    "float": do_float,
    "forceescape": do_forceescape,
    "format": do_format,
    "groupby": do_groupby,
    "indent": do_indent,
    "int": do_int,
    "items": do_items,
    "join": do_join,
    "last": do_last,
    "length": len,
    "list": do_list,
    "lower": do_lower,
    "map": do_map,
    "max": do_max,
    "min": do_min,
    "pprint": do_pprint,
    "random": do_random,
    "reject": do_reject,
    "rejectattr": do_rejectattr,
    "replace": do_replace,
    "reverse": do_reverse,
    "round": do_round,
    "safe": do_mark_safe,
    "select": do_select,
    "selectattr": do_selectattr,
    "slice": do_slice,
    "sort": do_sort,
    "string": soft_str,
    "striptags": do_striptags,
    "sum": do_sum,
    "title": do_title,
    "tojson": do_tojson,
    "trim": do_trim,
    "truncate": do_truncate,
    "unique": do_unique,
    "upper": do_upper,
    "urlencode": do_urlencode,
    "urlize": do_urlize,
    "wordcount": do_wordcount,
    "wordwrap": do_wordwrap,
    "xmlattr": do_xmlattr,
}
