"""The tree programs of a scenario's banks, and the columns that hold them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from simcash_env.policies import trees_of
from simcash_env.policies.program import ProgramBuilder, Trees, leaves
from simcash_env.schema.codes import NONE, Field, TreeAction

if TYPE_CHECKING:
    from simcash_env.config import BankConfig, PolicyConfig
    from simcash_env.schema.arrays import Scenario

FNV_BASIS: Final = 14695981039346656037
FNV_PRIME: Final = 1099511628211
NODE_COLUMNS: Final = ("action", "key", "first", "end", "on_true", "on_false", "path")
"""What ``ProgramBuilder`` writes down of each node."""

NEAREST_DEADLINES: Final = (Field.QUEUE2_NEAREST_DEADLINE, Field.TICKS_TO_NEAREST_QUEUE2_DEADLINE)
NO_ROOTS: Final = (NONE, NONE, NONE, NONE)
"""Of a bank that follows no program."""

REVOCATIONS: Final = {TreeAction.WITHDRAW_FROM_RTGS, TreeAction.RESUBMIT_TO_RTGS}


class Programs:
    """All programs of a scenario; banks with equal trees share them.

    Args:
        banks: in the order of their numbers.
        simcash: True if SimCash's rules hold.
        external: the policy that external banks follow by default; None for none.
    """

    def __init__(self, banks: Sequence[BankConfig], *, simcash: bool, external: PolicyConfig | None = None) -> None:
        self.is_external = [bank.policy.type == "external" for bank in banks]
        by_default = None if external is None else trees_of(external, simcash=simcash)
        self.trees = [
            by_default if bank.policy.type == "external" else trees_of(bank.policy, simcash=simcash) for bank in banks
        ]
        self.builder = ProgramBuilder()
        self.roots = [self._roots(trees) for trees in self.trees]

    def _roots(self, trees: Trees | None) -> tuple[int, int, int, int]:
        if trees is None:
            return NO_ROOTS
        add = self.builder.add_where_given
        strategic, end = add(trees.strategic_collateral), add(trees.end_collateral)
        return self.builder.add(trees.payment), add(trees.bank), strategic, end

    def registers(self) -> tuple[tuple[str, ...], ...]:
        """Of each bank, the names of what its trees remember."""
        return tuple(() if trees is None else trees.registers for trees in self.trees)

    def num_registers(self) -> int:
        """Numbers that are kept for every bank."""
        return max(map(len, self.registers()), default=0)

    def axes(self) -> dict[str, int]:
        """Lengths of the axes that programs need."""
        builder = self.builder
        return {
            "node": len(builder.nodes),
            "instruction": len(builder.instructions),
            "stack": builder.stack_depth,
            "focus": len(builder.focus) * len(self.trees),
            "register": self.num_registers() * len(self.trees),
        }

    def write(self, view: Scenario, bank_ids: Sequence[str]) -> None:
        """Fill the columns of nodes, instructions and lists, and what each bank has of them."""
        builder, num_banks = self.builder, len(bank_ids)
        view.num_registers[0] = self.num_registers()
        view.reads_committed_to[0] = builder.reads(Field.COMMITTED_TO_COUNTERPARTY)
        view.reads_nearest_deadline[0] = any(map(builder.reads, NEAREST_DEADLINES))
        for name, values in zip(NODE_COLUMNS, zip(*builder.nodes, strict=True), strict=bool(builder.nodes)):
            getattr(view, f"node_{name}")[:] = values
        view.instruction_op[:] = [op for op, _, _ in builder.instructions]
        view.instruction_field[:] = [name for _, name, _ in builder.instructions]
        view.instruction_value[:] = [number for _, _, number in builder.instructions]
        for number, names in enumerate(builder.focus):
            view.focus_has_bank[number * num_banks : (number + 1) * num_banks] = [name in names for name in bank_ids]
        self.write_roots(view, by_default=False)
        view.bank_name_hash[:] = [name_hash(name) for name in bank_ids]

    def write_roots(self, view: Scenario, *, by_default: bool) -> None:
        """Fill the columns that say which programs run: all, or only those of banks that are not external."""
        runs = [by_default or not is_external for is_external in self.is_external]
        roots = [own if is_run else NO_ROOTS for own, is_run in zip(self.roots, runs, strict=True)]
        payment, bank, strategic, end = zip(*roots, strict=True)
        view.bank_payment_root[:], view.bank_bank_root[:] = payment, bank
        view.bank_strategic_collateral_root[:], view.bank_end_collateral_root[:] = strategic, end
        view.num_bank_trees[0] = sum(root != NONE for root in bank)
        view.num_collateral_trees[0] = sum(root != NONE for root in (*strategic, *end))
        view.bank_tree_revokes[:] = [is_run and _revokes(own) for own, is_run in zip(self.trees, runs, strict=True)]
        view.any_tree_revokes[0] = view.bank_tree_revokes.any()


def _revokes(trees: Trees | None) -> bool:
    return trees is not None and any(leaf.action in REVOCATIONS for leaf in leaves(trees.payment))


def name_hash(name: str) -> float:
    """The number that stands for a bank's name in trees: 64-bit FNV-1a, as in SimCash."""
    found = FNV_BASIS
    for byte in name.encode():
        found = (found ^ byte) * FNV_PRIME % 2**64
    return float(found)
