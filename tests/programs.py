"""What a server serves in the tests, and what a process runs that is one; light, as many processes load it."""

from __future__ import annotations

import json
import os
import pathlib
import signal
from wsgiref.validate import validator

import nanoweb
from nanoweb.crew import Crew
from nanoweb.serving import run_simple

KINDS = {
    "plain": {},
    "threaded": {"threaded": True},
    **({"forking": {"processes": 4}} if hasattr(os, "fork") else {}),
}


@validator
def echo(environ, start_response):
    """Say what has arrived, as JSON."""
    body = environ["wsgi.input"].read(-1)
    told = {key: value for key, value in environ.items() if isinstance(value, str)}
    text = json.dumps({**told, "body": body.decode("latin-1")}).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(text)))])
    return [text]


def hello(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]


def paths(environ, start_response):
    """Answer with the path, and leave the body alone."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [environ["PATH_INFO"].encode("latin-1")]


def read_all(environ, start_response):
    """Answer with the body."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [environ["wsgi.input"].read()]


def deaf(environ, start_response):
    """Read the body, and heed no polite signal."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    return read_all(environ, start_response)


def serve(kind, app=echo, **attributes):
    """Run a server of a kind, with attributes of the crew."""
    for name, value in attributes.items():
        setattr(Crew, name, value)
    run_simple("127.0.0.1", 0, app, **KINDS[kind])


def write_bare_package(folder):
    """Make a package nanoweb in a folder, whose modules are ours, and which imports none of them by itself.

    Programs that need one or two modules start twice as fast with that.
    """
    package = pathlib.Path(folder, "nanoweb")
    package.mkdir()
    (package / "__init__.py").write_text(f"__path__ = {list(nanoweb.__path__)!r}\n", encoding="utf-8")
