"""The applications that the extra suites ask, under each kind of server.

    python -m tests.extra.served echo threaded
    python -m tests.extra.served site workers --unix /tmp/socket

It prints where it runs, and its log, on standard error.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
import os
import time
import warnings
from wsgiref.validate import WSGIWarning, validator

from nanoweb.serving import BaseWSGIServer, WSGIRequestHandler, run_simple

# Applications

warnings.filterwarnings("ignore", "Unknown REQUEST_METHOD", WSGIWarning)


@validator
def echo(environ, start_response):
    """Tell what has come, as JSON; how it is told, and how much of the body is read, depends on the path."""
    way = environ["PATH_INFO"][1:2]
    read = environ["wsgi.input"].read
    body = b"" if way == "n" else read(3) if way == "s" else b"".join(iter(lambda: read(65536), b""))
    told = {name: value for name, value in environ.items() if isinstance(value, str)}
    text = json.dumps({**told, "body": body.decode("latin-1")}).encode()
    fields = [("Content-Type", "application/json"), ("Asked-By", environ["REQUEST_METHOD"][:100])]
    if way in "cw":  # in chunks, as nobody tells the length
        write = start_response("200 OK", fields)
        if way == "w":
            write(text[:10])
            return [text[10:]]
        return iter([text[:10], text[10:]])
    start_response("200 OK", [*fields, ("Content-Length", str(len(text)))])
    return [text]


_turns = itertools.count()


def numbers(environ, start_response):
    """Answer with what stands in the query: each request has a number.  /fail does so once in three times."""
    path = environ["PATH_INFO"]
    if path == "/fail" and next(_turns) % 3 == 0:
        raise RuntimeError("as it was told")
    if path == "/slow":
        time.sleep(0.02)
    body = environ["wsgi.input"].read()
    text = f"{environ['QUERY_STRING']} {len(body)}".encode()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(text)))])
    return [text]


def make_site(path):
    """A site such as browsers and other programs visit, with a large file; a proxy in front of it is believed."""
    from nanoweb import App, Response, jsonify, request
    from nanoweb.files import send_file
    from nanoweb.middleware import ProxyFix

    app = App("site")

    @app.route("/")
    def page():
        images = "".join(f'<img src="/dot/{number}.svg" alt="">' for number in range(20))
        return PAGE.replace("IMAGES", images)

    @app.route("/style.css")
    def style():
        return Response("p { color: rgb(1, 2, 3) }", mimetype="text/css")

    @app.route("/dot/<int:number>.svg")
    def dot(number):
        size = 2 + number
        return Response(
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{size}" height="{size}"/>', mimetype="image/svg+xml"
        )

    @app.route("/upload", methods=["POST", "PUT"])
    def upload():
        digest, size = hashlib.sha256(), 0
        for piece in iter(lambda: request.stream.read(65536), b""):
            digest.update(piece)
            size += len(piece)
        return jsonify(size=size, sha256=digest.hexdigest(), type=request.headers.get("Content-Type"))

    @app.route("/form", methods=["POST"])
    def form():
        files = {name: [file.filename, len(file.read())] for name, file in request.files.items()}
        return jsonify(form=request.form.to_dict(), files=files)

    @app.route("/refuse", methods=["POST", "PUT"])
    def refuse():
        return "too much", 413

    @app.route("/file")
    def file():
        return send_file(path, request.environ, mimetype="application/octet-stream", conditional=True)

    @app.route("/stream")
    def stream():
        def lines():
            for number in range(5):
                yield f"data: {number}\n\n"
                time.sleep(0.02)

        return Response(lines(), mimetype="text/event-stream")

    @app.route("/who")
    def who():
        return jsonify(
            method=request.method,
            host=request.host,
            scheme=request.scheme,
            address=request.remote_addr,
            path=request.path,
            connection=os.fstat(request.environ["werkzeug.socket"].fileno()).st_ino,  # no other has that number
        )

    app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1)
    return app


PAGE = """<!doctype html>
<title>Waiting</title>
<link rel="stylesheet" href="/style.css">
<p>styled</p>IMAGES
<script>
async function look() {
    const told = await (await fetch("/upload", {method: "POST", body: "x".repeat(300000)})).json()
    const streamed = await (await fetch("/stream")).text()
    const many = await Promise.all([...Array(30).keys()].map(number => fetch("/dot/" + number + ".svg")))
    const images = [...document.images].filter(image => image.complete && image.naturalWidth > 0)
    const colour = getComputedStyle(document.querySelector("p")).color
    document.title = [told.size, streamed.split("data:").length - 1, many.filter(answer => answer.ok).length,
                      images.length, colour].join(" ")
}
addEventListener("load", look)
</script>
"""

# Servers with a bug, to see that a test would notice


class Crashing(WSGIRequestHandler):
    """Has an error of its own, now and then."""

    def run_wsgi(self):
        if "%" in self.path:
            raise IndexError("a bug")
        super().run_wsgi()


class Garbling(WSGIRequestHandler):
    """Writes a field that is none, now and then."""

    def send(self, data):
        super().send(bytes(data).replace(b"\r\nDate:", b"\nDate:") if "?" in self.path else data)


class Forgetful(WSGIRequestHandler):
    """Does not answer at all, now and then."""

    def run_wsgi(self):
        if self.path != "/none" or not getattr(Forgetful, "has_forgotten", False):
            super().run_wsgi()
        Forgetful.has_forgotten = True


class Mixing(WSGIRequestHandler):
    """Gives a request the query of another, now and then."""

    query = "from=before"

    def run_wsgi(self):
        if "?" in self.path:
            self.environ["QUERY_STRING"], Mixing.query = self.query, self.environ["QUERY_STRING"]
        super().run_wsgi()


class Leaking(WSGIRequestHandler):
    """Keeps some memory for each request."""

    kept = []

    def run_wsgi(self):
        self.kept.append(bytearray(4000))
        super().run_wsgi()


class Hasty(WSGIRequestHandler):
    """Takes what has come of a request line for all of it, and invents nothing that a client would have to send."""

    def take_head(self):
        if 5 < len(self.inbox) < 12 and b"\r" not in self.inbox.data:
            self.inbox.data += b" HTTP/1.0\r\n\r\n"
        return super().take_head()


APPS = {"echo": echo, "numbers": numbers, "site": None}
KINDS = {"base": {}, "threaded": {"threaded": True}, "forking": {"processes": 4}}
BUGS = {bug.__name__.lower(): bug for bug in (Crashing, Garbling, Forgetful, Mixing, Leaking, Hasty)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("app", choices=APPS)
    parser.add_argument("kind", choices=[*KINDS, "workers"])
    parser.add_argument("--unix", metavar="PATH", help="listen on a Unix socket")
    parser.add_argument("--file", metavar="PATH", help="what the site has for /file")
    parser.add_argument("--tls", nargs=2, metavar="PATH", help="speak TLS, by a certificate and a key")
    parser.add_argument("--queue", type=int, metavar="SIZE", help="connections that may wait to be accepted")
    parser.add_argument("--bug", choices=BUGS, help="have one")
    options = parser.parse_args()
    app = APPS[options.app] or make_site(options.file)
    host = f"unix://{options.unix}" if options.unix else "127.0.0.1"
    more = {"request_handler": BUGS[options.bug]} if options.bug else {}
    if options.tls:
        more["ssl_context"] = tuple(options.tls)
    if options.queue:
        BaseWSGIServer.request_queue_size = options.queue
    if options.kind == "workers":
        from nanoweb.serving import serve

        serve(app, host, 0, workers=2, **more)
    else:
        run_simple(host, 0, app, **KINDS[options.kind], **more)


if __name__ == "__main__":
    main()
