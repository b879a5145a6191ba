"""An entry, a verb or a head is one row: sizes, masks, decoding, names and documentation follow from it.

Each test edits a copy of the tree as ``CONTRIBUTING.md`` says, and asks a process that runs the copy without compiling.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import simcash_env

ENTRY_ROW = '    Entry("dummy_entry", Block.FLOWS, Scale.SHARE, "one half"),\n'
VERB_ROW = '    SlotVerb(Verb.WAIT, _always, "", "dummy"),\n'
HEAD_ROW = """    Head(
        "dummy_head",
        3,
        lambda view, learners: True,
        (2, 0, 1),
        "dummy subject",
        "0 nothing · 1, 2 dummy",
        "always",
    ),
"""

PROGRAM = """
import json
import numpy as np
from simcash_env import make_vec
from simcash_env.agents.observation import ENTRIES, observation_names
from simcash_env.schema.heads import head_table
from simcash_env.schema.verbs import describe_choices
vec = make_vec("ten-banks-v0", 1, max_queue_slots=4, autoreset="disabled", learners="all")
vec.reset(1)
for _ in range(3):
    vec.step(np.zeros(vec.actions.shape, np.int64))
names, at = list(observation_names(4)), {name: at for at, name in enumerate(vec.observation_layout)}
bank = int(np.flatnonzero(vec.masks[0, :, 0, 1])[0])  # has a payment in its first slot
choices = vec.slot_choices
found = {
    "names": names,
    "size": vec.num_features,
    "meanings": [entry.meaning for entry in ENTRIES],
    "values": {name: float(vec.features[0, bank, at[name]]) for name in ("balance", "paid_today", "amount", "dummy_entry")
               if name in at},
    "slot_balance": float(vec.features[0, bank, at["slot0.amount"]]),
    "shape": list(vec.masks.shape),
    "nvec": vec.action_nvec.tolist(),
    "heads": vec.head_index,
    "choices": [choices.describe(choice) for choice in range(choices.size)],
    "mask": vec.masks[0, bank].tolist(),
    "verbs_text": describe_choices(),
    "heads_text": [list(row) for row in head_table()],
}
for head in (0, vec.action_nvec.size - 1):
    for choice in range(int(vec.action_nvec[head])):
        twin = make_vec("ten-banks-v0", 1, max_queue_slots=4, autoreset="disabled", learners="all")
        twin.restore(vec.snapshot())
        actions = np.zeros(twin.actions.shape, np.int64)
        actions[0, bank, head] = choice
        twin.step(actions)
        found[f"illegal {head} {choice}"] = int(twin.illegal[0, bank])
        found[f"digest {head} {choice}"] = twin.digest(0)
print(json.dumps(found))
"""


def edit(path, *pairs):
    text = path.read_text(encoding="utf-8")
    for old, new in pairs:
        assert text.count(old) == 1, f"{path.name}: {old!r}"
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")


def facts_of(root):
    """What a process says of the tree in this folder."""
    environment = {**os.environ, "PYTHONPATH": str(root), "NUMBA_DISABLE_JIT": "1"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=root, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def before(pytestconfig):
    return facts_of(pytestconfig.rootpath)


@pytest.fixture
def tree(tmp_path, pytestconfig):
    folders = (Path(simcash_env.__file__).parent, pytestconfig.rootpath / "configs")  # make wheel installs the package
    for folder in folders:
        shutil.copytree(folder, tmp_path / folder.name, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def test_one_row_and_one_line_make_an_observation_entry(tree, before):
    row = 'Entry("received_today"'
    edit(tree / "simcash_env/agents/observation.py", (f"    {row}", f"{ENTRY_ROW}    {row}"))
    line = "    entries[AT.paid_today] ="
    edit(tree / "simcash_env/agents/observe.py", (line, f"    entries[AT.dummy_entry] = 0.5\n{line}"))
    after = facts_of(tree)
    at = before["names"].index("received_today")
    assert after["names"] == [*before["names"][:at], "dummy_entry", *before["names"][at:]]
    assert after["size"] == before["size"] + 1
    assert "one half" in after["meanings"]
    assert after["values"] == {**before["values"], "dummy_entry": 0.5}
    assert after["slot_balance"] == before["slot_balance"], "what comes behind moved with its name"
    assert (after["nvec"], after["mask"]) == (before["nvec"], before["mask"])


def test_one_row_and_one_branch_make_a_verb(tree, before):
    """A second way to hold, offered after all others, for payments of which little is left."""
    row = "    SlotVerb(Verb.DROP"
    edit(tree / "simcash_env/schema/verbs.py", (row, f"{VERB_ROW}{row}"))
    branch = "    return may_split(scenario, state, row, parts) if verb == SPLIT else True\n"
    own = "    if verb == WAIT:\n        return False\n"
    edit(tree / "simcash_env/kernels/payment_decisions.py", (branch, f"{own}{branch}"))
    after = facts_of(tree)
    at = after["choices"].index("wait")
    assert [name for name in after["choices"] if name != "wait"] == before["choices"]
    assert after["nvec"][0] == before["nvec"][0] + 1
    assert after["mask"][0][at] == 0
    assert after["mask"][0][:at] == before["mask"][0][:at]
    assert after[f"illegal 0 {at}"] == 1
    assert after[f"digest 0 {at}"] == after["digest 0 0"], "what may not be done counts as holding"
    for choice, name in enumerate(before["choices"]):
        assert after[f"digest 0 {after['choices'].index(name)}"] == before[f"digest 0 {choice}"], name
    assert "dummy" in after["verbs_text"]


def test_one_row_and_two_branches_make_an_optional_head(tree, before):
    edit(tree / "simcash_env/schema/heads.py", ('    Head(\n        "pool"', f'{HEAD_ROW}    Head(\n        "pool"'))
    edit(
        tree / "simcash_env/agents/heads.py",
        (
            "    if head == HEAD.pool:\n",
            "    if head == HEAD.dummy_head:\n        return int(choice == 2)\n    if head == HEAD.pool:\n",
        ),
        (
            "    elif head == HEAD.pool:\n",
            "    elif head == HEAD.dummy_head:\n        mask[1] = 1\n    elif head == HEAD.pool:\n",
        ),
    )
    after = facts_of(tree)
    first = min([*before["heads"].values(), len(before["nvec"])])
    first += "rtgs_priority" in before["heads"]
    assert after["heads"]["dummy_head"] == first
    assert {name: at - (at > first) for name, at in after["heads"].items() if name != "dummy_head"} == before["heads"]
    assert after["nvec"] == [*before["nvec"][:first], 3, *before["nvec"][first:]]
    width = after["shape"][3]
    assert after["mask"][first] == [1, 1, *[0] * (width - 2)]
    others = [row for at, row in enumerate(after["mask"]) if at != first]
    assert others == [row + [0] * (width - len(row)) for row in before["mask"]]
    if first == len(after["nvec"]) - 1:
        assert [after[f"illegal {first} {choice}"] for choice in range(3)] == [0, 0, 1]
    assert ["dummy subject", "0 nothing · 1, 2 dummy", "always"] in after["heads_text"]
    assert after["names"] == before["names"]
