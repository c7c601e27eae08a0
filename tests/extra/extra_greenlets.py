"""nanoweb.local under the real greenlet library: development equipment, not part of the test command.

    python -m unittest discover -s tests/extra -p "extra_*.py"

Without greenlet (pip install greenlet) this fails, and is not skipped.
"""

import contextvars
import unittest

import greenlet

from nanoweb.local import Local, LocalProxy, LocalStack, release_local


def run_in_turns(work, count=4):
    """Run work(number, pause) in greenlets that hand over to the next at every pause(); return their results."""
    main = greenlet.getcurrent()
    workers = [greenlet.greenlet(work) for _ in range(count)]
    results = [worker.switch(number, main.switch) for number, worker in enumerate(workers)]
    while not all(worker.dead for worker in workers):
        results = [result if worker.dead else worker.switch() for worker, result in zip(workers, results)]
    return results


class SharedVariable:
    """Like a ContextVar, but one value for everybody: the isolation, broken on purpose."""

    def __init__(self):
        self.value = None

    def get(self, default):
        return default if self.value is None else self.value

    def set(self, value):
        self.value = value


def seen_by_greenlets(stack):
    """Return what each of four greenlets, taking turns, finds on the stack after it pushed its number."""

    def work(number, pause):
        before = stack.top
        stack.push(number)
        pause()
        seen = stack.top
        pause()
        return before, seen, stack.pop(), stack.top

    return run_in_turns(work)


class GreenletTest(unittest.TestCase):
    """Every greenlet has a context of its own, which starts empty."""

    def test_the_library_keeps_contexts_apart(self):
        self.assertTrue(greenlet.GREENLET_USE_CONTEXT_VARS, "a greenlet library without support for contextvars")

    def test_greenlets_that_take_turns_never_see_each_others_values(self):
        self.assertEqual(seen_by_greenlets(LocalStack()), [(None, number, number, None) for number in range(4)])

    def test_the_check_finds_a_stack_that_all_share(self):
        isolated = [(None, number, number, None) for number in range(4)]
        self.assertNotEqual(seen_by_greenlets(LocalStack(SharedVariable())), isolated)

    def test_what_the_parent_pushed_is_not_theirs_and_stays_its_own(self):
        stack = LocalStack()
        stack.push("parent")
        self.assertEqual(seen_by_greenlets(stack), [(None, number, number, None) for number in range(4)])
        self.assertEqual((stack.pop(), stack.top), ("parent", None))

    def test_a_greenlet_that_is_given_a_copy_of_the_context_inherits_and_changes_only_that(self):
        stack = LocalStack()
        stack.push("parent")
        child = greenlet.greenlet(lambda: (stack.pop(), stack.push("child"), stack.top))
        child.gr_context = contextvars.copy_context()
        self.assertEqual(child.switch(), ("parent", None, "child"))
        self.assertEqual(stack.top, "parent")

    def test_each_has_its_own_local(self):
        local = Local()

        def work(number, pause):
            local.number = number
            setattr(local, f"name{number}", True)
            pause()
            seen = dict(local)
            release_local(local)
            pause()
            return seen, dict(local)

        self.assertEqual(run_in_turns(work), [({"number": n, f"name{n}": True}, {}) for n in range(4)])
        self.assertEqual(dict(local), {})

    def test_a_proxy_finds_the_object_of_the_greenlet_that_looks(self):
        stack = LocalStack()
        proxy = LocalProxy(stack)

        def work(number, pause):
            unbound = repr(proxy)
            stack.push([number])
            pause()
            proxy.append("seen")
            pause()
            return unbound, proxy._get_current_object()

        expected = [("<LocalProxy unbound>", [number, "seen"]) for number in range(4)]
        self.assertEqual(run_in_turns(work), expected)
        self.assertEqual(repr(proxy), "<LocalProxy unbound>")


if __name__ == "__main__":
    unittest.main()
