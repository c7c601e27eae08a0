"""The nanoweb command where it takes long: from a zip file, which is compiled at every start.

    python -m unittest tests.extra.long_cli

Nothing but Python is needed.  tests/test_cli.py has the others.
"""

from __future__ import annotations

import unittest
import zipfile

from tests.test_cli import PACKAGE, Program, fetch
from tests.test_targets import SITE, FolderTest


class ZipTest(FolderTest):
    """The command as it is typed, in a process of its own."""

    def test_it_works_from_a_zip_file(self):
        self.write("site.d/shop.py", SITE)
        library = PACKAGE.parent
        if library.is_dir():
            library = self.folder / "library.zip"
            with zipfile.ZipFile(library, "w") as archive:
                for path in PACKAGE.rglob("*.py"):
                    archive.write(path, path.relative_to(PACKAGE.parent))
        table = Program("routes", "site.d/shop.py", path=library)
        with table, Program("run", "site.d/shop.py", "-p0", path=library) as program:
            self.assertEqual(fetch(program.read_port()), (200, "<p>shop</p>"))
            self.assertEqual(table.end(), 0, table.output)
            self.assertIn("index", table.output)


if __name__ == "__main__":
    unittest.main()
