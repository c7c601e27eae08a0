"""The examples in the docstrings do what they say, in every module of the package."""

import doctest
import importlib
import pkgutil
import types
import unittest

import nanoweb

FLAGS = doctest.REPORT_NDIFF


def find_modules():
    """Yield each module of the package but __main__: to import that one is to run it."""
    yield nanoweb
    for found in pkgutil.walk_packages(nanoweb.__path__, nanoweb.__name__ + "."):
        if not found.name.endswith(".__main__"):
            yield importlib.import_module(found.name)


def find_examples(module):
    """Return a suite with one test for each docstring of a module that has examples."""
    return doctest.DocTestSuite(module, optionflags=FLAGS)


def load_tests(loader, tests, pattern):
    """Add each docstring with examples to the tests of this file (the load_tests protocol of unittest)."""
    for module in find_modules():
        tests.addTests(find_examples(module))
    return tests


class DocstringTest(unittest.TestCase):
    """That the examples are found, and that a wrong one fails."""

    def test_the_package_has_examples(self):
        counts = {module.__name__: find_examples(module).countTestCases() for module in find_modules()}
        self.assertGreater(len(counts), 1, "no modules found")
        self.assertGreater(sum(counts.values()), 0, counts)

    def test_a_wrong_example_fails(self):
        for docstring, wrong in [(">>> 1 + 1\n2", False), (">>> 1 + 1\n3", True), (">>> nowhere", True)]:
            with self.subTest(docstring):
                module = types.ModuleType("sample", docstring)
                result = unittest.TestResult()
                find_examples(module).run(result)
                self.assertEqual(result.testsRun, 1)
                self.assertEqual(bool(result.failures or result.errors), wrong)
