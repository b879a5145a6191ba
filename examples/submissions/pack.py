"""Pack a policy into the archive that ``simcash submit`` takes."""

import zipfile
from pathlib import Path


def pack(folder: Path, weights: dict[str, Path]) -> Path:
    """Write ``policy.toml`` and ``agent.py`` of a folder, and weights by their name in the archive; return its path."""
    archive = folder.with_suffix(".zip")
    files = {name: folder / name for name in ("policy.toml", "agent.py")} | weights
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as content:
        for name, path in files.items():
            member = zipfile.ZipInfo(name)  # of 1980: the same files give the same archive
            content.writestr(member, path.read_bytes(), zipfile.ZIP_DEFLATED)
    return archive
