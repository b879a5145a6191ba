"""Hooks of MkDocs: README.md is the first page, links into the repository stay on the site, diagrams need no network.

A page may link to any file or folder of the repository, as it does where the repository is read. What is no page of
``docs`` becomes one under ``source/``: Markdown as it is, other text as a listing, a folder as a list.

The theme draws Mermaid diagrams with a script from another site, unless the page has loaded one. Pages with a diagram
load the script from the site instead; it is copied from the installed package ``diagram-renderer``.
"""

from __future__ import annotations

import importlib.util
import posixpath
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).resolve().parents[2]
DOCS: Final = ROOT / "docs"
LINK: Final = re.compile(r"(?P<before>\]\()(?P<target>[^)\s#]+)(?P<section>#[^)\s]*)?(?P<after>\))")
ASSETS: Final = frozenset({".gif", ".png", ".svg", ".css"})
MERMAID: Final = "assets/mermaid.min.js"
"""Address of the script on the site."""
LANGUAGES: Final = {".py": "python", ".toml": "toml", ".yaml": "yaml", ".json": "json", ".cff": "yaml"}


def page_of(path: Path) -> str:
    """The page of the site that shows a file or folder of the repository."""
    if path == ROOT / "README.md":
        return "index.md"
    if path.is_dir():
        path = next((path / name for name in ("README.md", "index.md") if (path / name).is_file()), path / "index.md")
    shown = path.relative_to(DOCS) if path.is_relative_to(DOCS) else None
    if shown is not None and path.suffix in {*ASSETS, ".md"} and shown.parts[0] != "results":
        return shown.as_posix()
    name = path.relative_to(ROOT).as_posix()
    return f"source/{name}" if path.suffix == ".md" else f"source/{name}.md"


def links(path: Path) -> Iterator[Path]:
    """Files and folders of the repository that a page of it links to."""
    for found in LINK.finditer(path.read_text(encoding="utf-8")):
        target = (path.parent / found["target"]).resolve()
        if target.exists() and target.is_relative_to(ROOT):
            yield target


def text_of(path: Path) -> str:
    """What a page of a file or folder says."""
    name = path.relative_to(ROOT).as_posix()
    if path.is_dir():
        entries = sorted(entry.name for entry in path.iterdir() if entry.is_file() and not entry.name.startswith("."))
        return f"# {name}\n\n" + "\n".join(f"- [{entry}]({entry})" for entry in entries)
    data = path.read_bytes()
    if b"\x00" in data:
        return f"# {name}\n\nA binary file of {len(data):,} bytes.\n"
    text = data.decode("utf-8")
    if path.suffix == ".md":
        return text
    return f"# {name}\n\n````{LANGUAGES.get(path.suffix, 'text')}\n{text}\n````\n"


def sources() -> dict[str, Path]:
    """Of every page that is none of ``docs``, by its place on the site: the file or folder that it shows."""
    found: dict[str, Path] = {"index.md": ROOT / "README.md"}
    waiting = [ROOT / "README.md", *DOCS.rglob("*.md")]
    while waiting:
        for target in links(waiting.pop()):
            place = page_of(target)
            if place in found or (DOCS / place).is_file():
                continue
            path = target / "README.md" if target.is_dir() and (target / "README.md").is_file() else target
            found[place] = path
            if path.suffix == ".md":
                waiting.append(path)
            elif path.is_dir():
                found |= {page_of(entry): entry for entry in path.iterdir() if entry.is_file()}
    return found


def relinked(markdown: str, path: Path, page: str) -> str:
    """A page's text with its links as the site has them."""

    def link(match: re.Match[str]) -> str:
        target = (path.parent / match["target"]).resolve() if "://" not in match["target"] else ROOT.parent
        if not target.exists() or not target.is_relative_to(ROOT):
            return match[0]
        place = posixpath.relpath(page_of(target), posixpath.dirname(page) or ".")
        return f"{match['before']}{place}{match['section'] or ''}{match['after']}"

    return LINK.sub(link, markdown)


def unnamed(nav: Any) -> list[str]:
    """Pages of the first folder that the navigation does not name."""
    named = str(nav)
    return sorted(path.name for path in DOCS.glob("*.md") if f"'{path.name}'" not in named)


def mermaid_script() -> Path:
    """The Mermaid script of the installed package that carries it.

    Raises:
        FileNotFoundError: the package is missing, or this version has the script elsewhere.
    """
    carrier = importlib.util.find_spec("diagram_renderer")
    folder = None if carrier is None or carrier.origin is None else Path(carrier.origin).parent
    script = None if folder is None else folder / "renderers" / "static" / "js" / "mermaid.min.js"
    if script is None or not script.is_file():
        found = "diagram-renderer is not installed" if script is None else f"{script} does not exist"
        message = f"the script of the Mermaid diagrams: {found}; the extra `docs` installs a version that has it"
        raise FileNotFoundError(message)
    return script


_SOURCES: dict[str, Path] = {}


def on_config(config: Any) -> Any:
    """MkDocs has read its settings: what the navigation leaves out stands at the end of *Use*."""
    (use,) = (part["Use"] for part in config.nav if "Use" in part)
    use += unnamed(config.nav)
    return config


def on_files(files: Any, config: Any) -> Any:
    """MkDocs has found the pages of ``docs``: add the others."""
    from mkdocs.structure.files import File, InclusionLevel

    _SOURCES.clear()
    _SOURCES.update(sources())
    for place, path in _SOURCES.items():
        added = File.generated(config, place, content=text_of(path))
        added.inclusion = InclusionLevel.INCLUDED if place == "index.md" else InclusionLevel.NOT_IN_NAV
        files.append(added)
    files.append(File.generated(config, MERMAID, abs_src_path=str(mermaid_script())))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """MkDocs is about to render a page."""
    place = page.file.src_uri
    path = _SOURCES.get(place, DOCS / place)
    text = relinked(markdown, path if path.is_file() else path / "index.md", place)
    return re.sub(r"^<!-- /?[\w-]+ -->\n", "", text, flags=re.MULTILINE)  # marks of generated parts


def on_page_content(html: str, page: Any, **_: Any) -> str:
    """MkDocs has rendered a page: one with a diagram loads the script from the site."""
    from mkdocs.utils import get_relative_url

    if '<pre class="mermaid">' not in html:
        return html
    return f'<script src="{get_relative_url(MERMAID, page.url)}"></script>\n{html}'
