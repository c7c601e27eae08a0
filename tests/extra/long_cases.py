"""The one list of requests over several servers: a larger share of it.

    python -m unittest tests.extra.long_cases

Nothing but Python is needed; it is here as forks and handshakes take time.  extra_cases.py has all over all.
"""

from __future__ import annotations

import unittest

from tests import test_cases
from tests.cases import CASES
from tests.test_cases import CHEAP, COSTLY, FIRST


class CasesTest(test_cases.CasesTest):
    """Each case over two or three servers."""

    share = 20

    def choose_servers(self, number):
        names = [FIRST, CHEAP[number % len(CHEAP)]]
        return [*names, COSTLY[number // 2 % len(COSTLY)]] if number % 2 else names


class PiecesTest(test_cases.PiecesTest):
    """The cases that tests/test_cases.py leaves out."""

    cases = CASES[1::2]


if __name__ == "__main__":
    unittest.main()
