"""Credit transfers of ISO 20022, ``pacs.008`` and ``pacs.009``: a file, a folder or a zip of XML messages.

Every version of the two messages is read, with or without an envelope. Documents with a DTD or with entities are
refused. A zip is read member by member in memory; nothing is extracted.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any, Final
from xml.etree.ElementTree import Element, ParseError

from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException

from simcash_env.errors import DataError, Fault, reason_of

MAX_MESSAGE_BYTES: Final = 64 * 2**20
"""Largest message."""

MAX_MESSAGES: Final = 200_000
"""Largest number of messages in a folder or zip."""

MAX_TOTAL_BYTES: Final = 2 * 2**30
"""Largest size of all messages together, uncompressed."""

KINDS: Final = {"FIToFICstmrCdtTrf": "customer", "FICdtTrf": "interbank", "FinInstnCdtTrf": "interbank"}
"""Root element of a message, and the kind of its payments: pacs.008, pacs.009, and pacs.009.001.01."""

FIELDS: Final = (
    "MsgId",
    "Msg",
    "CreDtTm",
    "IntrBkSttlmDt",
    "TxId",
    "IntrBkSttlmAmt",
    "Ccy",
    "InstgAgt",
    "InstdAgt",
    "SttlmPrty",
    "FrTm",
    "TillTm",
    "SttlmTm",
)
"""Columns of a message's transactions."""

Row = dict[str, str | None]


def is_zip(path: Path) -> bool:
    """True for a file name that ends in ``.zip``."""
    return path.suffix.lower() == ".zip"


def messages(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of every message of a file, folder or zip, in order of names.

    Raises:
        DataError: a member that is no message, an unsafe name, or a size above the limits.
    """
    if path.is_dir():
        files = sorted(path.iterdir())
        if odd := [file for file in files if not file.is_file() or file.suffix.lower() != ".xml"]:
            raise _refusal(odd[0], "a folder of messages must have only .xml files")
        _require_size(path, len(files), sum(file.stat().st_size for file in files))
        for file in files:
            if file.stat().st_size > MAX_MESSAGE_BYTES:
                raise _refusal(file, f"a message must have at most {MAX_MESSAGE_BYTES} bytes")
            yield file.name, file.read_bytes()
    elif is_zip(path):
        try:
            with zipfile.ZipFile(path) as archive:
                yield from _members(path, archive)
        except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError) as error:
            raise _refusal(path, f"not a usable zip file: {reason_of(error)}") from error
    else:
        if path.stat().st_size > MAX_MESSAGE_BYTES:
            raise _refusal(path, f"a message must have at most {MAX_MESSAGE_BYTES} bytes")
        yield path.name, path.read_bytes()


def _members(path: Path, archive: zipfile.ZipFile) -> Iterator[tuple[str, bytes]]:
    """Yield the members of a zip; none is read further than the size that the zip states."""
    infos = sorted((info for info in archive.infolist() if not info.is_dir()), key=lambda info: info.filename)
    _require_size(path, len(infos), sum(info.file_size for info in infos))
    for info in infos:
        name = PurePosixPath(info.filename.replace("\\", "/"))
        place = f"{path}/{info.filename}"
        if name.is_absolute() or ".." in name.parts or ":" in info.filename:
            raise _refusal(place, "the name of a member must not lead out of the zip file")
        if name.suffix.lower() != ".xml":
            raise _refusal(place, "a zip of messages must have only .xml files")
        if info.flag_bits & 1:
            raise _refusal(place, "is encrypted")
        if info.file_size > MAX_MESSAGE_BYTES:
            raise _refusal(place, f"a message must have at most {MAX_MESSAGE_BYTES} bytes")
        yield info.filename, archive.read(info)


def _require_size(path: Path, count: int, size: int) -> None:
    if count > MAX_MESSAGES:
        raise _refusal(path, f"has {count} messages; at most {MAX_MESSAGES} are read")
    if size > MAX_TOTAL_BYTES:
        raise _refusal(path, f"has more than {MAX_TOTAL_BYTES} bytes uncompressed, the largest size that is read")
    if not count:
        raise _refusal(path, "has no messages (.xml)")


def transactions(name: str, content: bytes) -> list[Row]:
    """The transactions of one message, as text by column.

    Args:
        name: of the message, for errors.
        content: XML.

    Raises:
        DataError: no well-formed XML, a DTD or entities, no such message, or another number or sum of transactions
            than its group header states.
    """
    try:
        root = ElementTree.fromstring(content, forbid_dtd=True)
    except DefusedXmlException as error:
        raise _refusal(name, "must not have a DTD or entities") from error
    except (ParseError, ValueError, LookupError) as error:
        raise _refusal(name, f"not well-formed XML: {reason_of(error)}") from error
    message = next((found for found in root.iter() if _tag(found) in KINDS), None)
    if message is None:
        raise _refusal(name, f"neither pacs.008 nor pacs.009: the message element is {_tag(root)}")
    header = _child(message, "GrpHdr")
    rows = [_row(message, header, found) for found in message if _tag(found) == "CdtTrfTxInf"]
    stated = _text(header, "NbOfTxs")
    if stated is not None and (re.fullmatch("[0-9]{1,15}", stated) is None or int(stated) != len(rows)):
        fault = Fault(name, None, "NbOfTxs", repr(stated), f"the message has {len(rows)} transactions")
        raise DataError([fault])
    return rows


def _row(message: Element, header: Element | None, transaction: Element) -> Row:
    """One transaction; what it does not state itself is taken from the group header."""
    amount = _child(transaction, "IntrBkSttlmAmt")
    times = _child(transaction, "SttlmTmReq")
    given = (transaction, header)
    is_interbank = KINDS[_tag(message)] == "interbank"
    return {
        "MsgId": _text(header, "MsgId"),
        "Msg": KINDS[_tag(message)],
        "CreDtTm": _text(header, "CreDtTm"),
        "IntrBkSttlmDt": _first(_text(part, "IntrBkSttlmDt") for part in given),
        "TxId": _first(_text(transaction, "PmtId", name) for name in ("UETR", "TxId", "InstrId", "EndToEndId")),
        "IntrBkSttlmAmt": None if amount is None else _stripped(amount.text),
        "Ccy": None if amount is None else amount.get("Ccy"),
        "InstgAgt": _agent(given, "InstgAgt", transaction, "Dbtr" if is_interbank else "DbtrAgt"),
        "InstdAgt": _agent(given, "InstdAgt", transaction, "Cdtr" if is_interbank else "CdtrAgt"),
        "SttlmPrty": _first(
            [
                _text(transaction, "SttlmPrty"),
                _text(transaction, "PmtTpInf", "InstrPrty"),
                _text(header, "PmtTpInf", "InstrPrty"),
            ]
        ),
        "FrTm": _text(times, "FrTm"),
        "TillTm": _first(_text(times, name) for name in ("TillTm", "RjctTm", "CLSTm")),
        "SttlmTm": _first(_text(transaction, "SttlmTmIndctn", name) for name in ("CdtDtTm", "DbtDtTm")),
    }


def _agent(given: tuple[Element | None, ...], own: str, transaction: Element, party: str) -> str | None:
    """The instructing or instructed agent; where there is none, the agent of debtor or creditor."""
    for place, name in [*((part, own) for part in given), (transaction, party), (transaction, f"{party}Agt")]:
        institution = _child(_child(place, name), "FinInstnId")
        found = _first(
            [
                _text(institution, "BICFI"),
                _text(institution, "BIC"),
                _text(institution, "ClrSysMmbId", "MmbId"),
                _text(institution, "LEI"),
                _text(institution, "Othr", "Id"),
            ]
        )
        if found is not None:
            return found
    return None


def _tag(element: Element) -> str:
    """Name of an element without its namespace, so that all versions of a message are read."""
    return element.tag.rpartition("}")[2]


def _child(element: Element | None, name: str) -> Element | None:
    return None if element is None else next((found for found in element if _tag(found) == name), None)


def _text(element: Element | None, *names: str) -> str | None:
    for name in names:
        element = _child(element, name)
    return None if element is None else _stripped(element.text)


def _stripped(text: str | None) -> str | None:
    return (text or "").strip() or None


def _first(found: Any) -> str | None:
    return next((text for text in found if text is not None), None)


def _refusal(file: Path | str, rule: str) -> DataError:
    return DataError([Fault(str(file), None, "", None, rule)])
