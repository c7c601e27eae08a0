"""What runs in the process of a server that is measured: the application, and how each server is given it.

    python bench/served.py waitress 8000 FOLDER [tls]

It imports next to nothing by itself, since the memory of these processes is measured too.  FOLDER holds
what the application sends and the servers read: file.bin, cert.pem and key.pem.
"""

import os
import sys

HELLO = b"Hello, World!"
PATH = os.environ.get("NANOWEB_BENCH_FILE", "")
WORK = range(int(os.environ.get("NANOWEB_BENCH_WORK", "0")))  # iterations that take as long as was asked for

HEAD = [("Content-Type", "text/plain"), ("Content-Length", str(len(HELLO)))]


def app(environ, start_response):
    """The application: a WSGI callable that costs next to nothing, except where it is asked for something else."""
    path = environ["PATH_INFO"]
    if path == "/":
        start_response("200 OK", HEAD[:])
        return [HELLO]
    if path == "/work":
        work(WORK)
        start_response("200 OK", HEAD[:])
        return [HELLO]
    if path == "/post":
        text = b"%d bytes" % len(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(text)))])
        return [text]
    file = open(PATH, "rb")  # noqa: SIM115 (the server closes it)
    size = str(os.fstat(file.fileno()).st_size)
    start_response("200 OK", [("Content-Type", "application/octet-stream"), ("Content-Length", size)])
    return environ.get("wsgi.file_wrapper", blocks)(file, 65536)


def work(iterations):
    """Compute, as a view does: Python that nothing else can run beside in the same process."""
    total = 0
    for number in iterations:
        total += number % 7
    return total


def blocks(file, size):
    """What a server without wsgi.file_wrapper gets."""
    with file:
        while data := file.read(size):
            yield data


def key_pair(folder):
    return os.path.join(folder, "cert.pem"), os.path.join(folder, "key.pem")


# The servers.  Each is run as its documentation says, without a log, and with its limit on connections lifted above
# the 256 that come; waitress with 4 threads, cheroot with 10, gunicorn with 4: 32 make none of them faster.


def run_nanoweb(port, folder, tls, log=False, **options):
    import logging

    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))  # this checkout
    from nanoweb.serving import run_simple

    logging.getLogger("nanoweb.serving").setLevel(logging.INFO if log else logging.WARNING)
    if tls:
        options["ssl_context"] = key_pair(folder)
    run_simple("127.0.0.1", port, app, **options)


def run_threaded(port, folder, tls):
    run_nanoweb(port, folder, tls, threaded=True)


def run_logging(port, folder, tls):
    run_nanoweb(port, folder, tls, log=True, threaded=True)


def run_workers(port, folder, tls):
    import logging

    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    from nanoweb.serving import serve

    logging.getLogger("nanoweb.serving").setLevel(logging.WARNING)
    options = {"ssl_context": key_pair(folder)} if tls else {}
    serve(app, "127.0.0.1", port, workers=2, **options)


def run_wsgiref(port, folder, tls):
    from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

    class Server(WSGIServer):
        request_queue_size = 1024

    class Handler(WSGIRequestHandler):
        def log_message(self, *args):
            pass

    make_server("127.0.0.1", port, app, Server, Handler).serve_forever()


def run_werkzeug(port, folder, tls):
    import logging

    from werkzeug.serving import run_simple

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    run_simple("127.0.0.1", port, app, threaded=True, ssl_context=key_pair(folder) if tls else None)


def run_waitress(port, folder, tls):
    import logging

    from waitress import serve

    logging.getLogger("waitress").setLevel(logging.ERROR)  # it has a word for every request that must wait
    serve(app, host="127.0.0.1", port=port, connection_limit=1000, backlog=1024, _quiet=True)


def run_cheroot(port, folder, tls):
    from cheroot import wsgi
    from cheroot.ssl.builtin import BuiltinSSLAdapter

    server = wsgi.Server(("127.0.0.1", port), app, request_queue_size=1024)
    server.keep_alive_conn_limit = 1000
    if tls:
        server.ssl_adapter = BuiltinSSLAdapter(*key_pair(folder))
    server.start()


def run_floor(port, folder, tls):
    """No server: whatever comes is answered with a constant.  Python on a socket cannot cost less."""
    import select
    import socket

    answer = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s" % (len(HELLO), HELLO)
    last = answer.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    listener = socket.create_server(("127.0.0.1", port), backlog=1024)
    watch = select.epoll()
    watch.register(listener.fileno(), select.EPOLLIN)
    connections = {}
    while True:
        for fd, _ in watch.poll():
            connection = connections.get(fd)
            if connection is None:
                connection, _ = listener.accept()
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                connections[connection.fileno()] = connection
                watch.register(connection.fileno(), select.EPOLLIN)
                continue
            try:
                data = connection.recv(65536)
                closes = not data or b"Connection: close" in data
                if data:
                    connection.send(last if closes else answer)
            except ConnectionError:
                closes = True
            if closes:
                watch.unregister(fd)
                connections.pop(fd).close()


RUN = {
    "nanoweb": run_threaded,
    "nanoweb-log": run_logging,
    "nanoweb-base": run_nanoweb,
    "nanoweb-2": run_workers,
    "wsgiref": run_wsgiref,
    "werkzeug": run_werkzeug,
    "waitress": run_waitress,
    "cheroot": run_cheroot,
    "floor": run_floor,
}


if __name__ == "__main__":
    name, port, folder, *tls = sys.argv[1:]
    RUN[name](int(port), folder, bool(tls))
