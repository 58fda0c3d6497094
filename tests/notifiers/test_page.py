from __future__ import annotations

from pathlib import Path

import pytest

from ansflow.plugins.registry import OWN, notifier

PAGE = Path(__file__).parents[2] / "docs" / "notifiers" / "README.md"


@pytest.mark.parametrize("name", OWN["notifiers"])
def test_every_setting_of_a_notifier_stands_in_its_part_of_the_page(name: str) -> None:
    part = PAGE.read_text().split(f"## {name}\n")[1].split("\n## ")[0]
    missing = [setting for setting in notifier(name).settings.fields if f"`{setting}" not in part]
    assert missing == []
