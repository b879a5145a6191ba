"""Archives of small policies."""

import stat
import zipfile
from pathlib import Path

GAME = "castro-2period-v0"
FACTS = f"""
format = 1
name = "release-all"
authors = ["A. Author"]
entry_point = "agent:make_policy"
scenarios = ["{GAME}"]

[options]
max_queue_slots = 4
mask = "matrix"

[versions]
simcash-env = "0.1.0"
numpy = "2.4"
"""
RELEASE = """
class Policy:
    def act(self, observations):
        return {bank: seen["action_mask"][:, 1].astype(int) for bank, seen in observations.items()}

def make_policy(setup):
    return Policy()
"""


def policy(act: str = "", head: str = "", make: str = "return Policy()", more: str = "") -> str:
    """Code of a policy that releases everything, but for these lines."""
    return f"""
import numpy as np
{head}

class Policy:
    days = 0
    def reset(self, seed):
        self.days += 1
        self.seed = seed
    def act(self, observations):
        chosen = {{bank: seen["action_mask"][:, 1].astype(int) for bank, seen in observations.items()}}
        {act or "pass"}
        return chosen
{more}

def make_policy(setup):
    {make}
"""


def archive(folder: Path, files: dict[str, str | bytes] | None = None, facts: str = FACTS, name: str = "p.zip") -> Path:
    """A zip file with ``policy.toml`` and these files; by default with code that releases everything."""
    path = folder / name
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as content:
        content.writestr("policy.toml", facts)
        for member, text in ({"agent.py": RELEASE} if files is None else files).items():
            content.writestr(member, text)
    return path


def member(name: str, mode: int = stat.S_IFREG | 0o644) -> zipfile.ZipInfo:
    """A member of an archive with this name, whatever it is."""
    found = zipfile.ZipInfo("x")
    found.filename = name
    found.external_attr = mode << 16
    return found
