"""The programs that people use, against our server: curl, a browser, wrk, and nginx as a proxy in front.

    python -m unittest tests.extra.extra_serving

Development equipment, not part of the test command: apt-get install curl chromium wrk nginx-light openssl.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest
from contextlib import closing
from pathlib import Path

from tests.extra.extra_browser import browse
from tests.extra.process import PATIENCE, ServerProcess, make_certificate

KINDS = ["base", "threaded", "forking", "workers"]
BIG = bytes(range(256)) * 20000  # 5 MB
INSIST = ["--header", "Expect: 100-continue", "--expect100-timeout", "20"]
UPLOAD = b"0123456789abcdef" * 200_000  # 3 MB: above one, curl waits for "100 Continue"


def run(*command, data=None, status=0):
    """Run a program, which has to end with that status; return what it printed, as bytes."""
    if shutil.which(command[0]) is None:
        raise AssertionError(f"no {command[0]} on the PATH: apt-get install {command[0]}")
    done = subprocess.run(command, check=False, input=data, capture_output=True, timeout=PATIENCE)
    if done.returncode != status:
        told = done.stderr.decode("utf-8", "replace")
        raise AssertionError(f"{command} ended with {done.returncode}: {told[-2000:]}")
    return done.stdout


class SiteTest(unittest.TestCase):
    """A folder with what is served, and servers."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp()
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.big_file = os.path.join(cls.folder, "big.bin")
        Path(cls.big_file).write_bytes(BIG)
        cls.upload_file = os.path.join(cls.folder, "upload.bin")
        Path(cls.upload_file).write_bytes(UPLOAD)

    def serve(self, kind, *options):
        """Start a server that has to end without a complaint when the test is over."""
        server = ServerProcess("site", kind, "--file", self.big_file, *options)
        self.addCleanup(self.assertEndsWell, server)
        return server.__enter__()

    def assertEndsWell(self, server):
        self.assertEqual(server.stop(), 0, server.last_log[-4000:])
        for mishap in ["Traceback", "Exception ignored", "Warning"]:
            self.assertNotIn(mishap, server.last_log)


class CurlSuite(SiteTest):
    """One list of what curl can be told to do."""

    def ask_everything(self, url, *more):
        """Go through the list; url is how the server is called, more are options that lead to it."""
        self.url, self.curl = url, ["curl", "--silent", "--show-error", *more]
        for name in dir(self):
            if name.startswith("check_"):
                with self.subTest(name):
                    getattr(self, name)()

    def get(self, path, *options, data=None):
        return run(*self.curl, *options, self.url + path, data=data)

    def told(self, path, *options, data=None):
        return json.loads(self.get(path, *options, data=data))

    def check_versions_and_fields(self):
        for options in [
            [],
            ["--http1.0"],
            ["--http1.0", "--header", "Connection: keep-alive"],
            ["--http1.1", "--header", "Connection: close"],
            ["--http2"],  # it offers to change to HTTP/2, and takes what it gets
            ["--compressed", "--cookie", "a=b; c=d", "--user-agent", "x" * 3000],
            ["--tcp-nodelay", "--no-keepalive", "--get", "--data-urlencode", "q=café & more"],
        ]:
            with self.subTest(options):
                self.assertEqual(self.told("/who", *options)["method"], "GET")

    def check_head(self):
        head = self.get("/file", "--head").decode()
        self.assertRegex(head, r"^HTTP/1.1 200 OK\r\n")
        self.assertIn(f"Content-Length: {len(BIG)}\r\n", head)

    def check_uploads(self):
        uploaded = {"size": len(UPLOAD), "sha256": hashlib.sha256(UPLOAD).hexdigest(), "type": None}
        put = ["--upload-file", self.upload_file]
        post = ["--request", "POST", "--header", "Content-Type:", "--data-binary", f"@{self.upload_file}"]
        for options in [
            put,
            [*put, "--http1.0"],
            [*put, "--header", "Expect:"],
            [*put, *INSIST],
            [*put, "--header", "Transfer-Encoding: chunked"],
            post,
            [*post, "--limit-rate", "9M"],
        ]:
            with self.subTest(options):
                self.assertEqual(self.told("/upload", *options), uploaded)
        self.assertEqual(self.told("/upload", "--upload-file", "-", data=UPLOAD), uploaded)  # from a pipe, in chunks
        self.assertEqual(self.told("/upload", "--upload-file", "-", data=b"")["size"], 0)

    def check_forms(self):
        sent = self.told("/form", "--data", "name=Ada", "--data-urlencode", "text=a&b é")
        self.assertEqual(sent, {"form": {"name": "Ada", "text": "a&b é"}, "files": {}})
        sent = self.told("/form", "--form", "name=Ada", "--form", f"file=@{self.upload_file};filename=x.bin")
        self.assertEqual(sent, {"form": {"name": "Ada"}, "files": {"file": ["x.bin", len(UPLOAD)]}})

    def check_files_and_parts_of_them(self):
        self.assertEqual(self.get("/file"), BIG)
        for option, part in [("0-9", BIG[:10]), ("-500", BIG[-500:]), ("1000000-", BIG[1000000:])]:
            self.assertEqual(self.get("/file", "--range", option, "--fail"), part)
        self.assertIn(b" 416 ", self.get("/file", "--range", "99999999-", "--head", "--request", "GET"))
        partial = Path(self.folder, "partial.bin")
        partial.write_bytes(BIG[:12345])
        self.get("/file", "--continue-at", "-", "--output", str(partial))
        self.assertEqual(partial.read_bytes(), BIG)

    def check_that_one_connection_serves_many(self):
        count = ["--write-out", "%{http_code} %{num_connects}\n"]
        gets = [word for number in range(5) for word in ["--output", "/dev/null", f"{self.url}/dot/{number}.svg"]]
        post = ["--output", "/dev/null", "--data", "x", f"{self.url}/upload"]
        told = run(*self.curl, *count, *gets, "--next", *self.curl[1:], *count, *post).decode()
        self.assertEqual(told.split("\n"), ["200 1", *["200 0"] * 5, ""])

    def check_many_at_once(self):
        urls = [f"{self.url}/dot/{number}.svg" for number in range(40)]
        self.assertEqual(run(*self.curl, "--parallel", "--fail", *urls).count(b"<svg"), 40)

    def check_that_a_refusal_is_read_though_the_body_is_not(self):
        put = ["--upload-file", self.upload_file, "--write-out", "%{http_code}"]
        for options in [["--header", "Expect:"], INSIST]:
            self.assertEqual(self.get("/refuse", *put, *options), b"too much413")

    def check_other_targets(self):
        self.assertRegex(self.get("/../../etc/passwd", "--path-as-is", "--include"), b"^HTTP/1.1 40[04] ")
        self.assertIn(b" 200 ", self.get("/who", "--request", "OPTIONS", "--include"))
        answer = self.get("/", "--request-target", "*", "--request", "OPTIONS", "--include")
        self.assertRegex(answer, b"^HTTP/1.1 [234]")

    def check_what_comes_piece_by_piece(self):
        events = b"".join(b"data: %d\n\n" % number for number in range(5))
        self.assertEqual(self.get("/stream", "--no-buffer"), events)
        self.assertEqual(self.get("/stream", "--no-buffer", "--http1.0"), events)


class CurlTest(CurlSuite):
    """All of it over each kind of server, over TCP, a Unix socket, and TLS."""

    def test_over_tcp(self):
        for kind in KINDS:
            with self.subTest(kind):
                self.ask_everything(f"http://127.0.0.1:{self.serve(kind).port}")

    def test_over_a_unix_socket(self):
        for kind in KINDS:
            with self.subTest(kind):
                path = os.path.join(self.folder, f"{kind}.sock")
                self.serve(kind, "--unix", path)
                self.ask_everything("http://localhost", "--unix-socket", path)

    def test_over_tls(self):
        paths = make_certificate(self.folder)
        for kind in KINDS:
            with self.subTest(kind):
                there = f"127.0.0.1:{self.serve(kind, '--tls', *paths).port}"
                self.ask_everything(f"https://{there}", "--cacert", paths[0])
                run("curl", "--silent", f"https://{there}/", status=60)  # nobody vouches for it
                answer = run("curl", "--silent", "--include", f"http://{there}/")  # the wrong language
                self.assertIn(b" 400 ", answer)
                self.assertEqual(self.get("/style.css")[:3], b"p {")

    def test_as_a_proxy_and_in_http_2_it_is_no_good(self):
        there = f"http://127.0.0.1:{self.serve('threaded').port}"
        told = json.loads(run("curl", "--silent", "--proxy", there, "http://example.com/who"))
        self.assertEqual(told["host"], "example.com")  # the absolute form, which every server must take
        run("curl", "--silent", "--proxy", there, "--proxytunnel", "http://example.com/", status=56)
        run("curl", "--silent", "--http2-prior-knowledge", there, status=52)
        self.assertEqual(run("curl", "--silent", f"{there}/style.css")[:3], b"p {")


class BrowserTest(SiteTest):
    """Chromium: a page with a style, twenty pictures, and a script that posts, and asks for thirty things at once."""

    FLAGS = ["--dump-dom", "--virtual-time-budget=20000", "--ignore-certificate-errors"]
    TITLE = "<title>300000 5 30 20 rgb(1, 2, 3)</title>"  # what the script has found

    def test_a_page_with_all_that_belongs_to_it(self):
        for kind, options in [
            *((kind, ()) for kind in KINDS),
            ("threaded", ("--tls", *make_certificate(self.folder))),
        ]:
            with self.subTest(kind, options=options):
                server = self.serve(kind, *options)
                url = f"http{'s' * bool(options)}://127.0.0.1:{server.port}/"
                self.assertIn(self.TITLE, browse(url, *self.FLAGS))


class WrkTest(SiteTest):
    """wrk: every request of a flood has its answer."""

    PIPELINE = """
        init = function(args)
            local requests = {}
            for number = 1, 16 do requests[number] = wrk.format("GET", "/dot/" .. number .. ".svg") end
            all = table.concat(requests)
        end
        request = function() return all end
    """
    POST = 'wrk.method, wrk.body = "POST", string.rep("x", 10000)'

    def flood(self, url, script="", *options):
        file = Path(self.folder, "load.lua")
        file.write_text(script, encoding="utf-8")
        text = run("wrk", "--threads=1", "--duration=1s", f"--script={file}", *options, url).decode()
        self.assertNotRegex(text, "Socket errors|Non-2xx")
        self.assertGreater(int(re.search("([0-9]+) requests in", text)[1]), 10)

    def test_floods(self):
        for kind in KINDS:
            server = self.serve(kind)
            url = f"http://127.0.0.1:{server.port}"
            for path, script, options in [
                ("/dot/1.svg", "", ["--connections=64"]),
                ("/dot/1.svg", "", ["--connections=16", "--header=Connection: close"]),
                ("/dot/1.svg", self.PIPELINE, ["--connections=8"]),
                ("/upload", self.POST, ["--connections=16"]),
                ("/stream", "", ["--connections=64"]),
            ]:
                if kind in ("threaded", "workers") or "64" not in options[0]:  # the others serve as many as they are
                    with self.subTest(kind, path=path, options=options):
                        self.flood(url + path, script, *options)


class NginxTest(CurlSuite):
    """nginx in front: it keeps connections to the server, and what it says of the client is believed."""

    CONFIGURATION = """
        daemon off; %(user)s worker_processes 1; pid %(folder)s/pid; error_log %(folder)s/error.log error;
        events { worker_connections 512; }
        http {
            access_log off;
            client_max_body_size 100m;
            client_body_temp_path %(folder)s/body; proxy_temp_path %(folder)s/proxy;
            fastcgi_temp_path %(folder)s/x; uwsgi_temp_path %(folder)s/x; scgi_temp_path %(folder)s/x;
            upstream site { server %(upstream)s; keepalive 8; }
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header X-Forwarded-Proto https;
            proxy_set_header X-Forwarded-Host $http_host;
            server {
                listen 127.0.0.1:%(port)d;
                location / { proxy_pass http://site; }
                location /stream { proxy_pass http://site; proxy_buffering off; }
                location /upload { proxy_pass http://site; proxy_request_buffering off; }
            }
        }
    """

    def start_nginx(self, upstream):
        with closing(socket.create_server(("127.0.0.1", 0))) as sock:
            port = sock.getsockname()[1]
        folder = tempfile.mkdtemp(dir=self.folder)
        user = "user root;" if os.getuid() == 0 else ""
        words = {"folder": folder, "upstream": upstream, "port": port, "user": user}
        Path(folder, "nginx.conf").write_text(self.CONFIGURATION % words, encoding="utf-8")
        program = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
        if program is None:
            raise AssertionError("no nginx: apt-get install nginx-light")
        process = subprocess.Popen([program, "-c", f"{folder}/nginx.conf", "-e", f"{folder}/error.log", "-p", folder])
        self.addCleanup(self.assertNginxEndsWell, process, Path(folder, "error.log"))
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", port), PATIENCE).close()
                return port
            except OSError:
                time.sleep(0.02)
        raise AssertionError(f"nginx does not run:\n{Path(folder, 'error.log').read_text(encoding='utf-8')}")

    def assertNginxEndsWell(self, process, log):
        process.send_signal(signal.SIGQUIT)
        process.wait(PATIENCE)
        self.assertEqual(log.read_text(encoding="utf-8"), "")

    def test_behind_nginx(self):
        for kind in ["threaded", "workers"]:
            for where in ["a port", "a socket"]:
                with self.subTest(kind, where=where):
                    path = os.path.join(self.folder, f"nginx-{kind}.sock")
                    server = self.serve(kind, *["--unix", path] * (where == "a socket"))
                    upstream = f"unix:{path}" if where == "a socket" else f"127.0.0.1:{server.port}"
                    port = self.start_nginx(upstream)
                    self.visit(port)
                    self.ask_everything(f"http://127.0.0.1:{port}")

    def visit(self, port):
        connections = set()
        for number in range(200):
            address = f"127.0.0.{2 + number % 100}"
            client = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE, source_address=(address, 0))
            fields = {"Host": "www.example.com:8443", "X-Forwarded-For": "192.0.2.1", "X-Forwarded-Proto": "forged"}
            with closing(client):
                client.request("GET", f"/who?{number}", headers=fields)
                told = json.loads(client.getresponse().read())
            self.assertEqual([told["host"], told["scheme"]], ["www.example.com:8443", "https"])
            self.assertEqual(told["address"], address)
            connections.add(told["connection"])
        self.assertLessEqual(len(connections), 8, "nginx keeps eight connections")

    def test_nginx_notices_nothing_of_new_workers(self):
        path = os.path.join(self.folder, "renewed.sock")
        server = self.serve("workers", "--unix", path)
        port = self.start_nginx(f"unix:{path}")
        flood = subprocess.Popen(
            ["wrk", "--threads=1", "--connections=16", "--duration=4s", f"http://127.0.0.1:{port}/dot/1.svg"],
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )
        seen = set(server.await_workers(2))
        for _ in range(2):
            time.sleep(0.7)
            server.process.send_signal(signal.SIGHUP)
            seen |= set(server.await_workers(2, without=seen, exactly=True))
        text = flood.communicate(timeout=PATIENCE)[0]
        self.assertNotRegex(text, "Socket errors|Non-2xx")
        self.assertEqual(len(seen), 6)

    def test_the_browser_through_nginx(self):
        path = os.path.join(self.folder, "browsed.sock")
        self.serve("threaded", "--unix", path)
        port = self.start_nginx(f"unix:{path}")
        self.assertIn(BrowserTest.TITLE, browse(f"http://127.0.0.1:{port}/", *BrowserTest.FLAGS))


if __name__ == "__main__":
    unittest.main()
