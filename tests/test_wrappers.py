"""Request and Response where they meet: with each other, and with the HTTP errors that become one."""

import unittest

from nanoweb import requests, responses, wrappers
from nanoweb.exceptions import HTTPException, NotFound
from nanoweb.wrappers import Request, Response
from tests.messages import call, environ


class MeetingTest(unittest.TestCase):
    """What neither of the two chapters before can promise alone."""

    def test_each_class_is_the_one_of_its_chapter(self):
        for name in wrappers.__all__:
            with self.subTest(name):
                chapter = requests if name in requests.__all__ else responses
                self.assertIs(getattr(wrappers, name), getattr(chapter, name))

    def test_an_exception_makes_a_response_of_this_class(self):
        self.assertIs(HTTPException.response_class, Response)
        self.assertEqual(NotFound("x").get_response(environ()).status_code, 404)

    def test_a_response_is_conditional_on_a_request(self):
        @Request.application
        def app(request):
            return Response("x", headers={"ETag": '"5f2a"'}).make_conditional(request)

        for etag, status in ('"5f2a"', "304 NOT MODIFIED"), ('"other"', "200 OK"):
            self.assertEqual(call(app, HTTP_IF_NONE_MATCH=etag)[0], status)


if __name__ == "__main__":
    unittest.main()
