"""Chinese texts are set as Chinese is: with its own punctuation, which a keyboard for English does not give."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

HERE = Path(__file__).parents[2]
TEXTS = [*(HERE / "web/src/locales/zh-CN").glob("*.json"), HERE / "ansflow/cli/locales/zh.json"]
HAN = r"[\u4e00-\u9fff]"
ADDRESS = re.compile(r"https?://\S*")
FOREIGN = re.compile(rf"{HAN}[,;:!?(]|[,;)]{HAN}")


@pytest.mark.parametrize("file", TEXTS, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_chinese_has_chinese_punctuation(file: Path) -> None:
    lines = ADDRESS.sub("", file.read_text(encoding="utf-8")).splitlines()
    assert [line.strip() for line in lines if FOREIGN.search(line)] == []
