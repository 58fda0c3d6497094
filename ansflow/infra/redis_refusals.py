"""What a Redis says when it refuses something, as the bus and the broker tell people of it."""

from __future__ import annotations


def in_words(answer: str) -> str:
    """A part of a sentence. Without what Redis was asked: it repeats the words of a command that it does not know, and
    those of AUTH are a password."""
    if "DB index" in answer:
        return "it has no database of the number at the end of the address"
    return answer.partition(", with args")[0].rstrip(".")
