"""What a server serves in the tests, and what a process runs that is one; light, as many processes load it."""

from __future__ import annotations

import json
import os
import pathlib
import re
import select
import signal
import time
from wsgiref.validate import validator

import nanoweb
from nanoweb.crew import Crew
from nanoweb.serving import BaseWSGIServer, ForkingWSGIServer, run_simple

PATIENCE = 60  # seconds until a test gives up on a process; nothing waits that long when all is well

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


class Hasty:
    """A crew whose clients are all of this machine: it ends at once where nobody is left."""

    handshake = 0.005

    def longest_wait(self):
        return 0.002 if self.is_draining else super().longest_wait()


def hasten(server):
    """Have a server, or all of a class, lose no time at the end; return it."""
    server.crew_class = type("HastyCrew", (Hasty, server.crew_class), {})
    return server


def hasten_all():
    """Have all servers of this process lose no time at the end."""
    for server in (BaseWSGIServer, ForkingWSGIServer):
        hasten(server)


def serve(kind, app=echo, **attributes):
    """Run a server of a kind, with attributes of the crew."""
    for name, value in attributes.items():
        setattr(Crew, name, value)
    run_simple("127.0.0.1", 0, app, **KINDS[kind])


class PrintingProcess:
    """A process, and what it has printed into a file.

    process    of subprocess
    file       what it prints into
    life       the end of a pipe: none of its processes has the other one any more when all are dead
    """

    def end(self, forgiven=None):
        """Leave nothing of it: what it has started ends with it, at the latest soon after.

        forgiven    how a ResourceWarning begins that is no fault
        """
        if not self.file.closed:
            self.process.kill()
            self.process.wait()
            self.all_are_dead()
            log = self.log()
            os.close(self.life)
            self.file.close()
            warnings = re.findall("ResourceWarning: (.*)", log)
            if [warning for warning in warnings if forgiven is None or not warning.startswith(forgiven)]:
                raise AssertionError(log)

    def all_are_dead(self):
        """Wait for the end of all its processes; False if that does not come."""
        return bool(select.select([self.life], [], [], PATIENCE)[0])

    def log(self):
        """Return what it has printed so far."""
        size = os.fstat(self.file.fileno()).st_size
        return os.pread(self.file.fileno(), size, 0).decode("utf-8", "replace")

    def await_log(self, pattern, count=1):
        """Wait until it has printed so many matches; return all there are."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            has_ended = self.process.poll() is not None
            found = re.findall(pattern, self.log(), re.MULTILINE)
            if len(found) >= count:
                return found
            if has_ended:
                break
            time.sleep(0.005)
        raise AssertionError(f"no {count} times {pattern!r} in:\n{self.log()}")


def write_bare_package(folder):
    """Make a package nanoweb in a folder, whose modules are ours, and which imports none of them by itself.

    Programs that need one or two modules start twice as fast with that.
    """
    package = pathlib.Path(folder, "nanoweb")
    package.mkdir()
    (package / "__init__.py").write_text(f"__path__ = {list(nanoweb.__path__)!r}\n", encoding="utf-8")
