"""Every example of the pages of the service, over a real socket, and every call has one in curl and one in Python."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.service.processes import ROOT, serving

PAGE = "docs/service-examples.md"
TEXT = (ROOT / PAGE).read_text(encoding="utf-8")
ADDRESS = "http://127.0.0.1:8000"


def blocks(text, language):
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def served():
    with serving() as service:
        yield service


def run(command, program, served):
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [*command, program.replace(ADDRESS, served.url)], capture_output=True, text=True, check=False, env=environment
    )


def test_examples_in_curl_answer_without_an_error(served):
    separated = "\necho; echo ----\n".join(blocks(TEXT, "sh"))
    done = run(["bash", "-euo", "pipefail", "-c"], separated, served)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    answers = [part.strip() for part in done.stdout.split("----")]
    assert len(answers) == len(blocks(TEXT, "sh"))
    faulty = [answer for answer in answers if answer.startswith('{"error"')]
    assert len(faulty) == 1
    assert "Did you mean castro-12period-v0, castro-2period-v0 or castro-3period-v0?" in json.loads(faulty[0])["error"]


def test_examples_in_python_run_as_one_program(served):
    done = run([sys.executable, "-W", "error", "-c"], "\n".join(blocks(TEXT, "python")), served)
    assert (done.returncode, done.stderr) == (0, "")
    assert "castro-2period-v0 2 2 How much liquidity" in done.stdout
    assert "Did you mean castro-12period-v0" in done.stdout


def test_examples_cover_every_call(served):
    parts = re.split(r"^### `([A-Z]+ \S+)`$", TEXT, flags=re.MULTILINE)[1:]
    shown = dict(zip(parts[::2], parts[1::2], strict=True))
    document = served.client.get("/openapi.json").json()
    calls = {f"{method.upper()} {path}" for path, operations in document["paths"].items() for method in operations}
    assert set(shown) == calls
    for call, text in shown.items():
        assert "curl" in "".join(blocks(text, "sh")), call
        assert "client." in "".join(blocks(text, "python")), call
