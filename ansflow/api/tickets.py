"""Tickets for sockets: a browser cannot send the header `Authorization` there, and a token never stands in a URL."""

from __future__ import annotations

from typing import Any

from django.urls import path
from rest_framework import serializers
from rest_framework.exceptions import NotAuthenticated

from ansflow.api.authentication import bearer
from ansflow.api.base.operations import Call, Resource, operation
from ansflow.api.base.policies import SignedIn
from ansflow.api.base.serializers import Empty
from ansflow.apps.accounts import credentials
from ansflow.apps.actor import Scope


class TicketBody(serializers.Serializer[Any]):
    ticket = serializers.CharField(help_text="Opens one socket, once: /ws/…?ticket=…")
    expires_at = serializers.DateTimeField(help_text="Half a minute from now.")


class Tickets(Resource):
    @operation(SignedIn(Scope.READ), body=Empty, answer=TicketBody, status=201)
    def create(self, request: Call) -> dict[str, Any]:
        """A ticket for one socket. It may no more than what it was asked for with, and ends with that."""
        token = bearer(request.http)
        if token is not None:
            credential = credentials.of_bearer(token)
        else:
            credential = credentials.of_session(request.http._request.session.session_key or "")
        if credential is None:
            raise NotAuthenticated
        ticket, expires_at = credentials.give_ticket(request.actor, credential)
        return {"ticket": ticket, "expires_at": expires_at}


urlpatterns = [path("auth/tickets/", Tickets.as_view({"post": "create"}))]
