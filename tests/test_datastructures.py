import unittest

from nanoweb import accept, conditions, credentials, datastructures, dicts, directives, fields, uploads

CHAPTERS = [accept, conditions, credentials, dicts, directives, fields, uploads]


class DatastructuresTest(unittest.TestCase):
    """One name for the containers of seven chapters."""

    def test_every_container_is_there_and_is_the_chapters_own(self):
        containers = {
            name: getattr(chapter, name)
            for chapter in CHAPTERS
            for name in chapter.__all__
            if isinstance(getattr(chapter, name), type)
        }
        self.assertEqual(sorted({*containers, "iter_multi_items"}), sorted(datastructures.__all__))
        for name, container in containers.items():
            with self.subTest(name):
                self.assertIs(getattr(datastructures, name), container)
        self.assertIs(datastructures.iter_multi_items, dicts.iter_multi_items)


if __name__ == "__main__":
    unittest.main()
