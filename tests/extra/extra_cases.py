"""The one list of requests, all of it over all servers.

    python -m unittest tests.extra.extra_cases

Nothing but Python is needed; it is here as it takes a minute, most of which the system needs to fork and OpenSSL to
shake hands.  tests/test_cases.py sends each case over some of the servers.
"""

from __future__ import annotations

import unittest

from tests.cases import CASES
from tests.matrix import COMBINATIONS, MatrixTest


class CasesSuite(MatrixTest):
    def test_each_case_over_each_kind_of_server_and_each_way_there(self):
        for case in CASES:
            self.send_all(COMBINATIONS, case)
        self.assertEqual(sum(self.matrix.runs.values()), 16 * len(CASES))
        self.assertEqual(set(self.matrix.runs.values()), {len(CASES)})
        self.check_ends()


if __name__ == "__main__":
    unittest.main()
