"""The servers that are compared: how to start each of them, what the system tells of it, and how it ends.

Each runs in a session of its own, so that all its processes can be found, for their processor time and memory,
and ended.  What they serve is in served.py.
"""

from __future__ import annotations

import http.client
import importlib.metadata
import importlib.util
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
from contextlib import closing, suppress
from pathlib import Path

import served

BENCH = Path(__file__).resolve().parent
PATIENCE = 20  # seconds until we give up on a server that should start, answer, or end
TICKS = os.sysconf("SC_CLK_TCK")


def python_command(name, port, folder, tls):
    return [sys.executable, served.__file__, name, str(port), str(folder), *["tls"] * tls]


def gunicorn_command(kind, port, folder, tls):
    certificate, key = served.key_pair(folder)
    return [
        *[sys.executable, "-m", "gunicorn", f"--bind=127.0.0.1:{port}", f"--worker-class={kind}", "--workers=1"],
        *["--backlog=1024", "--log-level=error", "--no-control-socket", *["--threads=4"] * (kind == "gthread")],
        *[f"--certfile={certificate}", f"--keyfile={key}"] * tls,
        "served:app",
    ]


def sync_command(name, port, folder, tls):
    return gunicorn_command("sync", port, folder, tls)


def gthread_command(name, port, folder, tls):
    return gunicorn_command("gthread", port, folder, tls)


def granian_command(name, port, folder, tls):
    certificate, key = served.key_pair(folder)
    return [
        *[sys.executable, "-m", "granian", "--interface=wsgi", f"--port={port}", "--workers=1", "--no-ws"],
        *["--http=1", "--log-level=error"],
        *[f"--ssl-certificate={certificate}", f"--ssl-keyfile={key}"] * tls,
        "served:app",
    ]


def uwsgi_command(name, port, folder, tls):
    """A thread for each connection, as it has no other keep-alive; with TLS it has, behind its router."""
    where = f"127.0.0.1:{port}"
    router = ["--http-keepalive=75", "--threads=32", "--https", ",".join([where, *served.key_pair(folder)])]
    return [
        *[find_program("uwsgi"), *(router if tls else ["--http11-socket", where, "--threads=300"])],
        *["--listen=1024", "--master", "--processes=1"],
        *["--disable-logging", "--die-on-term", "--need-app", "--module=served:app"],
    ]


def nginx_command(name, port, folder, tls):
    file = Path(folder, "nginx.conf")
    user = "user root;" if os.getuid() == 0 else ""
    kinds = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    temporary = " ".join(f"{kind}_temp_path {folder}/nginx;" for kind in kinds)
    file.write_text(
        f"""
        daemon off; {user} worker_processes 1; pid {folder}/nginx.pid; error_log stderr error;
        events {{ worker_connections 1024; }}
        http {{
            access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000;
            {temporary}
            server {{ listen 127.0.0.1:{port}; default_type application/octet-stream;
                     location = /file {{ alias {folder}/file.bin; }} }}
        }}
        """,
        encoding="utf-8",
    )
    return [find_program("nginx"), "-c", str(file), "-e", "stderr", "-p", str(folder)]


# contestant: its command, the package or program that it needs, what to install
CONTESTANTS = {
    "nanoweb": (python_command, None, None),
    "nanoweb-base": (python_command, None, None),
    "nanoweb-2": (python_command, None, None),
    "nanoweb-log": (python_command, None, None),
    "wsgiref": (python_command, None, None),
    "werkzeug": (python_command, "werkzeug", "--group servers"),
    "waitress": (python_command, "waitress", "--group servers"),
    "cheroot": (python_command, "cheroot", "--group servers"),
    "gunicorn-sync": (sync_command, "gunicorn", "--group servers"),
    "gunicorn-gthread": (gthread_command, "gunicorn", "--group servers"),
    "granian": (granian_command, "granian", "--group servers"),
    "uwsgi": (uwsgi_command, "uwsgi", "--group uwsgi"),
    "nginx": (nginx_command, "nginx", None),
    "floor": (python_command, None, None),
}

PROGRAMS = {"uwsgi", "nginx"}  # the others are modules of this Python


def find_program(name):
    """Return the path of a program, that beside this Python before others; None if there is none."""
    folders = [str(Path(sys.executable).parent), os.environ["PATH"], "/usr/sbin"]
    return shutil.which(name, path=os.pathsep.join(folders))


def choose(only, without, among):
    """Return the names of the contestants to measure; end the program with instructions if one is not there.

    only       comma-separated names, or None for all of them
    without    the same, of those to leave out
    among      the names that this measurement knows
    """
    left_out = without.split(",") if without else []
    names = [name for name in (only.split(",") if only else among) if name not in left_out]
    problems = {} if find_program("wrk") else {"wrk": "wrk is missing:\n    apt-get install wrk"}
    for name in names:
        if name not in among:
            sys.exit(f"no contestant {name!r}; there are {', '.join(among)}")
        _, needs, install = CONTESTANTS[name]
        if needs and not (find_program(needs) if needs in PROGRAMS else importlib.util.find_spec(needs)):
            how = f"python -m pip install {install}" if install else f"apt-get install {needs}-light"
            problems[name] = f"{name} is missing:\n    {how}"
    if problems:
        left_out = ",".join([*left_out, *(name for name in names if name in problems)])
        advice = [] if "wrk" in problems else [f"or leave them out:\n    --without {left_out}"]
        sys.exit("\n".join([*problems.values(), *advice]))
    return names


def version(name):
    """Return what is measured, as in 'waitress 3.0.2'."""
    needs = CONTESTANTS[name][1]
    if needs == "nginx":
        told = subprocess.run([find_program("nginx"), "-v"], capture_output=True, encoding="utf-8", check=True).stderr
        return f"nginx {told.strip().rpartition('/')[2]}"
    return f"{needs} {importlib.metadata.version(needs)}" if needs else name.partition("-")[0]


def free_port():
    with closing(socket.create_server(("127.0.0.1", 0))) as sock:
        return sock.getsockname()[1]


class Server:
    """A server that runs: `with Server("waitress", folder) as server: ... server.port`.

    name       which contestant it is
    folder     where its files are; what it prints goes to a file there
    tls        whether it speaks TLS
    """

    def __init__(self, name, folder, tls=False, work=0):
        self.name, self.folder, self.tls = name, Path(folder), tls
        self.port = free_port()
        command = CONTESTANTS[name][0](name, self.port, folder, tls)
        environ = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
        environ.update(NANOWEB_BENCH_FILE=str(self.folder / "file.bin"), NANOWEB_BENCH_WORK=str(work))
        environ.update(PYTHONPATH=str(BENCH), PYTHONUNBUFFERED="1")
        self.output = self.folder / f"{name}{'-tls' * tls}.log"
        with open(self.output, "wb") as output:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=BENCH,
                env=environ,
                start_new_session=True,
            )

    def __enter__(self):
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                self.ask("/file" if self.name == "nginx" else "/")
                return self
            except OSError:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    self.stop()
                    sys.exit(f"{self.name} does not run:\n{self.output.read_text(errors='replace')[-2000:]}")
                time.sleep(0.05)

    def __exit__(self, *exc_info):
        self.stop()

    def stop(self):
        """End it, and all that it has started: they are a process group of their own."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.process.pid, number)
                self.process.wait(PATIENCE / 4)
            except ProcessLookupError:
                break
            except subprocess.TimeoutExpired:
                pass
        self.process.wait(PATIENCE)

    def ask(self, path, method="GET", body=None, fields=()):
        """Return the status, the fields and the body of one answer."""
        if self.tls:
            context = ssl._create_unverified_context()
            connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=PATIENCE, context=context)
        else:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        with closing(connection):
            connection.request(method, path, body, dict(fields))
            answer = connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()

    def processes(self):
        """Return the numbers of its processes."""
        found = []
        for entry in os.listdir("/proc"):
            if entry.isdigit():
                stat = read_stat(entry)
                if stat and int(stat[3]) == self.process.pid:  # the session
                    found.append(int(entry))
        return found

    def cpu_seconds(self):
        """Return the processor time that its processes have taken so far."""
        stats = [read_stat(pid) for pid in self.processes()]
        return sum(int(stat[11]) + int(stat[12]) for stat in stats if stat) / TICKS

    def memory(self):
        """Return the megabytes that its processes hold, shared ones counted in each."""
        pages = 0
        for pid in self.processes():
            with suppress(FileNotFoundError):  # it has just ended
                pages += int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def read_stat(pid):
    """Return what /proc/PID/stat says, from the state on, which is its third field; None if the process has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
