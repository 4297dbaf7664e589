import json
import logging
import sys
from collections.abc import Callable

import pytest
from django.core.exceptions import DisallowedHost
from django.test import Client, RequestFactory

from clinic import log


def record(message: str = "done", **more: object) -> logging.LogRecord:
    made = logging.makeLogRecord({"name": "clinic", "levelname": "INFO", "msg": message})
    vars(made).update(more)
    return made


def failing(number: str) -> None:
    raise ValueError(f"Key (phone)=({number}) already exists.")


def failure() -> logging.LogRecord:
    try:
        failing("+447700900123")
    except ValueError:
        return record(exc_info=sys.exc_info())
    raise AssertionError


@pytest.mark.parametrize("lines", [log.JsonLines, log.PlainLines])
def test_failure_is_written_without_its_words(lines: Callable[[], logging.Formatter]) -> None:
    line = lines().format(failure())
    assert "+447700900123" not in line
    assert ("builtins.ValueError" in line, "failing" in line) == (True, True)


def test_line_is_one_json_object_with_the_request_id() -> None:
    token = log.REQUEST_ID.set("abc-123")
    line = json.loads(log.JsonLines().format(record("two\nlines", facts={"ms": 7})))
    log.REQUEST_ID.reset(token)
    assert line.pop("at").endswith("+00:00")
    assert line == {
        "level": "info",
        "logger": "clinic",
        "request_id": "abc-123",
        "message": "two\nlines",
        "ms": 7,
    }


def test_request_is_named_by_its_route_never_by_its_path(rf: RequestFactory) -> None:
    request = rf.get("/v/secret-link/")
    line = log.JsonLines().format(record("Not Found: /v/secret-link/", request=request))
    assert "secret-link" not in line


def test_a_page_that_is_not_there_leaves_no_path(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    client.get("/v/secret-link-of-pat")
    written = [log.JsonLines().format(each) for each in caplog.records]
    assert [line for line in written if "secret-link-of-pat" in line] == []


def test_wrong_host_is_refused(client: Client) -> None:
    assert client.get("/admin/", headers={"host": "elsewhere.example"}).status_code == 400
    assert issubclass(DisallowedHost, Exception)
