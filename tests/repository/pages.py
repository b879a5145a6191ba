"""The blocks of a page of documentation, in their order: files that it shows, programs, lines for a shell."""

import re
import shlex
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
FIRST = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "tools/README.md")
PAGES = [*(ROOT / name for name in FIRST), *sorted((ROOT / "docs").rglob("*.md"))]
TEXTS = {page.relative_to(ROOT).as_posix(): page.read_text(encoding="utf-8") for page in PAGES}
FENCE = re.compile(r"^```(?P<kind>\w*)(?P<rest>[^\n]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)

NOT_RUN = {
    "pip install": "changes the environment that the tests run in; tests/repository/test_packaging.py builds what it would install",
    "make": "the targets are what calls the tests",
    ".adapters/": "needs an environment of another library, which make adapters makes; make libraries runs it",
    "docker": "needs a container engine; tests/repository/test_container.py checks the files that it reads",
    "simcash serve": "does not end by itself; tests/service starts it",
    "simcash train castro-12period-v0": "trains for minutes; tests/learning trains for less",
    "simcash train lynx-day-v0": "searches for minutes; tests/learning/test_rank_search.py searches for less",
    "simcash train 2b-3t-v0-rollout": "trains for minutes; tests/learning/test_expert_iteration.py trains for less",
    "simcash train best.yaml": "likewise, with what a search has found",
    "simcash tune": "likewise; tests/learning/test_tune.py searches",
    "simcash evaluate results": "plays what a training left; docs/quick-start.md trains and evaluates",
    "simcash evaluate castro-12period-v0": "plays a policy that is shipped; tests/learning/test_expert.py does",
    "simcash submit examples": "plays 200 days of trained policies; tests/examples/test_submissions.py plays fewer",
    "simcash rllib": "needs Ray; tests/cluster",
    "simcash sweep": "likewise",
    "simcash distill": "asks a trained network for thousands of decisions; tests/learning/test_distill.py",
    "simcash run results": "runs what was distilled; likewise",
    "simcash export": "plays a thousand runs; tests/learning/test_offline_data.py plays fewer",
}
"""Commands that are shown and not run, by how they begin, and why."""


class Block(NamedTuple):
    """A fenced block: its language, the file that it is shown as, its text."""

    kind: str
    title: str
    text: str


def blocks(text: str) -> list[Block]:
    """The blocks of a page."""
    found = []
    for match in FENCE.finditer(text):
        title = re.search(r'title="([^"]+)"', match["rest"])
        found.append(Block(match["kind"], title[1] if title else "", match["text"]))
    return found


class Line(NamedTuple):
    """A line for a shell: variables that it sets, and the words of the command."""

    variables: dict[str, str]
    words: list[str]

    @property
    def reason(self) -> str:
        """Why it is not run; empty where it is."""
        said = " ".join(self.words)
        return next((why for begin, why in NOT_RUN.items() if said.startswith(begin)), "")


def lines(text: str) -> list[Line]:
    """The commands of a shell block; comments are left out."""
    found = []
    for line in text.splitlines():
        words = shlex.split(line, comments=True)
        variables = {}
        while words and re.fullmatch(r"[A-Z_]+=\S*", words[0]):
            name, _, value = words.pop(0).partition("=")
            variables[name] = value
        if words:
            found.append(Line(variables, words))
    return found
