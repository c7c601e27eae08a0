"""A server in a process of its own, and what the system says of that."""

from __future__ import annotations

import os
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PATIENCE = 30  # seconds until we give up on it; nothing waits that long when all is well

_running_re = re.compile(r"Running on (https?://127\.0\.0\.1:([0-9]+)|unix://(.+))\n")


def make_certificate(folder):
    """Return the paths of a certificate for 127.0.0.1, which vouches for itself, and of its key."""
    paths = os.path.join(folder, "cert.pem"), os.path.join(folder, "key.pem")
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=localhost"
    command = [*command.split(), "-addext", "subjectAltName=IP:127.0.0.1", "-out", paths[0], "-keyout", paths[1]]
    subprocess.run(command, capture_output=True, check=True)
    return paths


class ServerProcess:
    """What `python -m tests.extra.served` runs: `with ServerProcess("echo", "threaded") as server: ... server.port`.

    what           arguments of served.py: the application, the kind of server, and options
    descriptors    how many it may have open, as many as we if None
    port, path     where it listens, one of them None
    pid            of the process, or of the one that supervises the others
    """

    def __init__(self, *what, descriptors=None):
        self.file = tempfile.TemporaryFile()  # noqa: SIM115 (stop() closes it)
        environ = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
        self.process = subprocess.Popen(
            [sys.executable, "-W", "error", "-X", "faulthandler", "-m", "tests.extra.served", *what],
            cwd=ROOT,
            env={**environ, "PYTHONUTF8": "1"},
            stdin=subprocess.DEVNULL,
            stdout=self.file,
            stderr=subprocess.STDOUT,
            preexec_fn=descriptors and (lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors,) * 2)),  # noqa: PLW1509
        )
        self.pid = self.process.pid
        self.port = self.path = None

    def __enter__(self):
        try:
            running = self.await_line(_running_re)
        except BaseException:
            self.stop(signal.SIGKILL)
            raise
        self.port, self.path = running[2] and int(running[2]), running[3]
        return self

    def __exit__(self, *exc_info):
        self.stop()

    def await_line(self, pattern, count=1):
        """Wait until the log has so many of what is looked for; return the last of them."""
        deadline = time.monotonic() + PATIENCE
        while True:
            found = list(re.finditer(pattern, self.log()))
            if len(found) >= count:
                return found[-1]
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise AssertionError(f"the server did not say {pattern}:\n{self.log()[-4000:]}")
            time.sleep(0.01)

    def log(self):
        """Return what it has printed so far."""
        return os.pread(self.file.fileno(), os.fstat(self.file.fileno()).st_size, 0).decode("utf-8", "replace")

    def log_tail(self, position):
        """Return what it has printed behind so many bytes, and the bytes that makes in all."""
        data = os.pread(self.file.fileno(), os.fstat(self.file.fileno()).st_size - position, position)
        return data.decode("utf-8", "replace"), position + len(data)

    def stop(self, number=signal.SIGTERM):
        """Have it end; return its exit status, and leave what it printed in last_log."""
        if not self.file.closed:
            try:
                if self.process.poll() is None:
                    self.process.send_signal(number)
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.send_signal(signal.SIGABRT)  # faulthandler tells where each thread is
                self.process.wait(PATIENCE)
                raise AssertionError(f"it did not end:\n{self.log()[-4000:]}") from None
            finally:
                self.process.kill()
                self.process.wait()
                self.last_log = self.log()
                self.file.close()
        return self.process.returncode

    # What the system says

    def children(self):
        """Return the numbers of the processes that it has started."""
        told = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text(encoding="ascii")
        return [int(pid) for pid in told.split()]

    def await_workers(self, count, without=(), exactly=False):
        """Wait until there are so many, others than some, or just these; return their numbers."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            found = self.children()
            if len(set(found) - set(without)) >= count and (len(found) == count or not exactly):
                return found
            time.sleep(0.01)
        raise AssertionError(f"there are not {count} workers:\n{self.log()[-4000:]}")

    def megabytes(self, pid=None):
        pages = Path(f"/proc/{pid or self.pid}/statm").read_text(encoding="ascii").split()[1]
        return int(pages) * resource.getpagesize() / 1e6

    def cpu_seconds(self, pid=None):
        stat = Path(f"/proc/{pid or self.pid}/stat").read_text(encoding="utf-8", errors="replace")
        user, system = stat.rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def descriptors(self, pid=None):
        return len(os.listdir(f"/proc/{pid or self.pid}/fd"))

    def threads(self, pid=None):
        return len(os.listdir(f"/proc/{pid or self.pid}/task"))
