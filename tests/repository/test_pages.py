"""Every block of the documentation runs, page by page and in order, as a reader would; the site is built from them."""

import html.parser
import importlib.machinery
import importlib.util
import os
import re
import shutil
import subprocess
import sys

import pytest

from simcash_env.cli import main
from tests.repository.pages import NOT_RUN, ROOT, TEXTS, Block, blocks, lines
from tools.docs import animation, site

RUN = {"python", "sh"}
SHOWN = {"", "bibtex", "csv", "json", "mermaid", "yaml", "sql", "toml"}
"""Languages of blocks that are not run: files (which have a title where a command reads them), queries (tests/records)."""
ELSEWHERE = {"docs/service-examples.md"}
"""Pages whose blocks run against a service: tests/service/test_examples.py."""
LONG_PAGES = {
    "docs/benchmark.md", "docs/data.md", "docs/how-to/own-scenario.md", "docs/leaderboard.md", "docs/policies.md",
    "docs/tutorial.md",
}  # fmt: skip
"""Pages whose blocks train, tune, plan or fit: many seconds."""


def run_program(block: Block, names: dict[str, object]) -> None:
    exec(compile(block.text, "example", "exec"), names)  # noqa: S102 - our own examples


def run_line(line, folder, monkeypatch):
    """A command as a shell would; ours in this process, which has everything loaded."""
    if line.reason:
        return
    if line.words[0] == "simcash":
        with monkeypatch.context() as patch:
            for name, value in line.variables.items():
                patch.setenv(name, value)
            with pytest.raises(SystemExit) as leaving:
                main(line.words[1:])
        assert leaving.value.code == 0, line.words
        return
    assert line.words[0] == "python", f"{line.words}: neither ours nor in NOT_RUN"
    environment = {**os.environ, **line.variables, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, *line.words[1:]], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.slow] * (name in LONG_PAGES))
        for name, text in TEXTS.items()
        if name not in ELSEWHERE and RUN & {block.kind for block in blocks(text)}
    ],
)
def test_pages_every_block_of_a_page_runs_in_its_order(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found, names = blocks(TEXTS[name]), {"__name__": "__main__"}
    for block in found:
        if block.title:
            (tmp_path / block.title).write_text(block.text, encoding="utf-8")
    for block in found:
        if (
            block.kind == "python" and not block.title
        ):  # a program with a title is a file, which a line for the shell runs
            run_program(block, names)
        for line in lines(block.text) if block.kind == "sh" else []:
            run_line(line, tmp_path, monkeypatch)


@pytest.mark.parametrize("name", TEXTS)
def test_pages_every_block_says_its_language_and_every_program_is_run(name):
    assert {block.kind for block in blocks(TEXTS[name])} <= RUN | SHOWN
    if name in ELSEWHERE:
        return
    shown = [line.words for block in blocks(TEXTS[name]) if block.kind == "sh" for line in lines(block.text)]
    for block in blocks(TEXTS[name]):
        if block.kind == "python" and block.title:
            stem = block.title.removesuffix(".py")
            used = [words for words in shown if words[0] == "python" and block.title in words]
            used += [other.title for other in blocks(TEXTS[name]) if f"from {stem} import" in other.text]
            assert used, "a program that no line of the page runs or packs"


def test_pages_what_is_not_run_is_shown_somewhere():
    said = [
        line.reason
        for name, text in TEXTS.items()
        if name not in ELSEWHERE
        for block in blocks(text)
        for line in lines(block.text)
        if block.kind == "sh"
    ]
    assert set(said) == {"", *NOT_RUN.values()}


def test_pages_block_that_fails_is_found(tmp_path, monkeypatch):
    with pytest.raises(ZeroDivisionError):
        run_program(Block("python", "", "1 / 0"), {})
    (line,) = lines("simcash run no-such-scenario  # fails")
    with pytest.raises(AssertionError):
        run_line(line, tmp_path, monkeypatch)
    (line,) = lines("rm -r everything")
    with pytest.raises(AssertionError, match="neither ours"):
        run_line(line, tmp_path, monkeypatch)


def test_pages_navigation_names_a_page_once():
    named = re.findall(r"([\w/-]+\.md)$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.MULTILINE)
    assert len(named) > 30
    assert sorted(named) == sorted(set(named))


def test_page_that_the_navigation_forgets_is_on_the_site():
    nav = [{"Use": [{"Environment": "environment.md"}, "records.md"]}]
    assert "environment.md" not in site.unnamed(nav)
    assert "records.md" not in site.unnamed(nav)
    assert "service.md" in site.unnamed(nav)


def test_pages_links_into_the_repository_lead_to_pages_of_the_site():
    shown = site.sources()
    assert shown["index.md"] == ROOT / "README.md"
    page = ROOT / "docs" / "environment.md"
    text = site.relinked(
        "[a](../examples/own_reward.py) [b](scenarios.md#library) [c](decisions)", page, "environment.md"
    )
    assert text == "[a](source/examples/own_reward.py.md) [b](scenarios.md#library) [c](decisions/README.md)"
    assert "source/examples/own_reward.py.md" in shown
    assert "A binary file of" in site.text_of(ROOT / "examples" / "submissions" / "torchrl_ppo.zip")
    assert site.text_of(ROOT / "examples" / "own_reward.py").startswith("# examples/own_reward.py\n\n````python\n")


def test_pages_architecture_diagram_shows_modules_that_exist():
    (diagram,) = [block.text for block in blocks(TEXTS["docs/architecture.md"]) if block.kind == "mermaid"]
    modules = re.findall(r"\b\w+(?:/\w+)*(?:\.py|/)(?!>)", diagram)
    assert len(modules) > 12
    places = [ROOT, *(ROOT / "simcash_env" / name for name in ("", "agents", "compile", "kernels"))]
    assert [module for module in modules if not any((place / module).exists() for place in places)] == []
    steps = re.findall(r"\w+(?: · \w+)+", diagram.replace("<br/>", " "))
    assert len(steps) == 2  # of open_tick and of close_tick
    files = [f"simcash_env/kernels/{step}.py" for step in " · ".join(steps).split(" · ")]
    assert [file for file in files if not (ROOT / file).exists()] == []


def test_pages_mermaid_script_missing_says_what_installs_it(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(FileNotFoundError, match="diagram-renderer is not installed; the extra `docs` installs"):
        site.mermaid_script()


def test_pages_mermaid_script_elsewhere_names_the_path(monkeypatch, tmp_path):
    spec = importlib.machinery.ModuleSpec("diagram_renderer", None, origin=str(tmp_path / "__init__.py"))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: spec)
    with pytest.raises(FileNotFoundError, match=r"mermaid\.min\.js does not exist"):
        site.mermaid_script()


class Assets(html.parser.HTMLParser):
    """What a page loads by itself."""

    def __init__(self):
        super().__init__()
        self.loaded = []

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if tag in {"script", "img", "iframe", "source"} and given.get("src"):
            self.loaded.append(given["src"])
        if tag == "link" and given.get("rel") in {"stylesheet", "preload", "preconnect", "icon"}:
            self.loaded.append(given["href"])


@pytest.fixture(scope="module")
def built_site(tmp_path_factory):
    """The site, built as `make site` builds it."""
    if importlib.util.find_spec("mkdocs") is None:
        pytest.skip("needs the extra `docs`: make site builds it too")
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", folder],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.slow
def test_pages_site_loads_nothing_from_another_site(built_site):
    pages = list(built_site.rglob("*.html"))
    assert len(pages) > 30
    for page in pages:
        assets = Assets()
        assets.feed(page.read_text(encoding="utf-8"))
        assert assets.loaded, page
        assert [asset for asset in assets.loaded if re.match(r"(https?:)?//", asset)] == [], page
    assert "SimCashVec" in (built_site / "reference" / "environments.html").read_text(encoding="utf-8")
    assert "own_reward.py" in (built_site / "how-to" / "own-reward.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_pages_site_serves_the_script_of_its_diagrams(built_site):
    texts = {page: page.read_text(encoding="utf-8") for page in built_site.rglob("*.html")}
    with_diagram = [page for page, text in texts.items() if '<pre class="mermaid">' in text]
    assert built_site / "architecture.html" in with_diagram
    for page, text in texts.items():
        scripts = re.findall(r'<script src="([^"]*mermaid\.min\.js)"></script>', text)
        assert [(page.parent / script).is_file() for script in scripts] == [True] * (page in with_diagram), page


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("chromium") is None, reason="chromium is not installed")
@pytest.mark.parametrize(("first", "is_drawn"), [("flowchart TB", True), ("flowchrt TB", False)])
def test_pages_site_draws_the_architecture_diagram(first, is_drawn, built_site, tmp_path):
    page = built_site / f"{tmp_path.name}.html"
    text = (built_site / "architecture.html").read_text(encoding="utf-8")
    page.write_text(text.replace("flowchart TB", first), encoding="utf-8")
    flags = (
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        f"--user-data-dir={tmp_path}",
        "--virtual-time-budget=20000",
    )
    done = subprocess.run(
        ["chromium", *flags, "--dump-dom", page.as_uri()], capture_output=True, text=True, check=False
    )
    page.unlink()
    assert ('<div class="mermaid">' in done.stdout, '<pre class="mermaid">' in done.stdout) == (is_drawn, not is_drawn)


def test_pages_animation_shows_a_day_of_its_scenario(tmp_path, capsys):
    from PIL import Image

    with Image.open(animation.PICTURE) as shown:
        assert shown.n_frames == 25  # 24 ticks, and where they lead
        assert shown.info["loop"] == 0  # for ever
    assert animation.PICTURE.stat().st_size < 1_000_000
    animation.main(["--scenario", "castro-3period-v0", "--out", str(tmp_path / "day.gif")])
    assert "4 frames" in capsys.readouterr().out
    with Image.open(tmp_path / "day.gif") as drawn:
        assert drawn.n_frames == 4
