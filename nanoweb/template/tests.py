"""The tests of templates: what may stand behind "is".

In a request's way: the compiler looks a test up by its name and calls it with the
value on the left and the arguments on the right.  One that wants the environment
says so with a mark from runtime.
"""

from __future__ import annotations

import operator
from collections.abc import Mapping

from .runtime import Undefined, pass_environment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Container
    from typing import Any

    from .environment import Environment

__all__ = ["TESTS"]


def test_defined(value: Any) -> bool:
    return not isinstance(value, Undefined)


def test_undefined(value: Any) -> bool:
    return isinstance(value, Undefined)


@pass_environment
def test_filter(environment: Environment, value: str) -> bool:
    """Is there a filter of that name?  For templates that can do without it."""
    return value in environment.filters


@pass_environment
def test_test(environment: Environment, value: str) -> bool:
    """Is there a test of that name?"""
    return value in environment.tests


def test_none(value: Any) -> bool:
    return value is None


def test_boolean(value: Any) -> bool:
    return value is True or value is False


def test_true(value: Any) -> bool:
    return value is True


def test_false(value: Any) -> bool:
    return value is False


def test_integer(value: Any) -> bool:
    return isinstance(value, int) and value is not True and value is not False


def test_float(value: Any) -> bool:
    return isinstance(value, float)


def test_number(value: Any) -> bool:
    """Is it a number of any kind?  True and False are, as they are in Python."""
    if isinstance(value, (int, float)):
        return True
    from numbers import Number  # who has Decimal or Fraction has loaded it

    return isinstance(value, Number)


def test_odd(value: Any) -> bool:
    return bool(value % 2 == 1)


def test_even(value: Any) -> bool:
    return bool(value % 2 == 0)


def test_divisibleby(value: Any, num: Any) -> bool:
    return bool(value % num == 0)


def test_string(value: Any) -> bool:
    return isinstance(value, str)


def test_lower(value: Any) -> bool:
    return str(value).islower()


def test_upper(value: Any) -> bool:
    return str(value).isupper()


def test_escaped(value: Any) -> bool:
    """Does the value vouch for its HTML, as Markup does?"""
    return hasattr(value, "__html__")


def test_mapping(value: Any) -> bool:
    return isinstance(value, Mapping)


def test_sequence(value: Any) -> bool:
    """Has it a length and items?  A mapping has both, too."""
    try:
        len(value)
        value.__getitem__  # noqa: B018  # only asked for
    except Exception:  # noqa: BLE001  # a length of the application's that fails says no, whatever it raises
        return False
    return True


def test_iterable(value: Any) -> bool:
    try:
        iter(value)
    except TypeError:
        return False
    return True


def test_sameas(value: Any, other: Any) -> bool:
    return value is other


def test_in(value: Any, seq: Container[Any]) -> bool:
    return value in seq


TESTS: dict[str, Callable[..., Any]] = {
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    ">": operator.gt,
    ">=": operator.ge,
    "boolean": test_boolean,
    "callable": callable,
    "defined": test_defined,
    "divisibleby": test_divisibleby,
    "eq": operator.eq,
    "equalto": operator.eq,
    "escaped": test_escaped,
    "even": test_even,
    "false": test_false,
    "filter": test_filter,
    "float": test_float,
    "ge": operator.ge,
    "greaterthan": operator.gt,
    "gt": operator.gt,
    "in": test_in,
    "integer": test_integer,
    "iterable": test_iterable,
    "le": operator.le,
    "lessthan": operator.lt,
    "lower": test_lower,
    "lt": operator.lt,
    "mapping": test_mapping,
    "ne": operator.ne,
    "none": test_none,
    "number": test_number,
    "odd": test_odd,
    "sameas": test_sameas,
    "sequence": test_sequence,
    "string": test_string,
    "test": test_test,
    "true": test_true,
    "undefined": test_undefined,
    "upper": test_upper,
}
