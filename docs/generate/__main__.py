"""``python -m docs.generate``: write every generated page."""

from rich import print as show

from docs.generate import PAGES

for path, make in PAGES.items():
    path.write_text(make(), encoding="utf-8")
    show(f"Wrote {path.relative_to(path.parent.parent)}")
