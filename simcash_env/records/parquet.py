"""The event log of one run as a Parquet file; what is needed to replay it stands in the file's own metadata."""

from __future__ import annotations

import base64
import binascii
import contextlib
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from simcash_env.errors import RecordError, WriteError
from simcash_env.files import partial_of, remove, take_name
from simcash_env.records.columns import CHUNK_ROWS
from simcash_env.records.drawing import tables_of
from simcash_env.records.facts import RunFacts
from simcash_env.records.inputs import Input
from simcash_env.records.recorder import Chunk
from simcash_env.records.schema import EVENTS, Decoder, Encoder
from simcash_env.schema.arrays import I64
from simcash_env.simulation.run_tables import RunTables

FACTS: Final = b"simcash.run"
INPUTS: Final = b"simcash.inputs"


class ParquetSink:
    """Writes events to a temporary file next to the target and renames it when the record ends.

    Args:
        path: the file to write; one that is there is replaced at the end, and only then.
        facts: of the run about to be recorded.

    Raises:
        WriteError: the file cannot be written; every method can raise this.
    """

    def __init__(self, path: Path, facts: RunFacts) -> None:
        self.path = path
        self._partial = partial_of(path)
        self._encoder = Encoder(facts.bank_ids, facts.ticks_per_day)
        self._packer = zlib.compressobj()
        self._inputs = bytearray()
        try:
            self._file = self._partial.open("wb")
            self._writer = pq.ParquetWriter(self._file, EVENTS, compression="zstd", write_page_checksum=True)
        except (OSError, pa.ArrowException) as error:
            remove(self._partial)
            raise WriteError.of(path, error) from error

    def write(self, chunk: Chunk, facts: RunFacts) -> None:
        """Append a row group."""
        del facts
        for given in chunk.inputs:
            self._inputs += self._packer.compress(json.dumps(given).encode() + b"\n")
        if not len(chunk.rows):
            return
        try:
            for at in range(0, len(chunk.rows), CHUNK_ROWS):
                rows = chunk.rows[at : at + CHUNK_ROWS]
                self._writer.write_table(self._encoder.events(rows, chunk.first_event + at, chunk.names))
        except (OSError, pa.ArrowException) as error:
            raise WriteError.of(self.path, error) from error

    def finish(self, facts: RunFacts) -> None:
        """Write the footer, and let the file take its name."""
        self._inputs += self._packer.flush()
        try:
            packed = base64.b64encode(bytes(self._inputs))
            self._writer.add_key_value_metadata({FACTS: facts.to_json().encode(), INPUTS: packed})
            self._writer.close()
            self._file.close()
            take_name(self._partial, self.path)
        except (OSError, pa.ArrowException) as error:
            self._remove()
            raise WriteError.of(self.path, error) from error

    def abandon(self, facts: RunFacts) -> None:
        """Remove what was written: without a footer nobody could read it."""
        del facts
        self._remove()

    def _remove(self) -> None:
        for part in (self._writer, self._file):
            with contextlib.suppress(OSError, pa.ArrowException):  # the disk is full still; the file goes all the same
                part.close()
        remove(self._partial)


class ParquetRecord:
    """A record in a Parquet file.

    Args:
        path: the file.

    Raises:
        RecordError: it is no record, or damaged; every method can raise this.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._file = pq.ParquetFile(path, page_checksum_verification=True)
            metadata = self._file.schema_arrow.metadata or {}
            metadata |= self._file.metadata.metadata or {}
        except (OSError, pa.ArrowException) as error:
            message = f"{path}: no Parquet file, or a damaged one: {str(error).splitlines()[0]}"
            raise RecordError(message) from error
        if FACTS not in metadata or INPUTS not in metadata:
            message = f"{path}: a Parquet file, but no record of a run"
            raise RecordError(message)
        self.facts = self._named(lambda: RunFacts.from_json(metadata[FACTS]))
        self._packed = metadata[INPUTS]
        if not self._file.schema_arrow.equals(EVENTS, check_metadata=False):
            message = f"{path}: its columns are not those of a record: {', '.join(self._file.schema_arrow.names)}"
            raise RecordError(message)

    def inputs(self) -> Iterator[Input]:
        """What came into the run from outside, in order."""
        try:
            text = zlib.decompress(base64.b64decode(self._packed, validate=True)).decode()
            yield from [Input(*json.loads(line)) for line in text.splitlines()]
        except (zlib.error, binascii.Error, ValueError, TypeError) as error:
            message = f"{self.path}: its inputs cannot be read: the record is damaged"
            raise RecordError(message) from error

    def chunks(self) -> Iterator[I64]:
        """The event log in (events, 8) pieces."""
        decoder = Decoder(self.facts.bank_ids)
        try:
            for batch in self._file.iter_batches(CHUNK_ROWS):
                yield self._named(lambda batch=batch: decoder.rows(pa.Table.from_batches([batch])))
        except (OSError, pa.ArrowException) as error:
            message = f"{self.path}: its events cannot be read: {str(error).splitlines()[0]}"
            raise RecordError(message) from error

    def samples(self) -> None:
        """A Parquet record has events alone."""

    def tables(self) -> RunTables:
        """The run as Arrow tables; see ``drawing.tables_of``."""
        return tables_of(self)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _named(self, read: Any) -> Any:
        try:
            return read()
        except RecordError as error:
            message = f"{self.path}: {error}"
            raise RecordError(message) from error
