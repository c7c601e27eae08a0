"""The guestbook in a real browser: headless Chromium draws it, and runs nothing that a visitor wrote.

    python -m unittest tests.extra.extra_browser

Development equipment: it needs `chromium` on the PATH (apt-get install chromium).  SCREENSHOT=FILE.png
keeps the picture.
"""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import tempfile
import unittest
import zlib
from pathlib import Path

from tests.test_examples import PATIENCE, Program, Visitor

WIDTH, HEIGHT = 900, 1200
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    f"--window-size={WIDTH},{HEIGHT}",
]


def browse(url, *flags):
    """Open a page in a Chromium of its own and return what that prints."""
    program = shutil.which("chromium")
    if program is None:
        raise AssertionError("no chromium on the PATH: apt-get install chromium")
    profile = tempfile.mkdtemp()
    try:
        command = [program, *FLAGS, f"--user-data-dir={profile}", *flags, url]
        return subprocess.run(command, capture_output=True, encoding="utf-8", timeout=PATIENCE, check=True).stdout
    finally:
        shutil.rmtree(profile, ignore_errors=True)  # what Chromium left running may still be writing there


def measure(png):
    """Return the (width, height) of a PNG, and how many of its lines differ: one or two on an empty sheet."""
    if not png.startswith(b"\x89PNG\r\n\x1a\n"):
        raise AssertionError(f"this is no PNG: {png[:8]!r}")
    chunks, position = [], 8
    while position < len(png):
        size, kind = struct.unpack_from(">I4s", png, position)
        chunks.append((kind, png[position + 8 : position + 8 + size]))
        position += size + 12  # the length, the kind and the checksum are four bytes each
    width, height = struct.unpack_from(">II", chunks[0][1])
    data = zlib.decompress(b"".join(body for kind, body in chunks if kind == b"IDAT"))
    stride = len(data) // height
    return (width, height), len({data[start : start + stride] for start in range(0, len(data), stride)})


class GuestbookInChromiumTest(unittest.TestCase):
    """One guestbook, into which somebody wrote a friendly entry and an attack."""

    ATTACK = "<script>document.title = 'taken over'</script><img src=x onerror=\"document.title = 'taken over'\">"

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        program = Program(
            "examples/guestbook.py",
            GUESTBOOK_DB=os.path.join(self.folder.name, "guestbook.sqlite3"),
            SECRET_KEY="the key of this test",
        )
        self.addCleanup(program.stop)
        visitor = Visitor(program.__enter__())
        self.url = f"http://127.0.0.1:{program.port}/"
        for name, message in [
            ("Mallory", self.ATTACK),
            ("Ada Lovelace", "What a delightful place.\r\nI shall come back with the children!"),
        ]:
            self.assertEqual(visitor.submit("/", name=name, message=message)[0], 303)

    def test_the_page_holds_what_was_written_and_no_script_ran(self):
        page = browse(
            self.url,
            "--dump-dom",
        )
        self.assertIn("<title>Guestbook</title>", page)
        self.assertIn("<h1>Guestbook</h1>", page)
        self.assertIn("What a delightful place.\nI shall come back with the children!", page)
        self.assertIn("&lt;script&gt;document.title", page)
        for element in ["<script", "<img"]:
            self.assertNotIn(element, page)

    def test_the_wrong_address_shows_the_error_page(self):
        page = browse(self.url + "nowhere", "--dump-dom")
        self.assertIn("<h1>Page not found</h1>", page)

    def test_the_page_is_drawn(self):
        picture = Path(os.environ.get("SCREENSHOT") or Path(self.folder.name, "guestbook.png")).resolve()
        browse(self.url, f"--screenshot={picture}")
        size, lines = measure(picture.read_bytes())
        self.assertEqual(size, (WIDTH, HEIGHT))
        self.assertGreater(lines, 100)


if __name__ == "__main__":
    unittest.main()
