"""The name of a request: the proxy's where it is well-formed, else our own; in the answer and in the log."""

import logging

import pytest
from django.http import HttpResponse

from annotation import logs
from labeling_ui.request_names import Named


@pytest.mark.parametrize("given", ["7f3a9c1e", "0b7c-4d_E" * 7])
def test_a_well_formed_name_of_the_proxy_is_kept(client, given):
    assert client.get("/healthz", headers={"X-Request-ID": given})["X-Request-ID"] == given


@pytest.mark.parametrize("given", ["", "short", "a" * 65, "two words", "forged\u2028line", "<b>name</b>"])
def test_any_other_is_replaced_by_one_of_ours(client, given):
    names = {client.get("/healthz", headers={"X-Request-ID": given})["X-Request-ID"] for _ in range(2)}

    assert given not in names
    assert [len(name) for name in names] == [32, 32]


def test_what_is_logged_meanwhile_names_the_request(rf):
    lines = []

    def view(request):
        lines.append(logs.Line().format(logging.makeLogRecord({"msg": "hello"})))
        return HttpResponse()

    answer = Named(view)(rf.get("/"))

    assert lines[0].endswith(f"hello [request={answer['X-Request-ID']}]")
