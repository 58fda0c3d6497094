"""Periodic work: what signing in leaves behind."""

from __future__ import annotations

from datetime import timedelta

from django.contrib.sessions.models import Session
from django.utils import timezone

from ansflow.apps.accounts.models import PasswordReset, SignInAttempt, SocketTicket
from ansflow.apps.accounts.signing_in import WINDOW


def forget_ended_sessions() -> dict[str, int]:
    """Removes what has run out. Returns how many of each."""
    now = timezone.now()
    return {
        "sessions": Session.objects.filter(expire_date__lt=now).delete()[0],
        "sign-in attempts": SignInAttempt.objects.filter(at__lt=now - WINDOW - timedelta(minutes=1)).delete()[0],
        "password resets": PasswordReset.objects.filter(expires_at__lt=now).delete()[0],
        "socket tickets": SocketTicket.objects.filter(expires_at__lt=now).delete()[0],
    }
