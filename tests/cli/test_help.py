"""Every command there is, found by walking them: help with an example that can be typed, and ``--json``."""

import re
import shlex
from pathlib import Path

import pytest
import typer

from simcash_env.cli import app, main

WITHOUT_JSON = {"serve"}  # its log is JSON; what it prints is its address


def walk(group, words=()):
    """Every command that does something, with the words that name it."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from walk(command, (*words, name))
        else:
            yield " ".join((*words, name)), command


COMMANDS = dict(walk(typer.main.get_command(app)))


def examples_of(command):
    """Every example at the end of a command's help, as it would be typed."""
    told = re.sub(r"^Examples?: ", "", command.epilog or "")
    return [example.strip() for example in told.split("   |   ")]


def test_help_all_are_found():
    assert {"run", "create", "serve", "replay", "scenarios list", "policies validate"} <= set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_every_command_says_what_it_does_and_shows_examples_that_fit(name, capfd, monkeypatch):
    monkeypatch.setenv("COLUMNS", "2000")
    with pytest.raises(SystemExit, match="0"):
        main([*name.split(), "--help"])
    told = capfd.readouterr().out
    command = COMMANDS[name]
    assert command.help.splitlines()[0] in told
    options = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    for example in examples_of(command):
        assert example in told
        words = [word for word in shlex.split(example, comments=False) if not word.startswith("SIMCASH_TOKEN=")]
        assert " ".join(words).startswith(f"simcash {name}")
        assert {word for word in words if word.startswith("--")} <= options


@pytest.mark.parametrize("name", COMMANDS)
def test_help_every_option_says_what_it_is(name):
    for parameter in COMMANDS[name].params:
        assert getattr(parameter, "help", None) or parameter.name == "help", parameter.name


@pytest.mark.parametrize("name", COMMANDS)
def test_help_every_command_can_answer_as_json(name):
    options = {option for parameter in COMMANDS[name].params for option in parameter.opts}
    assert ("--json" in options) != (name in WITHOUT_JSON)


@pytest.mark.parametrize("name", COMMANDS)
def test_help_every_command_can_be_quiet(name):
    options = {option for parameter in COMMANDS[name].params for option in parameter.opts}
    assert ("--quiet" in options) != (name in WITHOUT_JSON)


@pytest.mark.parametrize("words", [(), ("run",), ("scenarios", "list")])
def test_help_has_a_short_option(words, capfd):
    with pytest.raises(SystemExit, match="0"):
        main([*words, "-h"])
    assert "Usage: simcash" in capfd.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("trian",), "No such command 'trian'. Did you mean train?"),
        (("scenarios", "li"), "No such command 'li'. Did you mean list?"),
        (("ev",), "No such command 'ev'. Did you mean evaluate?"),
        (("zzz",), "No such command 'zzz'."),
    ],
)
def test_help_unknown_command_is_answered_with_likely_ones(words, said, capfd):
    with pytest.raises(SystemExit, match="2"):
        main([*words])
    assert said in capfd.readouterr().err


def test_help_quiet_leaves_out_notes_and_not_errors(capfd):
    for options, told in (((), True), (("--quiet",), False)):
        with pytest.raises(SystemExit, match="0"):
            main(["metrics", "two-banks-v0", "--json", *options])
        assert ("external banks" in capfd.readouterr().err) == told
    with pytest.raises(SystemExit, match="2"):
        main(["metrics", "castro", "--quiet"])
    assert "Did you mean castro-12period-v0, castro-2period-v0 or castro-3period-v0?" in capfd.readouterr().err


def test_help_page_of_commands_names_them_all():
    page = (Path(__file__).parents[2] / "docs" / "command-line.md").read_text(encoding="utf-8")
    for name in COMMANDS:
        assert f"`simcash {name}`" in page, name
