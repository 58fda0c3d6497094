"""Reads XML as a stream: no tree is built, so a report costs the memory of its largest element."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser, ParseError

from ansflow.plugins.reports.files import UnreadableReport, open_report

CHUNK = 64 * 1024


class Target(Protocol):
    """Receives the document piece by piece. Raises UnreadableReport when it is of another kind."""

    def start(self, tag: str, attributes: Mapping[str, str]) -> None: ...

    def end(self, tag: str) -> None: ...

    def data(self, text: str) -> None: ...

    def close(self) -> None: ...


def read_xml(path: Path, target: Target) -> None:
    parser = DefusedXMLParser(target=target)
    with open_report(path) as file:
        try:
            while chunk := file.read(CHUNK):
                parser.feed(chunk)
            parser.close()
        except DefusedXmlException as error:
            raise UnreadableReport("declares XML entities, which are refused.") from error
        except (ParseError, ValueError, LookupError) as error:  # LookupError: an encoding that nobody knows
            raise UnreadableReport(f"is no well-formed XML: {error}.") from error


def local(tag: str) -> str:
    """The tag without its namespace."""
    return tag.rpartition("}")[2]
