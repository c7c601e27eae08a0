"""Answers that are made while they are sent, and contexts that go on meanwhile."""

import io
import itertools

from flask import (
    Flask,
    Response,
    copy_current_request_context,
    g,
    has_app_context,
    has_request_context,
    request,
    session,
    stream_with_context,
)
from werkzeug.wsgi import ClosingIterator, FileWrapper, wrap_file

app = Flask(__name__)
app.secret_key = "streams"
app.logger.disabled = True
events = []


@app.after_request
def after(response):
    response.headers["X-Streamed"] = str(response.is_streamed)
    response.headers["X-Sequence"] = str(response.is_sequence)
    return response


@app.get("/rows.csv")
def rows():
    def generate():
        for row in range(int(request.args.get("rows", 3))):
            yield f"{row},{row * row}\r\n"

    return stream_with_context(generate()), {"Content-Type": "text/csv"}


@app.get("/decorated")
def decorated():
    @stream_with_context
    def generate(times):
        g.text = "from g"
        for number in range(times):
            yield f"{number} {request.path} {session.get('name')} {g.text}\n"

    session["name"] = "anna"
    return Response(generate(3), mimetype="text/plain")


@app.get("/without")
def without():
    def generate():
        yield f"{has_request_context()} {has_app_context()}"

    return generate()


@app.get("/with")
def with_contexts():
    @stream_with_context
    def generate():
        yield f"{has_request_context()} {has_app_context()}"

    return generate()


@app.get("/bytes")
def some_bytes():
    return (bytes([number]) for number in range(5)), 202


@app.get("/list")
def a_list():
    return Response(["a", b"b", "ü"])


@app.get("/none")
def nothing():
    return Response(iter(()))


@app.get("/closed")
def closed():
    def generate():
        try:
            yield "open "
            yield "still"
        finally:
            events.append("generator closed")

    response = Response(generate())
    response.call_on_close(lambda: events.append("response closed"))
    return response


@app.get("/events")
def seen():
    told, events[:] = list(events), []
    return told


@app.get("/written")
def written():
    response = Response()
    response.stream.write("one ")
    response.stream.write(b"two ")
    response.stream.writelines(["three"])
    response.mimetype = "text/plain"
    return response


@app.get("/file")
def file():
    return Response(wrap_file(request.environ, io.BytesIO(b"a file " * 5), 8), direct_passthrough=True)


@app.get("/wrapper")
def wrapper():
    return Response(FileWrapper(io.BytesIO(b"0123456789"), 4), mimetype="text/plain")


@app.get("/closing")
def closing():
    return app.response_class(ClosingIterator(iter([b"a", b"b"]), [lambda: events.append("closing")]))


@app.get("/frozen")
def frozen():
    response = Response(itertools.chain(["a"], ["b"]))
    response.freeze()
    return response


@app.get("/sequence")
def sequence():
    response = Response(iter(["a", "b", "c"]))
    response.make_sequence()
    response.add_etag()
    return response.make_conditional(request)


@app.get("/calculated")
def calculated():
    response = Response(iter(["ab", "c"]))
    response.content_length = len(b"".join(response.iter_encoded()))
    response.set_data("abc")
    return response, {"X-Length": str(response.calculate_content_length())}


@app.get("/copied")
def copied():
    @copy_current_request_context
    def generate():
        return request.args["word"]

    return Response(generate() for _ in range(2))


@app.get("/breaks")
def breaks():
    def generate():
        yield "fine"
        raise ValueError("in the middle")

    return generate()


@app.get("/breaks-first")
def breaks_first():
    @stream_with_context
    def generate():
        raise ValueError("at once")
        yield "never"

    return generate()


@app.post("/body")
def body():
    def generate():
        while True:
            chunk = request.stream.read(4)
            if not chunk:
                break
            yield chunk + b"|"

    return Response(stream_with_context(generate()), mimetype="text/plain")


@app.post("/read/<how>")
def read(how):
    if how == "lines":
        return {"lines": [line.decode() for line in request.stream]}
    if how == "cached":
        return {"twice": [request.get_data().decode(), request.data.decode(), request.get_data(as_text=True)]}
    if how == "uncached":
        first = request.get_data(cache=False)
        return {"twice": [first.decode(), request.get_data().decode()]}
    if how == "form":
        return {"form": request.form, "data": request.data.decode()}
    return {"parsed": request.get_data(parse_form_data=True).decode(), "form": request.form}


SCRIPT = [
    ("GET /rows.csv", {}),
    ("GET /rows.csv?rows=0", {}),
    ("HEAD /rows.csv", {}),
    *(
        (f"GET /{name}", {})
        for name in (
            "decorated decorated without with bytes list none closed events written file wrapper closing events "
            "frozen sequence calculated copied?word=w"
        ).split()
    ),
    ("GET /sequence", {}),
    ("GET /sequence", {"headers": {"If-None-Match": "{ETag}"}}),
    ("GET /breaks", {"raises": "ValueError"}),
    ("GET /breaks-first", {"raises": "ValueError"}),
    ("HEAD /closed", {}),
    ("GET /events", {}),
    ("POST /body", {"data": b"0123456789"}),
    ("POST /body", {"data": b""}),
    ("POST /read/lines", {"data": b"a\nb\r\nc"}),
    *((f"POST /read/{how}", {"data": {"a": "1", "b": "2"}}) for how in ("cached", "uncached", "form", "parsed")),
]
