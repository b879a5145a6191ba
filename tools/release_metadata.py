"""Metadata that Hatch adds when it builds: the long description with links that work on a package index, and addresses.

The README links to files of the repository. Where ``SIMCASH_REPOSITORY`` names the address of the repository, such as
``https://example.org/owner/simcash-env``, links become absolute and lead to the files of this version; pictures are
shown from there. Without an address the text of a link stays and its target is left out.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, Final

from hatchling.metadata.plugin.interface import MetadataHookInterface

VARIABLE: Final = "SIMCASH_REPOSITORY"
LINK: Final = re.compile(r"(?P<picture>!?)\[(?P<text>[^\]]*)\]\((?P<target>[^)\s]+)\)")
SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
VERSION: Final = re.compile(r'^__version__ = "(?P<version>[^"]+)"$', re.MULTILINE)


def version_in(root: Path) -> str:
    """The version that the package says.

    Raises:
        ValueError: ``_version.py`` says none.
    """
    path = root / "simcash_env" / "_version.py"
    found = VERSION.search(path.read_text(encoding="utf-8"))
    if found is None:
        message = f"{path}: has no line __version__ = ..."
        raise ValueError(message)
    return found["version"]


def long_description(text: str, version: str, repository: str | None) -> str:
    """The README with absolute links, or without links into the repository.

    Args:
        text: the README.
        version: of the tag that links lead to.
        repository: its address; None if it is not known.
    """

    def relink(match: re.Match[str]) -> str:
        target = match["target"]
        if SCHEME.match(target) or target.startswith("#"):
            return match[0]
        if repository is None:
            return "" if match["picture"] else match["text"]
        kind = "raw" if match["picture"] else "blob"
        return f"{match['picture']}[{match['text']}]({repository}/{kind}/v{version}/{target})"

    return LINK.sub(relink, text)


def addresses(repository: str, version: str) -> dict[str, str]:
    """The project's addresses by name."""
    return {
        "Repository": repository,
        "Documentation": f"{repository}/tree/v{version}/docs",
        "Changelog": f"{repository}/blob/v{version}/CHANGELOG.md",
        "Issues": f"{repository}/issues",
    }


class ReleaseMetadata(MetadataHookInterface):
    """Hatch's hook: sets ``readme``, and ``urls`` where the repository is known."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Add the fields to the project's metadata.

        Raises:
            ValueError: the address of the repository is none.
        """
        root = Path(self.root)
        version, repository = version_in(root), os.environ.get(VARIABLE, "").rstrip("/") or None
        if repository is not None and not re.fullmatch(r"https://\S+", repository):
            message = f"{VARIABLE}: must begin with https://, got {repository!r}"
            raise ValueError(message)
        text = (root / "README.md").read_text(encoding="utf-8")
        metadata["readme"] = {
            "content-type": "text/markdown",
            "text": long_description(text, version, repository),
        }
        metadata["urls"] = {} if repository is None else addresses(repository, version)
