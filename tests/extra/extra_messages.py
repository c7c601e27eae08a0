"""nanoweb's messages beside Werkzeug's and itsdangerous', over random fields: development equipment, not part of
the test command.

    python -m unittest discover -s tests/extra -p "extra_*.py"

Without Werkzeug and itsdangerous (pip install werkzeug==3.1.9 itsdangerous==2.2.0) this fails, and is not skipped.

Each family of fields has a writer, which writes them as their grammar has it and then damages every second one, and
questions, which are asked of both sides about each input.  The answers must be the same, down to the kind of error.
Where they are not, one of the question's differences must explain it: each is a rule that looks at the input, holds
the sentence of docs/differences.md that it stands for, and must be needed at least once.
"""

import base64
import calendar
import hashlib
import io
import ipaddress
import os
import re
import sys
import time
import unittest
from collections import Counter
from datetime import datetime, timedelta, timezone
from pathlib import Path
from random import Random
from urllib.parse import urlsplit, urlunsplit

import itsdangerous
import werkzeug.datastructures
import werkzeug.exceptions
import werkzeug.formparser
import werkzeug.http
import werkzeug.urls
import werkzeug.utils
import werkzeug.wrappers
import werkzeug.wsgi

import nanoweb.accept
import nanoweb.conditions
import nanoweb.cookies
import nanoweb.credentials
import nanoweb.datastructures
import nanoweb.directives
import nanoweb.exceptions
import nanoweb.formparser
import nanoweb.headers
import nanoweb.signing
import nanoweb.urls
import nanoweb.wrappers
import nanoweb.wsgi

INPUTS = 50_000  # of each family
FEWER = INPUTS // 2  # where a family has another test that is given all of them
DOCUMENTED = Path(__file__).resolve().parents[2] / "docs" / "differences.md"


# The two sides, and what comes of a question in plain values


class Side:
    """All public names of some modules: where one of the two has a thing is no question here."""

    def __init__(self, *modules):
        self.modules = modules

    def __getattr__(self, name):
        for module in self.modules:
            if hasattr(module, name):
                setattr(self, name, getattr(module, name))
                return self.__dict__[name]
        raise Missing(name)


class Missing(BaseException):
    """One of the two does not have a thing: no answer, and nothing that an answer could catch."""


ours = Side(
    nanoweb.headers,
    nanoweb.cookies,
    nanoweb.urls,
    nanoweb.accept,
    nanoweb.conditions,
    nanoweb.directives,
    nanoweb.credentials,
    nanoweb.datastructures,
    nanoweb.formparser,
    nanoweb.wrappers,
    nanoweb.wsgi,
    nanoweb.signing,
    nanoweb.exceptions,
)
theirs = Side(
    werkzeug.http,
    werkzeug.urls,
    werkzeug.datastructures,
    werkzeug.formparser,
    werkzeug.wrappers,
    werkzeug.wsgi,
    werkzeug.utils,
    werkzeug.exceptions,
    itsdangerous,
)

# Where Werkzeug's functions make structures, ours give what they are made of.
PLAIN = {
    "ETags": lambda tags: (set(tags.as_set()), tags.as_set(include_weak=True), tags.star_tag),
    "Range": lambda value: (value.units, list(value.ranges)),
    "IfRange": lambda value: (value.etag, value.date),
    "ContentRange": lambda value: (value.units, value.start, value.stop, value.length),
    "HeaderSet": list,
    "Accept": list,
    "RequestCacheControl": dict,
    "ContentSecurityPolicy": dict,
    "MultiDict": lambda value: list(value.items(multi=True)),
    "ImmutableMultiDict": lambda value: list(value.items(multi=True)),
}


def plain(value):
    kind = type(value).__name__
    return PLAIN[kind](value) if kind in PLAIN else value


class Raised(str):
    """The answer to a question that could not be answered: the kind of error."""


def answer(ask, side, given):
    try:
        return plain(ask(side, given))
    except side.HTTPException as error:
        return Raised(error.code)
    except Exception as error:
        return Raised("ValueError" if isinstance(error, ValueError) else type(error).__name__)


class Difference:
    """Where nanoweb differs on purpose.

    sentence    from docs/differences.md, or a part of one
    explains    explains(given, mine, other) tells whether this is why the answers are not the same
    is_needed   False where this Python makes the two the same
    """

    all = []

    def __init__(self, sentence, explains, is_needed=True):
        self.sentence = sentence
        self._explains = explains
        self.is_needed = is_needed
        self.all.append(self)

    def explains(self, given, mine, other):
        try:
            return self._explains(given, mine, other)
        except (AttributeError, LookupError, TypeError):  # what it looks at is not there
            return False


def shrink(given, result):
    """Return the smallest input with the same result that is found by leaving things out."""
    wanted = result(given)
    while True:
        smaller = next((smaller for smaller in leave_out(given) if result(smaller) == wanted), None)
        if smaller is None:
            return given
        given = smaller


def leave_out(given):
    if isinstance(given, dict):
        for key, value in given.items():
            yield {other: given[other] for other in given if other != key}
            yield from ({**given, key: smaller} for smaller in leave_out(value))
    elif isinstance(given, (str, bytes, list)):
        size = len(given)
        while size := size // 2:
            yield from (given[:start] + given[start + size :] for start in range(0, len(given), size))
    if isinstance(given, (tuple, list)):
        for index, value in enumerate(given):
            yield from (type(given)([*given[:index], smaller, *given[index + 1 :]]) for smaller in leave_out(value))


class FamilyTest(unittest.TestCase):
    """Every answer is the other's, but for the differences that are listed."""

    maxDiff = None

    def agree(self, write, questions, inputs=INPUTS, real=0.05):
        """Ask both sides about random inputs.

        write        write(writer) returns an input
        questions    {name: (ask, *differences)}; ask(side, given) returns the answer
        real         at least this part of the answers must be a value, not nothing or an error
        """
        writer, tally, found = Writer(self.id()), Counter(), {}
        for _ in range(inputs):
            given = write(writer)
            for name, (ask, *differences) in questions.items():
                mine, other = answer(ask, ours, given), answer(ask, theirs, given)
                tally[name] += 1
                tally[name, "real"] += bool(other) and not isinstance(other, Raised)
                if mine != other:
                    reason = next((one for one in differences if one.explains(given, mine, other)), None)
                    tally[reason] += 1
                    if reason is None:
                        found.setdefault(name, given)
        self.show(found, questions)
        for name, (_, *differences) in questions.items():
            self.assertEqual(tally[name], inputs)
            self.assertGreater(tally[name, "real"], inputs * real, f"{name} is asked about rubbish")
            for difference in differences:
                if difference.is_needed:
                    self.assertGreater(tally[difference], 0, f"not needed by {name}: {difference.sentence}")
                self.assertLess(tally[difference], inputs * len(questions) / 4, difference.sentence)

    def show(self, found, questions):
        """Fail with the smallest input that shows each difference nobody knew of."""
        lines = []
        for name, given in found.items():
            ask, *differences = questions[name]

            def unexplained(given, ask=ask, differences=differences):
                """The kinds of the two answers, None where they are the same or a difference explains it."""
                mine, other = answer(ask, ours, given), answer(ask, theirs, given)
                if mine == other or any(one.explains(given, mine, other) for one in differences):
                    return None
                return [one if isinstance(one, Raised) else "a value" for one in (mine, other)]

            small = shrink(given, unexplained)
            mine, other = answer(ask, ours, small), answer(ask, theirs, small)
            lines.append(f"{name} of {small!r}:\n    ours   {mine!r}\n    theirs {other!r}\n    found in {given!r}")
        if lines:
            self.fail("\n".join(lines))


# The writer

# Characters that a parser may read as something else: separators, quotes, blanks of all kinds, digits of other
# scripts, a letter that is an ASCII one in another case, and what cannot be in a field at all.
NASTY = list(" \t,;=\"\\'*%/&+-_.:@?#<>()[]{}~^0159aZé\n\r\0\x0b\x7f\x85\xa0٣ſ日")
WORDS = "a b A x-y text charset utf-8 q filename gzip max-age no-cache private 0 1 60 0.5 * ~ token".split()


class Writer(Random):
    """Writes random texts, the same ones in every run."""

    def maybe(self, text, often=0.5):
        return text if self.random() < often else ""

    def many(self, write, most=5, glue=""):
        return glue.join([write() for _ in range(self.randrange(most + 1))])

    def word(self):
        return self.choice(WORDS)

    def blank(self):
        return self.choice(["", "", "", " ", " ", "\t", " \t "])

    def quoted(self):
        pieces = ["a", "b c", ",", ";", "=", '\\"', "\\\\", "\\a", "%22", "é", "", "'"]
        return '"' + self.many(lambda: self.choice(pieces)) + '"'

    def extended(self):
        charset = self.choice(["UTF-8", "utf-8", "iso-8859-1", "us-ascii", "ascii", "", "utf-7"])
        language = self.choice(["", "", "en"])
        return f"{charset}'{language}'" + self.many(lambda: self.choice(["a", "%c3%a9", "%E9", "%20", "%", "~"]))

    def damage(self, text, often=0.5):
        """Return the text, or one that is nearly the same."""
        if self.random() >= often:
            return text
        for _ in range(self.choice([1, 1, 1, 2, 3])):
            place = self.randrange(len(text) + 1)
            after = place + self.choice([0, 0, 0, 1, 1, 3])
            text = text[:place] + self.choice([*NASTY, "", text[place:after] * 2]) + text[after:]
        return text

    def list(self, write, most=5):
        """A comma-separated list, damaged perhaps."""
        return self.damage(self.many(write, most, self.choice([",", ", ", ", ", " ,\t", ",,"])))


def without_controls(text):
    """What can stand in a field of a response: no control characters, none over U+00FF."""
    return re.sub("[^\\t -~\x80-\xff]", "", text)


def without_quotes(answer):
    return re.sub(r"[\"'\\]", "", str(answer))


# Options, lists, dicts, sets


def write_options(writer):
    def option():
        name = writer.choice(["a", "A", "charset", "q", "filename", "name", "x-y", "é"])
        name += writer.choice(["", "", "", "", "*", "*0", "*1", "*0*", "*1*", "*10", "*x"])
        value = writer.choice([writer.word, writer.word, writer.quoted, writer.extended])()
        return f";{writer.blank()}{name}={value}{writer.blank()}"

    kind = writer.choice(["text/html", "TEXT/HTML", "form-data", "application/xml", "image/svg+xml", "a", "", " a "])
    return writer.damage(kind + writer.many(option))


def write_list(writer):
    def item():
        key, blank = writer.word() + writer.maybe("*", 0.1), writer.blank()
        value = writer.choice([writer.word, writer.quoted, writer.quoted, writer.extended])()
        return writer.choice([key, value, f"{key}={value}", f"{key}{blank}={blank}{value}"])

    return writer.list(item).replace("\n", "")  # Werkzeug takes one for the end of charset'language'value


class OptionsTest(FamilyTest):
    """Content-Type, Content-Disposition and the like."""

    def test_options(self):
        self.agree(
            write_options,
            {
                "parse_options_header": (lambda side, text: side.parse_options_header(text),),
                "dump_options_header": (
                    lambda side, text: side.dump_options_header(*theirs.parse_options_header(text)),
                ),
                "quote_header_value": (lambda side, text: side.quote_header_value(text),),
                "quote_header_value, always": (lambda side, text: side.quote_header_value(text, allow_token=False),),
                "unquote_header_value": (lambda side, text: side.unquote_header_value(text.rpartition("=")[2]),),
                "Request.mimetype": (
                    lambda side, text: (
                        (request := side.Request({"CONTENT_TYPE": text})).mimetype,
                        request.mimetype_params,
                        request.is_json,
                    ),
                ),
            },
        )


class ListTest(FamilyTest):
    """Lists, dicts and sets."""

    def test_lists(self):
        self.agree(
            write_list,
            {
                "parse_list_header": (lambda side, text: side.parse_list_header(text),),
                "parse_dict_header": (lambda side, text: list(side.parse_dict_header(text).items()),),
                "parse_set_header": (lambda side, text: side.parse_set_header(text),),
                "dump_header of a list": (lambda side, text: side.dump_header(theirs.parse_list_header(text)),),
                "dump_header of a dict": (lambda side, text: side.dump_header(theirs.parse_dict_header(text)),),
            },
        )


# Preferences

NO_IS_NO = Difference(
    "`accept_html`, `accept_xhtml` and `accept_json` are False for what has quality 0",
    lambda given, mine, other: re.search("(?i)q=-?0", given["field"]),
)


NO_MEDIA_TYPE = Difference(
    "To look for what is no media type is a ValueError whatever the client sent",
    lambda given, mine, other: (
        given["kind"] == "accept_mimetypes"
        and "ValueError" in mine
        and any(not re.match(r"[^*/]+/|\*/\*", offer) for offer in given["offers"])
    ),
)
ASCII_CHARSETS = Difference(
    "Names of charsets are compared by Python's table of aliases",
    lambda given, mine, other: given["kind"] == "accept_charsets" and not given["field"].isascii(),
)
PLAIN_QUALITIES = Difference(
    "a quality has digits only",
    lambda given, mine, other: re.search(r"q\*?=-0", given["field"], re.IGNORECASE),
)


def write_preferences(writer):
    kinds = {
        "accept_mimetypes": "text/html text/* */* text/plain TEXT/html application/json a/b;x=y * a",
        "accept_languages": "en en-US en_us de de-AT zh-Hant-TW * fr sr-Latn e",
        "accept_charsets": "utf-8 UTF8 iso-8859-1 latin1 * ascii us-ascii x-unknown utf_8",
        "accept_encodings": "gzip br * identity deflate GZIP x",
    }
    kind = writer.choice(list(kinds))
    values = kinds[kind].split()

    def item():
        quality = writer.choice(
            ["", "", "", ";q=0.5", "; q=0.8", ";q=0", ";q=1.0", ";q=1.1", ";Q=0.3", ";q=0.001", ";q=", ";q=-0"]
        )
        return writer.choice(values) + quality

    field = {"accept_mimetypes": "HTTP_ACCEPT"}.get(kind, f"HTTP_ACCEPT_{kind[7:-1].upper()}")
    return {
        "kind": kind,
        "name": field,
        "field": writer.list(item).replace("\0", ""),
        "offers": writer.choices(values, k=writer.randrange(5)),
    }


def ask_preferences(ask):
    """Ask what a request says that the client prefers."""

    def ask_request(side, given):
        environ = {given["name"]: given["field"]} if given["field"] else {}
        return ask(getattr(side.Request(environ), given["kind"]), given)

    return ask_request


def ask_for_each(ask):
    """Ask about each offer; a ValueError is an answer."""

    def ask_all(accept, given):
        try:
            return [found for offer in given["offers"] for found in ask(accept, offer)]
        except ValueError:
            return ["ValueError"]

    return ask_preferences(ask_all)


class AcceptTest(FamilyTest):
    """Accept, Accept-Language, Accept-Charset, Accept-Encoding."""

    def test_negotiation(self):
        self.agree(
            write_preferences,
            {
                "parse": (lambda side, given: list(side.parse_accept_header(given["field"])), PLAIN_QUALITIES),
                "as a whole": (
                    ask_preferences(
                        lambda accept, given: (
                            list(accept),
                            list(accept.values()),
                            accept.best,
                            str(accept),
                            accept.provided,
                        )
                    ),
                    PLAIN_QUALITIES,
                ),
                "best_match": (
                    ask_preferences(lambda accept, given: accept.best_match(given["offers"])),
                    NO_MEDIA_TYPE,
                    ASCII_CHARSETS,
                    PLAIN_QUALITIES,
                ),
                "each": (
                    ask_for_each(lambda accept, offer: [accept.quality(offer), accept.find(offer), offer in accept]),
                    NO_MEDIA_TYPE,
                    ASCII_CHARSETS,
                    PLAIN_QUALITIES,
                ),
            },
        )

    def test_what_a_browser_takes(self):
        kinds = ["accept_html", "accept_xhtml", "accept_json"]
        self.agree(
            lambda writer: {**write_preferences(writer), "kind": "accept_mimetypes", "name": "HTTP_ACCEPT"},
            {
                "accept_html": (
                    ask_preferences(lambda accept, given: [getattr(accept, kind) for kind in kinds]),
                    NO_IS_NO,
                ),
            },
            inputs=FEWER,
        )


# Directives: Cache-Control and Content-Security-Policy

REQUEST_DIRECTIVES = (
    "no_cache no_store max_age max_stale min_fresh no_transform only_if_cached stale_if_error".split()
)
RESPONSE_DIRECTIVES = (
    "no_cache no_store max_age public private must_revalidate proxy_revalidate s_maxage immutable no_transform "
    "must_understand stale_while_revalidate stale_if_error"
).split()

NUMBERS = "max-age max-stale min-fresh s-maxage stale-if-error stale-while-revalidate".split()

ANY_CASE = Difference(
    "directives are the same in any case",
    lambda text, mine, other: any(name != name.lower() for name in theirs.parse_dict_header(text)),
)
SECONDS = Difference(
    "numbers in fields are rows of ASCII digits",
    lambda text, mine, other: any(
        name in NUMBERS and value is not None and not re.fullmatch("[0-9]{1,18}", value)
        for name, value in theirs.parse_dict_header(text).items()
    ),
)
QUOTED_NAMES = Difference(
    "`private=` and `no-cache=` with field names, `realm`, and what RFC 7616 names for Digest are always quoted",
    lambda text, mine, other: without_quotes(mine) == without_quotes(other),
)


def write_cache_control(writer):
    names = [name.replace("_", "-") for name in [*REQUEST_DIRECTIVES, *RESPONSE_DIRECTIVES]]

    def directive():
        name = writer.choice([*names, "x-other", "No-Cache"])
        value = writer.choice(["", "", "=60", "=0", '="60"', "=-5", "=1.5", '="set-cookie, x"', "=a", "=", "= 60"])
        return name + value

    return writer.list(directive)


ONE_DIRECTIVE = Difference(
    "A policy directive with `;`, `,`, a control character or non-ASCII is a ValueError",
    lambda text, mine, other: (
        mine == "ValueError"
        and any(
            not re.fullmatch(r"[0-9A-Za-z-]+ [!-+\--:<-~ \t]*", f"{name} {sources}")
            for name, sources in theirs.parse_csp_header(text).items()
        )
    ),
)
ONE_OF_EACH = Difference(
    "HeaderSet holds a name once",
    lambda text, mine, other: (
        len({name.lower() for name in theirs.parse_list_header(text)}) < len(theirs.parse_list_header(text))
    ),
)


def write_policy(writer):
    def directive():
        name = writer.choice(["default-src", "img-src", "IMG-SRC", "report-uri", "x y", "sandbox", ""])
        return (
            name
            + writer.blank()
            + writer.many(lambda: writer.choice(["'self'", "*", "https://a.example", "a,b"]), 3, " ")
        )

    return without_controls(writer.damage(writer.many(directive, 4, writer.choice([";", "; ", " ; "]))))


class DirectiveTest(FamilyTest):
    """Cache-Control, Content-Security-Policy, Vary and the like."""

    def test_cache_control(self):
        def of_request(side, text):
            control = side.Request({"HTTP_CACHE_CONTROL": text}).cache_control
            return dict(control), [getattr(control, name) for name in REQUEST_DIRECTIVES], control.to_header()

        def of_response(side, text):
            control = side.Response(headers=[("Cache-Control", text)]).cache_control
            return dict(control), [getattr(control, name) for name in RESPONSE_DIRECTIVES], control.to_header()

        def change(side, text):
            response = side.Response(headers=[("Cache-Control", text)])
            control = response.cache_control
            control.max_age = len(text)
            control.public = len(text) % 2 == 0
            del control.no_store
            control.private = [None, True, False, "x", "a b"][len(text) % 5]
            return response.headers.getlist("Cache-Control")

        self.agree(
            lambda writer: without_controls(write_cache_control(writer)),
            {
                "Request.cache_control": (of_request, ANY_CASE, SECONDS, QUOTED_NAMES),
                "Response.cache_control": (of_response, ANY_CASE, SECONDS, QUOTED_NAMES),
                "Response.cache_control, changed": (change, ANY_CASE, QUOTED_NAMES),
            },
        )

    def test_policies(self):
        def read(side, text):
            policy = side.Response(headers=[("Content-Security-Policy", text)]).content_security_policy
            return dict(policy), policy.default_src, policy.img_src, policy.report_uri

        def change(side, text):
            response = side.Response(headers=[("Content-Security-Policy", text)])
            policy = response.content_security_policy
            policy.img_src = "'self' *"
            del policy.default_src
            return response.headers.getlist("Content-Security-Policy")

        self.agree(
            write_policy,
            {
                "parse_csp_header": (lambda side, text: dict(side.parse_csp_header(text)),),
                "Response.content_security_policy": (read,),
                "Response.content_security_policy, changed": (change, ONE_DIRECTIVE),
            },
            inputs=FEWER,
        )

    def test_sets(self):
        def read(side, text):
            names = side.Response(headers=[("Vary", text)]).vary
            return (
                list(names),
                [("cookie" in names, names.find("COOKIE")), len(names), bool(names)],
                names.to_header(),
            )

        def change(side, text):
            response = side.Response(headers=[("Vary", text)])
            response.vary.add("Cookie")
            response.vary.discard("a")
            response.vary.update(["x", "b c", "A"])
            return response.headers.getlist("Vary"), sorted(response.vary.as_set())

        self.agree(
            lambda writer: without_controls(writer.list(writer.word)),
            {"Response.vary": (read, ONE_OF_EACH), "Response.vary, changed": (change, ONE_OF_EACH)},
            inputs=FEWER,
        )


# Dates and ages

HTTP_DATE = re.compile(
    r"""[ \t]*(?:
        (?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),\ [0-9]{2}\ [A-Z][a-z]{2}\ [0-9]{4}\ [0-9]{2}:[0-9]{2}:[0-9]{2}\ GMT
    |   (?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day,\ [0-9]{2}-[A-Z][a-z]{2}-[0-9]{2}\ [0-9]{2}:[0-9]{2}:[0-9]{2}\ GMT
    |   (?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)\ [A-Z][a-z]{2}\ [\ 0-9][0-9]\ [0-9]{2}:[0-9]{2}:[0-9]{2}\ [0-9]{4}
    )[ \t]*""",
    re.VERBOSE,
)

THREE_FORMATS = Difference(
    "Dates are read in the three formats of RFC 9110 alone",
    lambda text, mine, other: mine is None and not HTTP_DATE.fullmatch(text),
)
CENTURY = Difference(
    "A year of two digits is at most 50 years from now, one of four what it says",
    lambda text, mine, other: (
        (mine.year - other.year) % 100 == 0
        and mine.replace(year=other.year) == other
        and (mine.year < 100 or abs(mine.year - datetime.now(timezone.utc).year) <= 50)
    ),
)
ROWS_OF_DIGITS = Difference(
    "numbers in fields are rows of ASCII digits",
    lambda text, mine, other: mine is None and not re.fullmatch("[ \t]*[0-9]{1,18}[ \t]*", text),
)
UTC_TIMES = Difference(
    "`http_date` takes a struct_time as UTC",
    lambda moment, mine, other: (
        isinstance(moment, time.struct_time) and mine == theirs.http_date(calendar.timegm(moment))
    ),
)


def some_moment(writer):
    return datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(
        days=writer.randrange(-20_000, 40_000), seconds=writer.randrange(86400), microseconds=writer.randrange(10**6)
    )


def write_date(writer):
    known = ["%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"]
    return writer.damage(
        some_moment(writer).strftime(writer.choice([*known, "%d %b %Y %H:%M:%S +0100"])),
        0.4,
    )


def write_moment(writer):
    moment = some_moment(writer)
    zone = timezone(timedelta(minutes=writer.randrange(-1439, 1440)))
    seconds = moment.timestamp()
    return writer.choice(
        [
            moment,
            moment.replace(tzinfo=None),
            moment.astimezone(zone),
            moment.date(),
            seconds,
            int(seconds),
            time.gmtime(seconds),
        ]
    )


class DateTest(FamilyTest):
    """Date, Expires, Age."""

    def setUp(self):
        zone = os.environ.get("TZ")
        self.addCleanup(time.tzset)
        self.addCleanup(os.environ.pop if zone is None else os.environ.__setitem__, "TZ", zone)
        os.environ["TZ"] = "NPT-5:45"  # what is in UTC must not depend on where the machine stands
        time.tzset()

    def test_dates_as_sent(self):
        self.agree(
            write_date,
            {"parse_date": (lambda side, text: side.parse_date(text), THREE_FORMATS, CENTURY)},
        )

    def test_dates_to_send(self):
        self.agree(write_moment, {"http_date": (lambda side, moment: side.http_date(moment), UTC_TIMES)})

    def test_ages(self):
        self.agree(
            lambda writer: writer.damage(str(writer.randrange(10 ** writer.randrange(17))), 0.3),
            {"parse_age": (lambda side, text: side.parse_age(text), ROWS_OF_DIGITS)},
        )
        self.agree(
            lambda writer: writer.choice([writer.randrange(-5, 10**6), writer.random() * 1e6, None, timedelta(1)]),
            {"dump_age": (lambda side, seconds: side.dump_age(seconds),)},
        )


# Entity tags and ranges

STRICT_RANGE = re.compile(
    r"""
        [ \t]*[!#$%&'*+.^`|~\w-]+[ \t]*=
        (?:[ \t]*(?:[0-9]{1,18}-|[0-9]{1,18}-[0-9]{1,18}|-[0-9]{1,18})[ \t]*(?:,(?!$)|$))+
    |   [ \t]*[!#$%&'*+.^`|~\w-]+\ (?:[*]|[0-9]{1,18}-[0-9]{1,18})/(?:[*]|[0-9]{1,18})[ \t]*
    """,
    re.VERBOSE | re.ASCII,
)
STRICT_RANGES = Difference(
    "`Range` and `Content-Range` have no blanks inside, at most 18 digits and a token as their unit",
    lambda text, mine, other: mine is None and not STRICT_RANGE.fullmatch(text),
)

TAGS = ['"a"', 'W/"b"', 'w/"c d"', '""', '"a,b"', "a", "W/b", "*", 'W/"a"', "'a'"]


def some_number(writer):
    return str(writer.choice([0, 1, 4, 5, 9, 10, 99, 100, 499, 500, 999, writer.randrange(10**6)]))


def write_tags(writer):
    return writer.list(lambda: writer.choice(TAGS))


def write_range(writer):
    def span():
        first, last = some_number(writer), some_number(writer)
        return writer.choice([f"{first}-{last}", f"{first}-", f"-{last}", f"{first} - {last}"])

    units = writer.choice(["bytes", "bytes", "bytes", "Bytes", "lines", "", " bytes "])
    return writer.damage(f"{units}={writer.many(span, 3, writer.choice([',', ', ', ' ,']))}", 0.2)


def write_content_range(writer):
    first, last, size = sorted([some_number(writer) for _ in range(3)], key=int)
    span, size = writer.choice([f"{first}-{last}", f"{first}-{last}", "*"]), writer.choice([size, size, "*"])
    return writer.damage(f"{writer.choice(['bytes', 'bytes', 'lines', ''])} {span}/{size}", 0.4)


class TagAndRangeTest(FamilyTest):
    """ETag, If-Match, If-Range, Range, Content-Range."""

    def test_tags(self):
        self.agree(
            lambda writer: writer.damage(writer.choice(TAGS)),
            {
                "unquote_etag": (lambda side, text: side.unquote_etag(text),),
                "quote_etag": (lambda side, text: side.quote_etag(text),),
                "quote_etag of a weak one": (lambda side, text: side.quote_etag(text.strip('"'), weak=True),),
                "generate_etag": (lambda side, text: side.generate_etag(text.encode()),),
            },
        )

    def test_ranges(self):
        self.agree(
            write_range,
            {"parse_range_header": (lambda side, text: side.parse_range_header(text), STRICT_RANGES)},
        )

    def test_content_ranges(self):
        self.agree(
            write_content_range,
            {"parse_content_range_header": (lambda side, text: side.parse_content_range_header(text), STRICT_RANGES)},
        )

    def test_slices(self):
        self.agree(
            lambda writer: [writer.choice([None, -1, 0, 5, 10, 500]) for _ in range(3)],
            {"is_byte_range_valid": (lambda side, numbers: side.is_byte_range_valid(*numbers),)},
        )


# Cookies


def latin(text):
    """Text as WSGI has it: bytes as characters of Latin-1."""
    return text.encode("latin-1", "ignore").decode("latin-1")


def is_utf_8(text):
    try:
        text.encode("latin-1").decode()
    except UnicodeDecodeError:
        return False
    return True


NO_UTF_8 = Difference(
    "Bytes that are not UTF-8 stay visible as `%FF` in `args` and `form`, and become U+FFFD elsewhere",
    lambda text, mine, other: other == "ValueError" and not is_utf_8(text),
)

REFUSED_COOKIES = Difference(
    "`set_cookie` refuses names, domains and texts that browsers would drop or read differently",
    lambda cookie, mine, other: (
        mine == "ValueError"
        and (
            not re.fullmatch(r'[^\x00-\x20\x7f=;,"]+', cookie["key"])
            or not re.fullmatch(r"\.?[\w-]+(\.[\w-]+)*(:\w*)?|", cookie.get("domain") or "")
            or not re.fullmatch(r"[ -:<-~]*", str(cookie.get("expires") or ""))
        )
    ),
)
BROKEN_PROMISES = Difference(
    "`__Host-` and `__Secure-` names whose promise the other arguments break",
    lambda cookie, mine, other: (
        mine == "ValueError"
        and re.match("__(host|secure)-", cookie["key"], re.IGNORECASE)
        and not (
            (cookie.get("secure") or cookie.get("partitioned"))
            and (
                cookie["key"].lower().startswith("__secure-")
                or (cookie.get("path", "/") == "/" and not cookie.get("domain"))
            )
        )
    ),
)


NO_DOMAIN = Difference(
    '`set_cookie(domain="")` sends no Domain',
    lambda cookie, mine, other: cookie.get("domain") == "" and mine == other.replace("; Domain=", ""),
)


def write_cookies(writer):
    def pair():
        name = writer.choice(["a", "b", "theme", "__Host-id", "__Secure-x", "Ã©", "", "$Version"])
        pieces = ["b", "c d", "; x=y", '\\"', "\\073", "\\303\\251", "\\400", "\\", "Ã©", ",", "="]
        quoted = '"' + writer.many(lambda: writer.choice(pieces)) + '"'
        return f"{name}={writer.choice([writer.word(), quoted, quoted, '', '{}', 'a=b'])}"

    return latin(writer.damage(writer.many(pair, 4, writer.choice(["; ", "; ", ";", " ;\t"])), 0.4))


def write_cookie(writer):
    choices = {
        "max_age": [0, 60, -1, 86400, timedelta(hours=1), timedelta(milliseconds=1500)],
        "expires": [
            0,
            1e9,
            some_moment(writer),
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "soon; a=b",
            some_moment(writer).date(),
        ],
        "path": ["/", None, "/a b", "/é;x", "", "/a%20b", "/\r\n"],
        "domain": ["example.com", ".example.com", "localhost:5000", "bücher.example", "a b", "", "a; Secure"],
        "secure": [True, False],
        "httponly": [True, False],
        "samesite": ["Lax", "strict", "NONE", "other"],
        "partitioned": [True, False],
    }
    cookie = {name: writer.choice(values) for name, values in choices.items() if writer.random() < 0.3}
    cookie["key"] = writer.damage(writer.choice(["a", "theme", "__Host-id", "__Secure-id", "é"]), 0.1)
    cookie["value"] = writer.damage(writer.choice(["", "dark", 'a;b, "cé\n', "日", "\\", "a" * 50, writer.quoted()]))
    return cookie


def dump_cookie(side, cookie):
    field = side.dump_cookie(**cookie)
    if "max_age" in cookie and cookie.get("expires") is None:
        # This was made of the time at which it was made: tell that it fits, and not what it is.
        found = re.search("Expires=([^;]*)", field)
        age = cookie["max_age"].total_seconds() if isinstance(cookie["max_age"], timedelta) else cookie["max_age"]
        late = theirs.parse_date(found[1]).timestamp() - time.time() - age
        field = field.replace(found[1], "as it must be" if abs(late) < 60 else found[1])
    return field


class CookieTest(FamilyTest):
    """Cookie and Set-Cookie."""

    def test_cookies_as_sent(self):
        self.agree(
            write_cookies,
            {
                "parse_cookie": (
                    lambda side, text: [*side.MultiDict(side.parse_cookie(text)).items(multi=True)],
                    NO_UTF_8,
                ),
            },
        )

    def test_cookies_to_send(self):
        self.agree(
            write_cookie,
            {
                "dump_cookie": (dump_cookie, NO_DOMAIN, REFUSED_COOKIES, BROKEN_PROMISES),
                "there and back": (
                    lambda side, cookie: side.MultiDict(
                        side.parse_cookie(side.dump_cookie("a", cookie["value"], path=None))
                    ),
                ),
            },
        )


# Addresses


def is_lost_on_urllib(text):
    """Whether urllib, cutting an address and putting it together again, loses some of it."""
    text = re.sub(r"^([^/?#]*//[^/?#]*):(?=[/?#]|\Z)", r"\1", text)
    try:
        return urlunsplit(urlsplit(text)) != text
    except ValueError:
        return re.search(r"//[^/?#]*[\[\]][^/?#]*@|[\t\r\n]|\A[\0- ]", text)


WHOLE_ADDRESSES = Difference(
    "An address keeps all of its parts: `//`, `/x?`, blanks in front, brackets before `@`",
    lambda text, mine, other: is_lost_on_urllib(text),
)
NO_PUNYCODE = Difference(
    "a host that only looks like IDNA stays as it is",
    lambda text, mine, other: other == "ValueError" and re.search("//[^/?#]*xn--", text, re.IGNORECASE),
    is_needed=sys.version_info < (3, 13),  # from then on the idna codec raises what Werkzeug expects
)
ZONES = Difference(
    "`_` in host names, nothing behind the `:` of a port, and IPv6 zones are taken",
    lambda text, mine, other: other == "ValueError" and re.search(r"//[^/?#]*\[[^\]]*%[^\]]*%", text),
)
TABS = Difference(
    "An address with a tab or line break in it is a ValueError",
    lambda text, mine, other: mine == "ValueError" and re.search("[\t\r\n]", text),
)
HOST_AND_PORT = re.compile(
    r"""
    (?:[A-Z][A-Z0-9+.-]*:)? // (?:[^/?#]*@)?
    (?: \[[0-9A-F:.]+(?:%[A-Z0-9._~%-]+)?\] | (?:[\w~%!$&'()*+,;=-]{1,63}(?:\.|(?=[:/?#]|\Z)))* )
    (?::[0-9]{0,5})?
    (?:[/?#].*)?
    """,
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
IMPOSSIBLE_HOSTS = Difference(
    "An impossible host or port in it is one too",
    lambda text, mine, other: mine == "ValueError" and not HOST_AND_PORT.fullmatch(text),
)


def write_address(writer):
    scheme = writer.choice(["http:", "https:", "HTTP:", "", "", "ftp:", "mailto:", "a+b:"])
    user = writer.choice(["", "", "", "ada@", "ada:p%3Aé@", "@", ":@", "%40ü@"])
    host = writer.choice(
        [
            "example.com",
            "Example.COM",
            "bücher.example",
            "xn--bcher-kva.example",
            "[::1]",
            "[fe80::1%25a%20b]",
            "127.0.0.1",
            "",
            "a_b",
            "日本",
        ]
    )
    port = writer.choice(["", "", ":80", ":", ":0", ":65535", ":65536", ":٣"])
    authority = writer.maybe(f"//{user}{host}{port}", 0.8)
    pieces = [
        "a",
        "/",
        "/",
        "%2F",
        "%c3%a9",
        "é",
        "%FF",
        "%",
        " ",
        "..",
        ";",
        "@",
        ":",
        "%25",
        "%00",
        "日",
        "~",
        "[",
        "\\",
    ]
    path = writer.maybe("/") + writer.many(lambda: writer.choice(pieces), 6)
    pieces += ["&", "=", "+", "%26", "%3D", "?", "%23"]
    query = writer.maybe("?" + writer.many(lambda: writer.choice(pieces)))
    fragment = writer.maybe("#" + writer.many(lambda: writer.choice(pieces)), 0.3)
    return writer.damage(scheme + authority + path + query + fragment, 0.2)


class AddressTest(FamilyTest):
    """IRI and URI; and what address an environ stands for."""

    def test_addresses(self):
        self.agree(
            write_address,
            {
                "iri_to_uri": (
                    lambda side, text: side.iri_to_uri(text),
                    ZONES,
                    TABS,
                    IMPOSSIBLE_HOSTS,
                    WHOLE_ADDRESSES,
                ),
                "uri_to_iri": (
                    lambda side, text: side.uri_to_iri(text),
                    IMPOSSIBLE_HOSTS,
                    WHOLE_ADDRESSES,
                    NO_PUNYCODE,
                    ZONES,
                ),
            },
        )


# Who a client says it is


def scheme_and_rest(text):
    scheme, _, rest = text.strip(" \t").partition(" ")
    return scheme, rest.strip(" \t")


def is_basic(rest):
    """Whether it is a name and a password as RFC 7617 has them."""
    try:
        data = base64.b64decode(rest, validate=True)
        return base64.b64encode(data).decode() == rest and re.fullmatch(
            "[^\0-\x1f\x7f]*:[^\0-\x1f\x7f]*", data.decode()
        )
    except ValueError:
        return False


NO_SCHEME = Difference(
    "Credentials whose scheme is no token are none",
    lambda text, mine, other: not re.fullmatch(r"[!#$%&'*+.^`|~\w-]+", text.partition(" ")[0], re.ASCII),
)
STRICT_BASIC = Difference(
    "Basic credentials with base64 in another spelling, without a colon or with control characters are none",
    lambda text, mine, other: (
        mine is None and scheme_and_rest(text)[0].lower() == "basic" and not is_basic(scheme_and_rest(text)[1])
    ),
)
QUOTED_PARAMETERS = Difference(
    "`realm`, and what RFC 7616 names for Digest are always quoted",
    lambda text, mine, other: without_quotes(mine) == without_quotes(other),
)
NO_VALUE = Difference(
    "a scheme alone, or a parameter without a value, is written alone",
    lambda text, mine, other: "None" in str(other) and "None" not in str(mine),
)
NO_BLANK_BEHIND = Difference(
    "a scheme alone, or a parameter without a value, is written alone",
    lambda text, mine, other: mine == (other.rstrip(" ") if isinstance(other, str) else [other[0].rstrip(" ")]),
)


def write_credentials(writer):
    """Either field: Authorization, WWW-Authenticate."""
    scheme = writer.choice(["Basic", "basic", "Digest", "Digest", "Bearer", "DPoP", "Negotiate", "digest"])
    scheme = writer.damage(scheme, 0.1)
    if scheme.lower() == "basic" and writer.random() < 0.8:
        user = writer.choice(["ada:secret", "ada:", ":x", "é:ü:ö", "nobody", "", "日:本", "a\n:b"]).encode()
        return writer.damage("Basic " + base64.b64encode(user).decode() + writer.maybe("=", 0.1), 0.3)

    def parameter():
        name = writer.choice(["realm", "nonce", "qop", "username", "uri", "algorithm", "stale", "charset", "domain"])
        return f"{name}={writer.choice([writer.word, writer.quoted])()}"

    return writer.damage(
        f"{scheme} " + writer.choice([writer.word(), "abc==", "a.b.c", "", writer.many(parameter, 4, ", ")]), 0.3
    )


def describe_credentials(found):
    return found and [found.type, dict(found.parameters), found.token, found.get("realm"), found.username]


class CredentialsTest(FamilyTest):
    """Authorization and WWW-Authenticate."""

    def test_authorization(self):
        def read(side, text):
            return describe_credentials(side.Request({"HTTP_AUTHORIZATION": text}).authorization)

        def dump(side, text):
            found = side.Authorization.from_header(text)
            return found and found.to_header()

        self.agree(
            lambda writer: latin(write_credentials(writer)),
            {
                "Request.authorization": (read, NO_SCHEME, STRICT_BASIC),
                "Authorization.to_header": (dump, NO_SCHEME, STRICT_BASIC, NO_BLANK_BEHIND, QUOTED_PARAMETERS),
            },
        )

    def test_challenges(self):
        def read(side, text):
            return describe_credentials(side.WWWAuthenticate.from_header(text))

        def dump(side, text):
            response = side.Response(headers=[("WWW-Authenticate", text)])
            response.www_authenticate.opaque = "x"
            response.www_authenticate["realm"] = "kitchen"
            return response.headers.getlist("WWW-Authenticate")

        self.agree(
            lambda writer: without_controls(write_credentials(writer)),
            {
                "WWWAuthenticate.from_header": (read, NO_SCHEME),
                "WWWAuthenticate.to_header": (dump, NO_SCHEME, NO_BLANK_BEHIND, QUOTED_PARAMETERS, NO_VALUE),
            },
            inputs=FEWER,
        )


# Conditional requests

VERSIONS = ['"a"', '"b"', 'W/"a"', 'W/"b"', '"a b"']
MOMENTS = [
    "Sun, 06 Nov 1994 08:49:37 GMT",
    "Sunday, 06-Nov-94 08:49:37 GMT",
    "Sun, 06 Nov 1994 08:49:36 GMT",
    "Mon, 07 Nov 1994 00:00:00 GMT",
    "yesterday",
]
WHOLE = b"0123456789"
RANGES = {"bytes=0-4": (0, 5), "bytes=5-": (5, 10), "bytes=-3": (7, 10), "bytes=9-99": (9, 10), "bytes=10-": 416}
NO_RANGES = ["bytes=0-1,4-5", "bytes=", "x=0-1", "bytes=4-0"]


def read_tags(text):
    return re.findall(r'(?:W/)?"[^"]*"|\*', text)


def precondition(given):
    """The status that the conditions call for, read off RFC 9110, section 13.2.2; 200 if they call for none."""
    fields, tag = given["environ"], given["etag"]
    moment, *dates = (
        theirs.parse_date(text)
        for text in (given["last_modified"], *map(fields.get, ("HTTP_IF_UNMODIFIED_SINCE", "HTTP_IF_MODIFIED_SINCE")))
    )
    unmodified_since, modified_since = dates
    reading = fields["REQUEST_METHOD"] in ("GET", "HEAD")
    if "HTTP_IF_MATCH" in fields:
        wanted = read_tags(fields["HTTP_IF_MATCH"])
        if "*" not in wanted and (tag is None or tag.startswith("W/") or tag not in wanted):
            return 412
    elif unmodified_since and moment and moment > unmodified_since:
        return 412
    if "HTTP_IF_NONE_MATCH" in fields:
        known = [one.replace("W/", "") for one in read_tags(fields["HTTP_IF_NONE_MATCH"])]
        if "*" in known or (tag and tag.replace("W/", "") in known):
            return 304 if reading else 412
    elif reading and modified_since and moment and moment <= modified_since:
        return 304
    return 200


def wanted_part(given):
    """(start, stop) or 416, read off RFC 9110, sections 13.1.5 and 14.2; None for the whole."""
    fields, tag = given["environ"], given["etag"]
    if given["accept_ranges"] not in (True, "bytes") or given["length"] is None:
        return None
    if "HTTP_IF_RANGE" in fields:
        date = theirs.parse_date(fields["HTTP_IF_RANGE"])
        if date and date != theirs.parse_date(given["last_modified"]):
            return None
        if not date and (fields["HTTP_IF_RANGE"] != tag or tag.startswith("W/")):
            return None
    return RANGES.get(fields.get("HTTP_RANGE"))


def conditional_answer(given):
    """What make_conditional() should make of it: status, Content-Range, body."""
    method, status, part = given["environ"]["REQUEST_METHOD"], given["status"], None
    if method != "POST" and status == 200:
        status = precondition(given)
        part = wanted_part(given) if status == 200 else None
    if part == 416:
        return Raised(416)
    start, stop = part or (0, len(WHOLE))
    body = b"" if method == "HEAD" or status == 304 else WHOLE[start:stop]
    return (206, f"bytes {start}-{stop - 1}/{len(WHOLE)}", body) if part else (status, None, body)


AS_IN_THE_RFC = Difference(
    "Conditions are evaluated in the order of RFC 9110, 13.2.2",
    lambda given, mine, other: mine == (precondition(given) == 200),
)
PARTS_AS_IN_THE_RFC = Difference(
    "Conditions are evaluated in the order of RFC 9110, 13.2.2",
    lambda given, mine, other: mine == conditional_answer(given),
)


def write_condition(writer):
    def tags():
        return writer.choice(["*", *[", ".join(writer.choices(VERSIONS, k=count)) for count in (1, 1, 2, 3)]])

    environ = {"REQUEST_METHOD": writer.choice(["GET", "GET", "HEAD", "POST"]), "wsgi.url_scheme": "http"}
    fields = {
        "HTTP_IF_MATCH": tags(),
        "HTTP_IF_NONE_MATCH": tags(),
        "HTTP_IF_MODIFIED_SINCE": writer.choice(MOMENTS),
        "HTTP_IF_UNMODIFIED_SINCE": writer.choice(MOMENTS),
        "HTTP_IF_RANGE": writer.choice([*VERSIONS, *MOMENTS]),
        "HTTP_RANGE": writer.choice(
            ["bytes=0-4", "bytes=5-", "bytes=-3", "bytes=10-", "bytes=0-1,4-5", "bytes=", "x=0-1"]
        ),
    }
    often = writer.choice([0.1, 0.3, 0.6])
    environ.update({name: value for name, value in fields.items() if writer.random() < often})
    return {
        "environ": environ,
        "etag": writer.choice([None, *VERSIONS]),
        "last_modified": writer.choice([None, *MOMENTS]),
        "status": writer.choice([200, 200, 200, 200, 404]),
        "accept_ranges": writer.choice([True, True, False, "bytes", "none"]),
        "length": writer.choice([len(WHOLE), len(WHOLE), None]),
    }


def make_conditional(side, given):
    """Status, Content-Range and body of an answer that was made conditional."""
    headers = [("ETag", given["etag"]), ("Last-Modified", given["last_modified"]), ("Date", MOMENTS[0])]
    response = side.Response(WHOLE, given["status"], [field for field in headers if field[1]], mimetype="text/plain")
    response.make_conditional(given["environ"], given["accept_ranges"], given["length"])
    body, status, fields = response.get_wsgi_response(given["environ"])
    return int(status[:3]), dict(fields).get("Content-Range"), b"".join(body)


class ConditionTest(FamilyTest):
    """Only if it changed, only if it did not, only this part of it."""

    def test_whether_it_was_modified(self):
        self.agree(
            write_condition,
            {
                "is_resource_modified": (
                    lambda side, given: side.is_resource_modified(
                        given["environ"], given["etag"], last_modified=given["last_modified"]
                    ),
                    AS_IN_THE_RFC,
                ),
            },
        )

    def test_what_is_sent(self):
        self.agree(write_condition, {"make_conditional": (make_conditional, PARTS_AS_IN_THE_RFC)})


# The fields of a message, as its attributes

FIELDS = {
    "date": "HTTP_DATE",
    "if_modified_since": "HTTP_IF_MODIFIED_SINCE",
    "if_unmodified_since": "HTTP_IF_UNMODIFIED_SINCE",
    "if_range": "HTTP_IF_RANGE",
    "if_match": "HTTP_IF_MATCH",
    "if_none_match": "HTTP_IF_NONE_MATCH",
    "range": "HTTP_RANGE",
    "max_forwards": "HTTP_MAX_FORWARDS",
    "content_length": "CONTENT_LENGTH",
    "content_type": "CONTENT_TYPE",
    "mimetype": "CONTENT_TYPE",
    "pragma": "HTTP_PRAGMA",
    "access_control_request_headers": "HTTP_ACCESS_CONTROL_REQUEST_HEADERS",
    "access_route": "HTTP_X_FORWARDED_FOR",
    "user_agent": "HTTP_USER_AGENT",
    "referrer": "HTTP_REFERER",
}


def write_field(writer):
    name = writer.choice(list(FIELDS))
    write = {
        "date": write_date,
        "if_modified_since": write_date,
        "if_unmodified_since": write_date,
        "if_range": lambda writer: writer.choice([write_date, write_tags])(writer),
        "if_match": write_tags,
        "if_none_match": write_tags,
        "range": write_range,
        "max_forwards": lambda writer: writer.damage(some_number(writer)),
        "content_length": lambda writer: writer.damage(some_number(writer)),
        "content_type": write_options,
        "mimetype": write_options,
    }.get(name, write_list)
    return {"name": name, "text": latin(write(writer)).strip(" \t")}


def read_field(side, given):
    environ = {FIELDS[given["name"]]: given["text"]}
    found = plain(getattr(side.Request(environ), given["name"]))
    return found.to_header() if type(found).__name__ == "UserAgent" else found


def about(difference, *names):
    """The same difference, asked about one of these fields."""
    return Difference(
        difference.sentence,
        lambda given, mine, other: given["name"] in names and difference.explains(given["text"], mine, other),
    )


DATES = ["date", "if_modified_since", "if_unmodified_since"]
MALFORMED_LENGTH = Difference(
    "As an attribute it is None",
    lambda given, mine, other: (
        given["name"] == "content_length"
        and mine is None
        and not re.fullmatch("[ \t]*[0-9]{1,18}[ \t]*", given["text"])
    ),
)
IF_RANGE_DATES = [
    Difference(
        difference.sentence,
        lambda given, mine, other, difference=difference: (
            given["name"] == "if_range" and difference.explains(given["text"], mine[1], other[1])
        ),
    )
    for difference in (THREE_FORMATS, CENTURY)
]
EMPTY_TAG = Difference(
    'an empty entity tag (`""`) is one',
    lambda given, mine, other: mine == (*({tag or "" for tag in tags} for tags in other[:2]), other[2]),
)
QUOTED_LOCATION = Difference(
    "`response.location` and `redirect()` quote what needs it",
    lambda given, mine, other: mine == answer(assign, theirs, [quote_location(*pair) for pair in given]),
)


NONE_REMOVES = Difference(
    "To assign None to an attribute of a field deletes the field",
    lambda given, mine, other: (
        any(value is None for _, value in given)
        and "'None'" not in str(mine)
        and (other == "TypeError" or "'None'" in str(other) or {"date", "expires", "last_modified"} & {*dict(given)})
    ),
)


def quote_location(name, value):
    return name, theirs.iri_to_uri(value) if name == "location" else value


def write_attributes(writer):
    """What is assigned to attributes of a response, one after the other."""
    moment = some_moment(writer)
    moments = [moment, moment.date(), moment.timestamp()]
    names = [["a"], ["a", "b c"], ("Cookie", "accept")]
    values = {
        "content_type": ["text/html", "image/png; a=b", "application/json"],
        "mimetype": ["text/html", "image/png", "application/json", "application/xml", "image/svg+xml"],
        "status": [200, 404, "404 Nowhere", "299", 999, "200 OK"],
        "status_code": [200, 304, 418],
        "location": ["/a b", "/é", "http://bücher.example/?a=b c", "b"],
        "content_range": ["bytes 0-499/1234", "bytes */1234"],
    }
    values_or_none = {
        "date": moments,
        "expires": moments,
        "last_modified": moments,
        "age": [60, timedelta(hours=1), timedelta(seconds=1.5)],
        "retry_after": [60, moment, "120"],
        "content_length": [0, 100],
        "content_encoding": ["gzip"],
        "content_security_policy": ["default-src 'self'"],
        "accept_ranges": ["bytes", "none"],
        "access_control_allow_origin": ["*", "https://a.example"],
        "access_control_max_age": [60],
        "access_control_allow_credentials": [True, False],
        "access_control_allow_headers": names,
        "access_control_expose_headers": names,
        "vary": names,
        "allow": names,
        "content_language": names,
    }
    given = []
    for name in writer.choices([*values, *values_or_none], k=writer.randrange(1, 5)):
        choices = values.get(name) or (values_or_none[name] if writer.random() < 0.95 else [None])
        given.append((name, writer.choice(choices)))
    return given


def assign(side, given):
    response = side.Response("body", mimetype="text/plain")
    for name, value in given:
        setattr(response, name, value)
    return sorted(response.headers.to_wsgi_list()), [
        found.to_header() if hasattr(found, "to_header") else plain(found)
        for found in (getattr(response, name) for name, _ in given if name != "retry_after")  # that is from now on
    ]


class FieldTest(FamilyTest):
    """The attributes of Request and Response that stand for a field."""

    def test_fields_of_requests(self):
        self.agree(
            write_field,
            {
                "read": (
                    read_field,
                    about(THREE_FORMATS, *DATES),
                    about(CENTURY, *DATES),
                    about(STRICT_RANGES, "range"),
                    about(ROWS_OF_DIGITS, "max_forwards"),
                    MALFORMED_LENGTH,
                    about(ONE_OF_EACH, "pragma", "access_control_request_headers"),
                    *IF_RANGE_DATES,
                    EMPTY_TAG,
                )
            },
        )

    def test_fields_of_responses(self):
        self.agree(write_attributes, {"assign, and read": (assign, NONE_REMOVES, QUOTED_LOCATION)})


# What address an environ stands for


def is_host(text):
    """Whether it is a name or an address, with a port perhaps."""
    found = re.fullmatch(
        r"(?:([A-Za-z0-9._-]{1,255})|\[([0-9A-Fa-f:.]+)(?:%[A-Za-z0-9._~%-]+)?\])(?::([0-9]{0,5}))?", text
    )
    try:
        return bool(found and (found[1] or ipaddress.IPv6Address(found[2])) and int(found[3] or 0) < 65536)
    except ValueError:
        return False


NO_UTF_8_QUERY = Difference(
    NO_UTF_8.sentence,
    lambda environ, mine, other: other == "ValueError" and not is_utf_8(environ["QUERY_STRING"]),
)
NO_HOST = Difference(
    "A `Host` that is no name or address with an optional port is a 400 as soon as anything asks for it",
    lambda environ, mine, other: mine == "400" and not is_host(environ["HTTP_HOST"]),
)
MORE_HOSTS = Difference(
    "`_` in host names, nothing behind the `:` of a port, and IPv6 zones are taken",
    lambda environ, mine, other: (
        (other == "400" or other[0] == "")
        and is_host(environ["HTTP_HOST"])
        and re.search(r"_|%|:(0[0-9]*)?\Z", environ["HTTP_HOST"])
    ),
)
NO_IDNA = Difference(
    NO_PUNYCODE.sentence,
    lambda environ, mine, other: other == "ValueError" and "xn--" in environ["HTTP_HOST"].lower(),
    NO_PUNYCODE.is_needed,
)
DECODED_PATH = Difference(
    "`get_current_url` reads SCRIPT_NAME",
    lambda environ, mine, other: mine == answer(ask_for("host", "url"), theirs, environ),
)
TRUSTED_HOSTS = Difference(
    "trusted hosts are compared without regard to case, and may be IPv6",
    lambda environ, mine, other: other == "400" and re.match(r"(?i)\[::1\]|([a-z.]*\.)?example\.com", mine[0]),
)
EMPTY_HOST = Difference(
    "An empty `Host` is the server's own name",
    lambda environ, mine, other: (other == "400" or other[0] == "") and environ["HTTP_HOST"] == "",
)


def write_environ(writer):
    def path():
        pieces = ["a", "/", "/", "Ã©", "é", "%2F", "%C3%A9", "%", " ", "..", ";", "?", "#", "\xff", "&", "日"]
        return latin(writer.maybe("/", 0.8) + writer.many(lambda: writer.choice(pieces), 6))

    hosts = [
        "example.com",
        "Example.com",
        "a.b.example.com",
        "localhost",
        "[::1]",
        "xn--bcher-kva.example",
        "127.0.0.1",
    ]
    hosts += ["my_host", "[fe80::1%25eth0]", "bücher.example", "", "a b", "a/b", "a@b", "evil.example\\"]
    ports = ["", "", "", ":80", ":443", ":5000", ":", ":080", ":65536"]
    environ = {
        "REQUEST_METHOD": writer.choice(["GET", "POST", "post"]),
        "SCRIPT_NAME": writer.choice(["", "", "/app", "/app/", "/" + path()]),
        "PATH_INFO": path(),
        "QUERY_STRING": path(),
        "SERVER_NAME": writer.choice(["localhost", "::1", "10.0.0.1"]),
        "SERVER_PORT": writer.choice(["80", "443", "5000"]),
        "wsgi.url_scheme": writer.choice(["http", "https", "ws", "wss"]),
        "HTTP_HOST": latin(writer.damage(writer.choice(hosts) + writer.choice(ports), 0.1)),
    }
    if writer.random() < 0.2:
        del environ["HTTP_HOST"]
    return environ


def ask_for(*names):
    """Ask for these attributes of the request."""

    def ask(side, environ):
        request = side.Request(dict(environ))  # Werkzeug's puts itself into the environ
        return [getattr(request, name) for name in names]

    return ask


class EnvironTest(FamilyTest):
    """What address an environ stands for."""

    def test_addresses_of_requests(self):
        trusted = ["example.com", ".example.com", "[::1]", "xn--bcher-kva.example", "localhost:5000"]
        hosts = [NO_HOST, MORE_HOSTS, EMPTY_HOST]
        self.agree(
            write_environ,
            {
                "the line": (
                    ask_for("method", "scheme", "path", "full_path", "root_path", "script_root", "query_string"),
                    NO_UTF_8_QUERY,
                ),
                "the address": (
                    ask_for("host", "host_url", "root_url", "url_root", "base_url", "url"),
                    *hosts,
                    NO_IDNA,
                ),
                "get_host": (lambda side, environ: [side.get_host(environ, trusted)], *hosts, TRUSTED_HOSTS),
                "get_current_url": (
                    lambda side, environ: [side.get_host(environ), side.get_current_url(environ)],
                    *hosts,
                    NO_IDNA,
                    DECODED_PATH,
                ),
            },
        )


# Forms


def is_sloppy(given):
    """Whether not all boundaries have the same line breaks around them and no blanks behind."""
    body, boundary = given["body"], re.escape(b"--" + given["boundary"])
    found = re.finditer(
        rb"(\r\n|\r|\n|)" + boundary + rb"(?:--([^\S\r\n]*)(\r\n|\r|\n|)|([^\S\r\n]*)(\r\n|\r|\n))", body
    )
    boundaries = [(match.start(), match[1], match[2] or match[4] or b"", match[3] or match[5]) for match in found]
    line_breaks = {one for _, before, _, after in boundaries for one in (before, after)} - {b""}
    return (
        len(line_breaks) > 1
        or any(blanks or (not before and start) for start, before, blanks, _ in boundaries)
        or ((given["is damaged"] or b"\r\n" not in line_breaks) and len(set(re.findall(b"\r\n|\r|\n", body))) > 1)
    )


SLOPPY_BOUNDARIES = Difference(
    "the line break after it holds for the whole body; blanks after a boundary are not taken",
    lambda given, mine, other: is_sloppy(given),
)


def has_bad_header(given):
    """Whether the header of a part has no name, or a line without colon or with a control character."""
    boundary = rb"(?:\A|\r\n|\r|\n)--" + re.escape(given["boundary"]) + rb"(?:\r\n|\r|\n)"
    headers = re.findall(boundary + rb"(.*?)(?:\r\n(?=\r\n)|\r(?=\r)|\n(?=\n))", given["body"], re.DOTALL)
    lines = [line for header in headers for line in re.split(b"\r\n|\r|\n", header)]
    names = re.compile(b"(?i)(?:\\A|[\r\n])Content-Disposition:[^\r\n]*;[ \t]*name(?:[*][0-9]*)*=").search
    is_bad = re.compile(b"[\0-\x08\x0b-\x1f\x7f]|\\A[^ \t][^:]*\\Z|\\A\\Z").search
    return not all(map(names, headers)) or any(map(is_bad, lines))


PART_HEADERS = Difference(
    "A part without a name, or with a header line that has no colon or a control character, makes the body malformed",
    lambda given, mine, other: (
        mine == "ValueError" and (has_bad_header(given) or any(name is None for name, *_ in other))
    ),
)
BROKEN_OFF = Difference(
    "A multipart body that ends without its closing boundary is a 400 that says so",
    lambda given, mine, other: mine == "400" and other == "ValueError",
)
RAW_BYTES = Difference(
    "Bytes that are not UTF-8 stay visible as `%FF` in `args` and `form`",
    lambda given, mine, other: not is_utf_8(given["body"].decode("latin-1")) and re.search("%[89A-F]", str(mine)),
)


def write_multipart(writer):
    newline, boundary = writer.choice(["\r\n", "\r\n", "\r\n", "\n", "\r"]), writer.choice(["cut", "--x", "a b", "="])
    data = ["", "a", "é", "\r", "\n", "\r\n", "--", "--cut", "\r\n--cut", "\r\n--cu", "\n--", "x" * 70, " ", "\0"]

    def part():
        lines = ["Content-Disposition: form-data"]
        for name, often in [("name", 0.98), ("filename", 0.4), ("filename*", 0.1), ("size", 0.05)]:
            value = writer.choice([writer.word, writer.quoted, writer.quoted, writer.extended])()
            lines[0] += writer.maybe(f"; {name}={value}", often)
        lines += [
            writer.maybe("Content-Type: text/plain; charset=" + writer.choice(["utf-8", "latin-1", "ascii"]), 0.3)
        ]
        lines += [writer.maybe(f"X-Header: a{newline} b", 0.1), writer.maybe("Content-Length: 5", 0.1)]
        lines += [writer.maybe("Content-Type: image/png", 0.2)]
        writer.shuffle(lines)
        body = writer.many(lambda: writer.choice(data), 4)
        return newline.join([f"--{boundary}", *filter(None, lines), "", body, ""])

    body = writer.maybe(f"preamble{newline}", 0.05) + writer.many(part, 3) + f"--{boundary}--{writer.maybe(newline)}"
    damaged = writer.damage(body, 0.4)
    return {"body": damaged.encode(), "boundary": boundary.encode(), "is damaged": damaged != body}


def write_urlencoded(writer):
    pieces = ["a", "b", "=", "&", "&", "+", "%20", "%C3%A9", "%ff", "%", "%zz", ";", "Ã©", " ", "%26", "%3d"]
    pieces += writer.choice([[], [], ["\xff", "\xe9"]])
    return {"body": writer.many(lambda: writer.choice(pieces), 12).encode("latin-1")}


def parse_multipart(side, given):
    # Werkzeug leaves its temporary files open where a body turns out to be malformed.
    parser = side.FormDataParser(stream_factory=lambda **about: io.BytesIO(), silent=False)
    options = {"boundary": given["boundary"].decode()}
    body = io.BytesIO(given["body"])
    _, form, files = parser.parse(body, "multipart/form-data", len(given["body"]), options)
    fields = list(form.items(multi=True))
    for name, file in files.items(multi=True):
        with file.stream:
            fields.append(
                (name, file.filename, file.content_type, file.mimetype_params, file.read(), [*file.headers])
            )
    return fields


def parse_urlencoded(side, given):
    """As a body, and as a query."""
    environ = {
        "REQUEST_METHOD": "POST",
        "CONTENT_TYPE": "application/x-www-form-urlencoded",
        "CONTENT_LENGTH": str(len(given["body"])),
        "wsgi.input": io.BytesIO(given["body"]),
        "QUERY_STRING": given["body"].decode("latin-1"),
    }
    request = side.Request(environ)
    return list(request.args.items(multi=True)), list(request.form.items(multi=True)), list(request.values.items())


class FormTest(FamilyTest):
    """What HTML forms send."""

    def test_multipart(self):
        self.agree(write_multipart, {"parse": (parse_multipart, SLOPPY_BOUNDARIES, PART_HEADERS, BROKEN_OFF)})

    def test_urlencoded(self):
        self.agree(write_urlencoded, {"parse": (parse_urlencoded, RAW_BYTES)})


# Signatures


def has_another_spelling(given):
    """Whether a part of a signed text is base64 as nobody writes it: with other characters or bits in between."""
    sep = b"." if given["kind"] > 1 else itsdangerous.want_bytes(given["sep"])
    encoded = [1, 2, 2, 3][given["kind"]]  # so many parts are base64: signature, timestamp, payload
    for part in given["token"].lstrip(b".").rsplit(sep, encoded)[-encoded:]:
        try:
            if itsdangerous.base64_encode(itsdangerous.base64_decode(part)) != part:
                return True
        except itsdangerous.BadData:
            continue
    return False


ONE_SPELLING = Difference(
    "A signature, a timestamp and a payload have one spelling",
    lambda given, mine, other: str(mine[0]).startswith("Bad") and has_another_spelling(given),
)


def describe(error):
    """What an error of a signature says beside its words."""
    return type(error).__name__, getattr(error, "payload", None), getattr(error, "date_signed", None)


def sign(side, given):
    """Sign in every way there is."""
    signer, timestamp_signer, serializer, timed = make_signers(side, given)
    value, thing = given["value"], given["object"]
    return signer.sign(value), timestamp_signer.sign(value), serializer.dumps(thing), timed.dumps(thing)


def make_clocked(side):
    """A signer that goes by the clock of the test."""

    class Clocked(side.TimestampSigner):
        now = 0

        def get_timestamp(self):
            return self.now

    return Clocked


ours.Clocked, theirs.Clocked = make_clocked(ours), make_clocked(theirs)


def make_signers(side, given):
    """One signer of each kind."""
    keys, salt = given["keys"], given["salt"]
    options = {"key_derivation": given["derivation"], "digest_method": given["digest"]}
    side.Clocked.now = given["now"]
    return (
        side.Signer(keys, salt, given["sep"], **options),
        side.Clocked(keys, salt, given["sep"], **options),
        side.URLSafeSerializer(keys, salt, signer_kwargs=options),
        side.URLSafeTimedSerializer(keys, salt, signer=side.Clocked, signer_kwargs=options),
    )


def unsign(side, given):
    """Take off a signature that the other side made, and that was damaged since then perhaps."""
    which, token = given["kind"], given["token"]
    signer = make_signers(side, {**given, "now": given["later"]})[which]
    options = {"max_age": given["max_age"], "return_timestamp": True} if which in (1, 3) else {}
    try:
        return (signer.loads if which > 1 else signer.unsign)(token, **options)
    except side.BadData as error:
        return describe(error)


def write_signature(writer):
    keys = [
        writer.choice(["secret", b"\xff\x00", "schlüssel", "x" * 100]) for _ in range(writer.choice([1, 1, 2, 3]))
    ]
    pieces = ["a", 1, None, True, "é", "日", -0.5, "", ".", "a" * 100]
    return {
        "keys": keys,
        "salt": writer.choice(["itsdangerous", "cookie-session", b"\xfe", ""]),
        "sep": writer.choice([".", ".", ":", b"/", "::"]),
        "derivation": writer.choice(["django-concat", "concat", "hmac", "none"]),
        "digest": writer.choice([hashlib.sha1, hashlib.sha256, hashlib.md5]),
        "now": writer.choice([0, 1, 255, 256, 1_700_000_000, 2**33]),
        "value": writer.choice([writer.damage("value"), b"\xff.\x00", "", "a.b.c"]),
        "object": writer.choice(
            [writer.choice(pieces), {str(writer.choice(pieces)): writer.choice(pieces)}, [writer.choice(pieces)] * 9]
        ),
    }


def write_token(writer):
    given = write_signature(writer)
    kind = writer.randrange(4)
    token = sign(writer.choice([ours, theirs]), given)[kind]
    token = token.encode() if isinstance(token, str) else token
    if writer.random() < 0.5:
        token = writer.damage(token.decode("latin-1"), 1).encode("latin-1", "replace")
    return {
        **given,
        "kind": kind,
        "token": token,
        "later": given["now"] + writer.choice([0, 0, 5, 10, 100, -5]),
        "max_age": writer.choice([None, None, 5, 10]),
        "keys": given["keys"] if writer.random() < 0.9 else [*given["keys"], "newer"],
    }


class SignatureTest(FamilyTest):
    """What itsdangerous signs is good here, and the other way round."""

    def test_signing(self):
        self.agree(write_signature, {"sign": (sign,)}, inputs=FEWER)

    def test_unsigning(self):
        self.agree(write_token, {"unsign": (unsign, ONE_SPELLING)})


class ListedTest(unittest.TestCase):
    """What is excused above is what the documentation says."""

    def test_every_difference_is_in_the_documentation(self):
        listed = " ".join(DOCUMENTED.read_text(encoding="utf-8").split())
        for difference in Difference.all:
            self.assertTrue(difference.sentence in listed, f"{DOCUMENTED.name} does not say: {difference.sentence}")


if __name__ == "__main__":
    unittest.main()
