"""Sockets open for pages of this site with a session and for programs with a token, and for nobody else."""

from __future__ import annotations

import pytest
from asgiref.sync import sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from channels.routing import URLRouter
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.test import Client
from django.urls import path

from cvstudio.accounts.services.issue_tokens import issue_tokens
from cvstudio.common.sockets import guarded, origin_allowed


class WhoAmI(AsyncJsonWebsocketConsumer):
    """Says who the guards let in."""

    async def connect(self):
        offered = self.scope.get("subprotocols") or []
        await self.accept("bearer" if "bearer" in offered else None)
        await self.send_json({"user": self.scope["user"].username})


APPLICATION = guarded(URLRouter([path("ws", WhoAmI.as_asgi())]))
HOST = (b"host", b"testserver")


async def ask(url="/ws", headers=(), subprotocols=None):
    """The user's name that the consumer saw, or the close code."""
    socket = WebsocketCommunicator(APPLICATION, url, headers=[HOST, *headers], subprotocols=subprotocols)
    try:
        connected, code = await socket.connect()
        return (await socket.receive_json_from())["user"] if connected else code
    finally:
        await socket.disconnect()


def origin(text):
    return (b"origin", text.encode())


@pytest.fixture
def token(alice):
    return issue_tokens(alice).access


@pytest.fixture
def cookie(alice):
    client = Client()
    client.force_login(alice)
    return (b"cookie", f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}".encode())


pytestmark = pytest.mark.django_db(transaction=True)


async def test_a_program_sends_its_token_in_the_address_or_as_a_subprotocol(token):
    assert await ask(f"/ws?token={token}") == "alice"
    assert await ask(subprotocols=["bearer", token]) == "alice"


async def test_a_page_of_this_site_brings_its_session(cookie):
    assert await ask(headers=[cookie, origin("http://testserver")]) == "alice"


async def test_a_page_of_another_site_is_closed_whatever_it_brings(cookie, token):
    for foreign in ("http://evil.example", "http://testserver.evil.example", "null", "http://localhost"):
        assert await ask(headers=[cookie, origin(foreign)]) == 4403
        assert await ask(f"/ws?token={token}", headers=[origin(foreign)]) == 4403


async def test_a_cookie_without_an_origin_is_no_page(cookie):
    assert await ask(headers=[cookie]) == ""


async def test_noise_and_inactive_people_are_nobody(alice, token):
    assert await ask("/ws?token=noise") == ""
    assert await ask(headers=[origin("http://testserver")]) == ""
    alice.is_active = False
    await sync_to_async(alice.save)()
    assert await ask(f"/ws?token={token}") == ""


def test_another_port_of_the_same_machine_is_another_origin():
    assert origin_allowed("http://testserver:8000", "testserver:8000")
    assert not origin_allowed("http://testserver:9999", "testserver:8000")
    assert not origin_allowed("ftp://testserver", "testserver")


@pytest.mark.parametrize("url", ["/api/v1/ws/nothing", "/api/v1/ws/training/no-id", "/"])
async def test_an_address_without_a_socket_is_refused_and_no_defect(url):
    from cvstudio.config.asgi import application

    socket = WebsocketCommunicator(application, url, headers=[HOST])
    assert await socket.connect() == (False, 4404)
