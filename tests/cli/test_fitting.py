"""Tables on terminals of any width: no number is folded or cut."""

import io

import pytest
from rich.table import Table

from simcash_env.cli.fitting import FittingConsole
from simcash_env.literal import literal_console

MONEY = ("1,234,567,890.12", "-987,654,321.00")


def made(title="Costs"):
    table = Table(title=title, caption="cents a run")
    table.add_column("bank")
    table.add_column("cost of all payments", justify="right")
    table.add_column("what it does", overflow="fold")
    table.add_column("", justify="right")
    for number, cents in enumerate(MONEY):
        table.add_row(f"BANK_{number}", cents, "holds payments until it is paid, then releases them in order", "7")
    return table


def printed(table, width):
    out = io.StringIO()
    console = literal_console(FittingConsole, file=out, width=width)
    console.print(table)
    console.print("text")
    return out.getvalue()


@pytest.mark.parametrize("width", [30, 40, 60, 80, 110, 200])
def test_fitting_prints_every_number_whole_and_no_line_wider_than_the_terminal(width):
    lines = printed(made(), width).splitlines()
    for cents in MONEY:
        assert any(cents in line for line in lines)
    assert all(len(line) <= width for line in lines)
    assert ("┃" in "".join(lines)) == (width >= 60)
    assert lines[-1] == "text"


def test_fitting_records_have_title_a_line_for_each_value_and_the_caption():
    lines = [line.rstrip() for line in printed(made(), 50).splitlines()]
    assert lines[:4] == ["Costs", "bank BANK_0", "  cost of all payments  1,234,567,890.12",
                         "  what it does          holds payments until it is"]  # fmt: skip
    assert lines[-2] == "cents a run"


def test_fitting_records_leave_out_empty_cells_and_titles():
    table = Table(box=None)
    table.add_column("")
    table.add_column("amount", justify="right")
    table.add_column("note", justify="right")
    table.add_row("A", "1" * 30, "")
    table.add_row("", "2", "3")
    assert next(line.rstrip() for line in printed(table, 20).splitlines() if line.strip()) == "A"
    assert "note" not in printed(table, 20).split("2")[0]
