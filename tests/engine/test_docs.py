from pathlib import Path

from ansflow.core.status import STEP_MOVES

PAGE = Path(__file__).parents[2] / "docs" / "engine.md"


def table() -> str:
    lines = ["| from | may become |", "|---|---|"]
    for status, moves in STEP_MOVES.items():
        lines.append(f"| `{status}` | {' '.join(f'`{move}`' for move in sorted(moves)) or '–'} |")
    return "\n".join(lines) + "\n"


def test_the_page_shows_the_table_of_moves_that_the_code_obeys():
    text = PAGE.read_text(encoding="utf-8")
    shown = text.partition("-->\n")[2].partition("<!-- end -->")[0]
    assert shown == table()
