"""The tools around Flask: signatures, passwords, markup, fields of HTTP, and what werkzeug.utils has."""

import datetime

from flask import Flask, request
from itsdangerous import (
    BadData,
    BadPayload,
    BadSignature,
    BadTimeSignature,
    Serializer,
    SignatureExpired,
    Signer,
    TimedSerializer,
    TimestampSigner,
    URLSafeSerializer,
    URLSafeTimedSerializer,
    base64_decode,
    base64_encode,
    want_bytes,
)
from markupsafe import EscapeFormatter, Markup, escape, escape_silent, soft_str
from werkzeug.datastructures import HeaderSet, MultiDict
from werkzeug.exceptions import BadRequestKeyError, HTTPException, SecurityError, abort
from werkzeug.http import (
    dump_age,
    dump_header,
    dump_options_header,
    generate_etag,
    http_date,
    is_entity_header,
    is_hop_by_hop_header,
    is_resource_modified,
    parse_accept_header,
    parse_age,
    parse_cache_control_header,
    parse_content_range_header,
    parse_cookie,
    parse_csp_header,
    parse_date,
    parse_dict_header,
    parse_etags,
    parse_if_range_header,
    parse_list_header,
    parse_options_header,
    parse_range_header,
    parse_set_header,
    quote_etag,
    remove_entity_headers,
    remove_hop_by_hop_headers,
    unquote_etag,
)
from werkzeug.security import check_password_hash, generate_password_hash, safe_join
from werkzeug.utils import (
    append_slash_redirect,
    cached_property,
    environ_property,
    find_modules,
    header_property,
    import_string,
    redirect,
    secure_filename,
)

app = Flask(__name__)
app.logger.disabled = True


class Name:
    def __html__(self):
        return "<i>name</i>"


class Card:
    made = 0

    @cached_property
    def text(self):
        self.made += 1
        return f"text {self.made}"


@app.get("/markup")
def markup():
    text = Markup("<b>%s</b> {0}") % "<i>"
    told = [
        escape("<a href='x'>&\"</a>"),
        escape(Name()),
        escape(None),
        escape_silent(None),
        soft_str(1),
        text.format("&"),
        Markup("<em>Hi</em> &amp; bye").striptags(),
        Markup("&lt;&eacute;&#9731;").unescape(),
        Markup("a") + "<",
        "<" + Markup("a"),
        Markup("-").join(["<", Markup("<")]),
        Markup("{:>5}|{a!r}|{b[0]}").format("<", a="'", b=["&"]),
        Markup("%(x)s %(y)d %(z).1f") % {"x": "<", "y": 3, "z": 1.25},
        Markup("a,b").split(","),
        Markup("x") * 2,
        Markup("<a>").upper(),
        Markup("{}").format(Name()),
        Markup.escape("<"),
        EscapeFormatter(escape).format("{}", "<"),
        Markup("a<b").partition("<"),
        Markup(" <x> ").strip().replace("x", "&"),
    ]
    return [str(one) if isinstance(one, str) else [str(part) for part in one] for one in told] + [repr(text)]


@app.get("/signing")
def signing():
    told = [
        Signer("key").sign("value").decode(),
        Signer("key", salt="salt", sep=":", key_derivation="concat").sign(b"value").decode(),
        Signer(["old", "new"]).unsign(Signer("old").sign("x")).decode(),
        TimestampSigner("key").sign("value").decode(),
        Serializer("key").dumps({"a": [1, "ü"]}),
        URLSafeSerializer("key", salt="s").dumps({"a": "x" * 100}),
        URLSafeTimedSerializer("key").dumps(["a"]),
        TimedSerializer("key").dumps(1),
        base64_encode(b"\xff\xfe\xfd").decode(),
        base64_decode("__79").hex(),
        want_bytes("ü").hex(),
    ]
    signed = URLSafeTimedSerializer("key").dumps({"id": 1})
    told += [URLSafeTimedSerializer("key").loads(signed, max_age=10), Signer("key").validate("x.y")]
    when = URLSafeTimedSerializer("key").loads(signed, return_timestamp=True)[1]
    told += [
        str(when.tzinfo),
        URLSafeSerializer("key").loads_unsafe("x.y"),
        Signer("key").get_signature("v").decode(),
    ]
    for ask in (
        lambda: Signer("key").unsign("value.bad"),
        lambda: Signer("key").unsign("value"),
        lambda: TimestampSigner("key").unsign(TimestampSigner("key").sign("v"), max_age=-1),
        lambda: URLSafeTimedSerializer("other").loads(signed),
        lambda: URLSafeTimedSerializer("key").loads("x"),
        lambda: URLSafeSerializer("key").loads(URLSafeSerializer("key").make_signer("itsdangerous").sign("%%")),
    ):
        try:
            told.append(ask())
        except BadData as error:
            kinds = (BadSignature, BadTimeSignature, SignatureExpired, BadPayload)
            told.append([type(error).__name__, [isinstance(error, kind) for kind in kinds]])
    return told


@app.get("/passwords")
def passwords():
    hashes = {
        "scrypt:16384:8:1$salt$b0de0fbb3a1f3f7b7ad65b56cbae4e4e": "x",
        generate_password_hash("secret", "pbkdf2:sha256:1000"): "secret",
        generate_password_hash("ü☃", "scrypt:1024:8:1", 4): "ü☃",
        "pbkdf2:sha256:1$salt$" + "0" * 64: "x",
        "plain$$x": "x",
        "nonsense": "x",
    }
    told = [check_password_hash(hashed, password) for hashed, password in hashes.items() if "plain" not in hashed]
    made = generate_password_hash("secret")
    return [*told, made.rpartition("$")[0].partition("$")[0], len(made.split("$")[1])]


@app.get("/fields")
def fields():
    when = datetime.datetime(2024, 2, 29, 12, 30, 15, tzinfo=datetime.timezone.utc)
    accept = parse_accept_header("text/html, */*;q=0.5")
    ranges, content = parse_range_header("bytes=0-4,7-"), parse_content_range_header("bytes 0-4/*")
    etags, if_range = parse_etags('"a", W/"b"'), parse_if_range_header('"x"')
    control, policy = (
        parse_cache_control_header("no-cache, max-age=3"),
        parse_csp_header("default-src 'self'; img-src *"),
    )
    names, cookies = parse_set_header('a, "b c"'), parse_cookie("a=b; a=c; d=e")
    return [
        [list(accept), accept.best, accept.quality("text/plain")],
        [ranges.units, ranges.ranges, ranges.to_header(), ranges.range_for_length(100), parse_range_header("x")],
        [
            content.units,
            content.start,
            content.stop,
            content.length,
            content.to_header(),
            parse_content_range_header(""),
        ],
        [sorted(etags.as_set(include_weak=True)), etags.contains("a"), if_range.etag, str(if_range.date)],
        [control.max_age, control.no_cache, dict(policy), policy.img_src],
        [list(names), isinstance(names, HeaderSet), "B C" in names, names.to_header()],
        [cookies.getlist("a"), isinstance(cookies, MultiDict), parse_cookie({"HTTP_COOKIE": "x=y"})["x"]],
        [
            str(parse_date("Thu, 29 Feb 2024 12:30:15 GMT")),
            http_date(when),
            http_date(0),
            str(parse_age("60")),
            dump_age(5),
        ],
        [parse_options_header("text/html; charset=\"utf-8\"; x*=UTF-8''%C3%BC"), parse_options_header(None)],
        [parse_list_header('a, "b, c", d'), parse_dict_header('a="b, c", d=e, f')],
        [
            dump_header(["a", "b c"]),
            dump_header({"a": "b c", "d": None}),
            dump_options_header("form", {"a": "b c", "ü": "ü"}),
        ],
        [quote_etag("x"), quote_etag("x", True), unquote_etag('W/"x"'), generate_etag(b"data")],
        [is_entity_header("Content-Type"), is_hop_by_hop_header("Connection")],
        [is_resource_modified(request.environ, "tag"), is_resource_modified({"REQUEST_METHOD": "GET"}, "x")],
        without([("Content-Type", "x"), ("Expires", "y"), ("Connection", "close"), ("X", "1")]),
    ]


def without(headers):
    entity, hops = list(headers), list(headers)
    remove_entity_headers(entity)
    remove_hop_by_hop_headers(hops)
    return [entity, hops]


@app.get("/utils")
def utils():
    class Wrapped:
        name = environ_property("test.name", "none", int, str)
        kind = header_property("X-Kind", "none")

        def __init__(self):
            self.environ, self.headers = {"test.name": "5"}, {}

    card, wrapped = Card(), Wrapped()
    wrapped.kind = "own"
    told = [card.text, card.text, wrapped.name, wrapped.kind, wrapped.headers]
    told += [
        secure_filename(name) for name in ("My cool movie.mov", "../../etc/passwd", "i ü x.txt", "", "..", "a/b c")
    ]
    told += [
        safe_join("/base", *parts)
        for parts in (("a", "b"), ("../x",), ("a/../b",), ("/etc",), ("",), ("a", "..", "b"))
    ]
    told += [
        import_string("json:dumps").__name__,
        import_string("json.no", silent=True),
        sorted(find_modules("wsgiref")),
    ]
    told += [redirect("/x").status, redirect("/x", 301).location]
    for path, query in (("/a/b", "c=d"), ("/a", ""), ("/", "")):
        made = append_slash_redirect({"PATH_INFO": path, "QUERY_STRING": query})
        told.append([made.status, made.location])
    try:
        import_string("json:nothing")
    except ImportError:
        told.append("refused")
    return told


@app.get("/errors")
def errors():
    told = []
    for code in (400, 404, 405, 418, 500, 999):
        try:
            abort(code)
        except HTTPException as error:
            told.append(
                [
                    error.code,
                    error.name,
                    error.description,
                    error.get_headers(),
                    error.get_body(),
                    str(error),
                    repr(error),
                ]
            )
        except LookupError as error:
            told.append(type(error).__name__)
    try:
        request.args["nothing"]
    except BadRequestKeyError as error:
        told.append([error.code, error.description, error.args, isinstance(error, KeyError), error.show_exception])
    told.append([SecurityError.code, HTTPException("x").get_response(request.environ).status_code])
    return told


SCRIPT = [
    (f"GET /{name}", {"headers": {"If-None-Match": '"tag"'}})
    for name in "markup signing passwords fields utils errors markup? signing? fields? utils?".split()
]
