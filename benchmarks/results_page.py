"""docs/results.md, of which several benchmarks write a section each."""

import re
from pathlib import Path

TABLE = Path(__file__).resolve().parent.parent / "docs" / "results.md"


def put_section(title: str, section: str) -> None:
    """Puts a section (its first line is the title, `## ...`) in place of the one with that title, or behind all others."""
    before = TABLE.read_text(encoding="utf-8")
    old = re.compile(rf"^{re.escape(title)}\n.*?(?=^## |\Z)", re.MULTILINE | re.DOTALL)
    whole = (
        old.sub(lambda _: section.rstrip() + "\n\n", before)
        if old.search(before)
        else f"{before.rstrip()}\n\n{section}"
    )
    TABLE.write_text(whole.rstrip() + "\n", encoding="utf-8")
