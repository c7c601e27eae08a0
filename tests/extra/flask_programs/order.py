"""What is called when: hooks, signals, contexts and teardown, recorded and told by the next request."""

import logging

import flask.signals
from blinker import ANY, NamedSignal, Namespace, Signal, signal
from flask import (
    Blueprint,
    Flask,
    Response,
    abort,
    after_this_request,
    appcontext_popped,
    appcontext_pushed,
    appcontext_tearing_down,
    copy_current_request_context,
    current_app,
    flash,
    g,
    got_request_exception,
    has_app_context,
    has_request_context,
    message_flashed,
    request,
    request_finished,
    request_started,
    request_tearing_down,
    session,
    url_for,
)
from flask.ctx import AppContext, RequestContext, _AppCtxGlobals
from werkzeug.exceptions import HTTPException, InternalServerError
from werkzeug.local import Local, LocalProxy, LocalStack, release_local

app = Flask(__name__)
app.secret_key = "order"
app.logger.disabled = True
part = Blueprint("part", __name__, url_prefix="/part")
nested = Blueprint("nested", __name__, url_prefix="/nested")
own = Namespace().signal("own", doc="our own")
log = []


def note(word, value=None):
    def function(*args, **kwargs):
        log.append(word)
        return value

    return function


def note_response(word):
    def function(response):
        log.append(word)
        response.headers.add("X-After", word)
        return response

    return function


def note_error(word):
    def function(error=None):
        log.append(f"{word} {type(error).__name__}")

    return function


for where, word in ((app, "app"), (part, "part"), (nested, "nested")):
    where.before_request(note(f"before 1 {word}"))
    where.before_request(note(f"before 2 {word}"))
    where.after_request(note_response(f"after 1 {word}"))
    where.after_request(note_response(f"after 2 {word}"))
    where.teardown_request(note_error(f"teardown 1 {word}"))
    where.teardown_request(note_error(f"teardown 2 {word}"))
    where.url_value_preprocessor(note(f"values {word}"))
app.teardown_appcontext(note_error("teardown context"))


def listen(one, word):
    def receiver(sender, **extra):
        log.append(f"{word} {sorted(extra)} {sender is app}")

    one.connect(receiver, app, weak=False)


for one, word in (
    (request_started, "started"),
    (request_finished, "finished"),
    (got_request_exception, "exception"),
    (request_tearing_down, "tearing down"),
    (message_flashed, "flashed"),
):
    listen(one, word)


@own.connect
def hear(sender, **extra):
    log.append(f"own {sender} {extra}")
    return "heard"


@app.errorhandler(KeyError)
def key(error):
    log.append("handler")
    return f"key {error}", 400


@part.errorhandler(KeyError)
def part_key(error):
    return "part key", 400


@app.get("/log")
def tell():
    told = list(log)
    log.clear()
    return told


@app.get("/")
def index():
    log.append("view")
    after_this_request(note_response("this 1"))
    after_this_request(note_response("this 2"))
    return "index"


@app.get("/key")
def raise_key():
    raise KeyError("k")


@app.get("/error")
def error():
    raise ValueError("unexpected")


@app.get("/abort")
def aborting():
    abort(403)


@app.get("/flash")
def flashing():
    flash("one", "kind")
    return "flashed"


@part.get("/")
def part_index():
    return "part"


@part.get("/key")
def part_raises():
    raise KeyError("p")


@nested.get("/")
def nested_index():
    return "nested"


@nested.get("/error")
def nested_error():
    raise ValueError


@app.get("/own")
def send_own():
    return [
        [value for _, value in own.send("sender", a=1)],
        own.name,
        bool(own.receivers),
        own.has_receivers_for("x"),
        len(list(own.receivers_for(ANY))),
        isinstance(own, (Signal, NamedSignal)),
        signal("shared") is signal("shared"),
        flask.signals.request_started is request_started,
    ]


@app.get("/disconnect")
def disconnect():
    one, heard = signal("temporary"), []

    def receiver(sender, **extra):
        heard.append([sender, extra])

    with one.connected_to(receiver):
        one.send("in", number=1)
    one.send("out")
    one.connect(receiver, sender="only")
    one.send("only")
    one.send("another")
    with one.muted():
        one.send("only")
    one.disconnect(receiver, sender="only")
    one.send("only")
    return heard


@app.get("/contexts")
def contexts():
    log.clear()
    with appcontext_pushed.connected_to(note("pushed")), appcontext_popped.connected_to(note("popped")):
        with appcontext_tearing_down.connected_to(note("context torn")), app.app_context() as context:
            g.inner = 1
            told = [
                isinstance(context, AppContext),
                "inner" in g,
                isinstance(g._get_current_object(), _AppCtxGlobals),
            ]
        told.append("inner" in g)
        with app.test_request_context("/part/?a=1", method="GET") as inner:
            told += [request.path, request.endpoint, request.args["a"], isinstance(inner, RequestContext)]
        told += [request.path, request.endpoint]
    words = [word for word in log if "teardown" not in word]
    return [told, sorted(set(words))]


@app.get("/g")
def globals_():
    g.a = 1
    told = [g.get("a"), g.get("b"), g.get("b", 2), g.setdefault("c", 3), g.setdefault("c", 4), "a" in g, sorted(g)]
    told += [g.pop("a"), g.pop("a", None), hasattr(g, "a"), str(type(g._get_current_object()).__name__)]
    for ask in (lambda: g.pop("a"), lambda: g.nothing, lambda: delattr(g, "nothing")):
        try:
            ask()
        except (KeyError, AttributeError) as problem:
            told.append(type(problem).__name__)
    return told


@app.get("/manual")
def manual():
    told = []
    environ = {**request.environ, "PATH_INFO": "/abort", "REQUEST_METHOD": "GET"}
    with app.request_context(environ):
        for step in (app.preprocess_request, app.dispatch_request):
            try:
                told.append(repr(step()))
            except HTTPException as problem:
                handled = app.handle_user_exception(problem)
                told.append([problem.code, app.make_response(handled).status, app.trap_http_exception(problem)])
        response = app.full_dispatch_request()
        told.append([response.status, isinstance(app.process_response(Response()), Response)])
        told.append(app.handle_http_exception(InternalServerError("x")).code)
        told.append([app.should_ignore_error(None), sorted(app.make_default_options_response().allow)])
        told.append(app.finalize_request("made").get_data(as_text=True))
        told.append(app.create_url_adapter(request).match("/part/")[0])
        told.append(app.handle_exception(RuntimeError("x")).status)
    return told


@app.get("/copied")
def copied():
    @copy_current_request_context
    def inside():
        return [request.path, has_request_context(), session.get("x")]

    return [*inside(), has_request_context(), has_app_context(), current_app.name]


@app.get("/locals")
def locals_():
    local, stack = Local(), LocalStack()
    local.name = {"a": [1]}
    proxy, made = local("name"), LocalProxy(lambda: [1, 2])
    stack.push(1)
    stack.push(2)
    told = [proxy["a"], len(made), [*made, 3], list(reversed(made)), stack.top, stack.pop(), stack.top, bool(stack())]
    release_local(local)
    told += [hasattr(local, "name"), bool(proxy), isinstance(made, list), repr(made), str(made)]
    return told


@app.get("/logger")
def logger():
    lines = []

    class Handler(logging.Handler):
        def emit(self, record):
            lines.append(f"{record.levelname} {record.name} {record.getMessage()}")

    handler = Handler()
    app.logger.disabled = False
    app.logger.addHandler(handler)
    app.logger.setLevel("INFO")
    app.logger.debug("unheard")
    app.logger.info("info %s", 1)
    app.logger.propagate = False
    for old in list(app.logger.handlers):
        if old is not handler:
            app.logger.removeHandler(old)
    try:
        raise ValueError("logged")
    except ValueError as problem:
        app.log_exception((type(problem), problem, problem.__traceback__))
    app.logger.removeHandler(handler)
    app.logger.disabled = True
    return lines


@app.get("/outside")
def outside():
    told = []

    def look():
        told.extend([has_request_context(), has_app_context(), bool(request), bool(g)])
        for ask in (lambda: request.path, lambda: session["a"], lambda: g.a, lambda: current_app.name):
            try:
                ask()
            except RuntimeError as problem:
                told.append(str(problem).splitlines()[0])

    import threading

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    return told


@app.get("/client")
def client():
    with app.test_client() as inner:
        response = inner.get("/g?x=1")
        told = [response.status, request.args["x"], url_for("index")]
    return told


part.register_blueprint(nested)
app.register_blueprint(part)

SCRIPT = [
    (f"GET {path}", {"fails": path.endswith("/error")})
    for name in (
        "/ /key /error /abort /flash /part/ /part/key /part/nothing /part/nested/ /part/nested/error /nothing "
        "/own /disconnect /contexts /g /manual /copied /locals /logger /outside /client"
    ).split()
    for path in (name, "/log")
]
