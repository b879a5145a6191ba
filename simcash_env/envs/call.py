"""The arguments of a batch's step as one array of words: boxing every array would cost more than a small step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simcash_env.schema.layout import pack_arguments

if TYPE_CHECKING:
    from simcash_env.schema.arrays import I64


class PackedCall:
    """Keeps the arrays of a ``Call`` (``agents/tables.py``) alive, and the words by which the kernel finds them."""

    def __init__(self, call: Any) -> None:
        self._call = call
        self.words: I64 = pack_arguments(call)
