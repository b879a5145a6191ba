"""The archive of a submitted policy: a zip file with ``policy.toml``, code and weights; checked, then extracted.

Nothing of the archive is run here. Every fault names the archive, the field or the member, and the rule.
"""

from __future__ import annotations

import hashlib
import re
import stat
import tomllib
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Annotated, Final, Literal, NoReturn

from pydantic import AfterValidator, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from simcash_env.config.faults import RULE, Broken, broken_rules
from simcash_env.config.fields import Model, Truth
from simcash_env.config.report import broken_of, config_error, shown
from simcash_env.envs.actions import ACTIONS
from simcash_env.envs.masks import Form
from simcash_env.errors import ConfigError, Fault, reason_of

FACTS_FILE: Final = "policy.toml"
PACKAGE: Final = "simcash-env"
MIB: Final = 2**20
LARGEST_ARCHIVE_BYTES: Final = 20 * MIB
LARGEST_CONTENT_BYTES: Final = 100 * MIB
LARGEST_FACTS_BYTES: Final = 64 * 1024
MOST_MEMBERS: Final = 200
LONGEST_NAME: Final = 64
LONGEST_TEXT: Final = 500
_CHUNK_BYTES: Final = 2**16

NAME: Final = re.compile(rf"[a-z0-9][a-z0-9._-]{{0,{LONGEST_NAME - 1}}}")
ENTRY_POINT: Final = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*", re.ASCII)
MEMBER: Final = re.compile(r"[\w][\w .+-]*(/[\w][\w .+-]*)*/?", re.ASCII)
DISTRIBUTION: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?", re.ASCII)


def _matching(pattern: re.Pattern[str], rule: str) -> AfterValidator:
    """Reject text that a pattern does not match as a whole."""

    def check(text: str) -> str:
        if not pattern.fullmatch(text):
            raise PydanticCustomError(RULE, rule)
        return text

    return AfterValidator(check)


Line = Annotated[
    str, Field(strict=True), _matching(re.compile(rf"[^\x00-\x1f\x7f|]{{1,{LONGEST_TEXT}}}"),
    f"must be one line of 1 to {LONGEST_TEXT} characters without |"),
]  # fmt: skip


def _known_action(name: str) -> str:
    if name not in ACTIONS:
        raise PydanticCustomError(RULE, f"must be one of {', '.join(ACTIONS)}")
    return name


class Options(Model):
    """Options of the environment that the policy decides in."""

    max_queue_slots: Annotated[int, Field(strict=True, ge=1, le=256)] = Field(
        default=16, description="payments of Queue 1 that a bank sees and decides on"
    )
    action: Annotated[str, Field(strict=True), AfterValidator(_known_action)] = Field(
        default="queue", description="kind of action"
    )
    mask: Form = Field(default="flat", description="form of the masks")
    normalize: Truth = Field(default=True, description="scaled observations; otherwise raw cents")


class Submission(Model):
    """What ``policy.toml`` says of a policy."""

    format: Annotated[Literal[1], Field(description="version of this form")]
    name: Annotated[
        str, Field(strict=True, description="name in the table"),
        _matching(NAME, f"must be 1 to {LONGEST_NAME} of a-z, 0-9, '.', '_', '-', and begin with a letter or digit"),
    ]  # fmt: skip
    authors: Annotated[tuple[Line, ...], Field(min_length=1, max_length=20, description="one line each")]
    description: Line | None = Field(default=None, description="one line: method and training")
    entry_point: Annotated[
        str, Field(strict=True, description="module:function, which makes the policy"),
        _matching(ENTRY_POINT, "must be module:function, such as agent:make_policy"),
    ]  # fmt: skip
    scenarios: Annotated[tuple[Line, ...], Field(min_length=1, max_length=50, description="names of scenarios")]
    information: Literal["own", "all"] = Field(
        default="own", description="own: a bank decides on its own observation; all: on those of all banks"
    )
    stochastic: Truth = Field(default=False, description="draws random numbers, from the seed that reset receives")
    options: Options = Field(default=Options(), description="options of the environment")
    versions: Annotated[
        Mapping[str, Line], Field(description="libraries that it needs, with the versions it was made with")
    ]

    @model_validator(mode="after")
    def _names_are_sound(self) -> Submission:
        broken = [
            Broken(("scenarios", place), "is given twice", name)
            for place, name in enumerate(self.scenarios)
            if name in self.scenarios[:place]
        ]
        broken += [
            Broken(("versions", name), "must be the name of a distribution", name)
            for name in self.versions
            if not DISTRIBUTION.fullmatch(name)
        ]
        if PACKAGE not in self.versions:
            broken.append(Broken(("versions", PACKAGE), "is required", None))
        if broken:
            raise broken_rules(broken, "submission")
        return self

    @property
    def module_file(self) -> tuple[str, str]:
        """The two members of the archive in one of which the entry point's module can be."""
        path = self.entry_point.partition(":")[0].replace(".", "/")
        return f"{path}.py", f"{path}/__init__.py"


@dataclass(frozen=True)
class Archive:
    """A checked archive.

    Attributes:
        path: the file.
        sha256: digest of its bytes.
        facts: what ``policy.toml`` says.
        members: names of its files.
    """

    path: Path
    sha256: str
    facts: Submission
    members: tuple[str, ...]


def open_archive(path: Path) -> Archive:
    """Check an archive without running anything of it.

    Raises:
        ConfigError: lists all faults that can be told.
    """
    try:
        size = path.stat().st_size
        if size > LARGEST_ARCHIVE_BYTES:
            _refuse(path, "", f"has {size:,} bytes, at most {LARGEST_ARCHIVE_BYTES:,} are accepted")
        data = path.read_bytes()
        with zipfile.ZipFile(path) as archive:
            members = checked_members(path, archive)
            if FACTS_FILE not in members:
                _refuse(path, FACTS_FILE, "is not in the archive")
            text = b"".join(_content(path, archive, archive.getinfo(FACTS_FILE)))
    except zipfile.BadZipFile as error:
        raise ConfigError([Fault(str(path), None, "", None, f"is not a zip archive: {error}")]) from error
    except (OSError, ValueError) as error:
        raise ConfigError([Fault(str(path), None, "", None, f"cannot be read: {reason_of(error)}")]) from error
    facts = read_facts(path, text)
    if not set(facts.module_file) & set(members):
        rule = f"needs {' or '.join(facts.module_file)} in the archive"
        raise ConfigError([Fault(f"{path}!{FACTS_FILE}", None, "entry_point", shown(facts.entry_point), rule)])
    return Archive(path, hashlib.sha256(data).hexdigest(), facts, members)


def read_facts(path: Path, text: bytes) -> Submission:
    """The content of ``policy.toml``.

    Raises:
        ConfigError: lists all its faults.
    """
    where = f"{path}!{FACTS_FILE}"
    try:
        document = tomllib.loads(text.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError([Fault(where, None, "", None, f"is not TOML: {error}")]) from error
    try:
        return Submission.model_validate(document)
    except ValidationError as error:
        raise config_error(broken_of(error, document), where) from error


def checked_members(path: Path, archive: zipfile.ZipFile) -> tuple[str, ...]:
    """Names of an archive's files.

    Raises:
        ConfigError: lists the members that break a rule.
    """
    entries = archive.infolist()
    faults = [Fault(str(path), None, entry.filename, None, rule) for entry in entries if (rule := _broken_by(entry))]
    seen: set[str] = set()
    for entry in entries:
        name = entry.filename.rstrip("/").casefold()
        if name in seen:
            faults.append(Fault(str(path), None, entry.filename, None, "is in the archive twice (case does not count)"))
        seen.add(name)
    if len(entries) > MOST_MEMBERS:
        rule = f"has {len(entries):,} members, at most {MOST_MEMBERS} are accepted"
        faults.append(Fault(str(path), None, "", None, rule))
    total = sum(entry.file_size for entry in entries)
    if total > LARGEST_CONTENT_BYTES:
        rule = f"extracts to {total:,} bytes, at most {LARGEST_CONTENT_BYTES:,} are accepted"
        faults.append(Fault(str(path), None, "", None, rule))
    if faults:
        raise ConfigError(faults)
    return tuple(entry.filename for entry in entries if not entry.is_dir())


def _broken_by(entry: zipfile.ZipInfo) -> str:
    """The rule that a member breaks; empty if it breaks none."""
    name, mode = entry.filename, entry.external_attr >> 16
    if not MEMBER.fullmatch(name) or ".." in PurePosixPath(name).parts:
        return "must be a relative path of letters, digits, '.', '_', '-', '+' and blanks, without '..'"
    if stat.S_IFMT(mode) not in {0, stat.S_IFREG, stat.S_IFDIR}:
        return "must be a file or a folder, not a link or a device"
    if entry.flag_bits & 1:
        return "must not be encrypted"
    if entry.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        return "must be stored or deflated"
    if name == FACTS_FILE and entry.file_size > LARGEST_FACTS_BYTES:
        return f"has {entry.file_size:,} bytes, at most {LARGEST_FACTS_BYTES:,} are accepted"
    return ""


def extract(archive: Archive, folder: Path) -> None:
    """Write the files of a checked archive to a folder, and nothing outside of it.

    Raises:
        ConfigError: the archive has changed, or a member is damaged.
    """
    with zipfile.ZipFile(archive.path) as content:
        if checked_members(archive.path, content) != archive.members:
            _refuse(archive.path, "", "has changed since it was checked")
        for name in archive.members:
            target = folder.joinpath(*PurePosixPath(name).parts)
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                with target.open("xb") as file:
                    for chunk in _content(archive.path, content, content.getinfo(name)):
                        file.write(chunk)
            except (FileExistsError, NotADirectoryError) as error:
                rule = "is a file and a folder in this archive"
                raise ConfigError([Fault(str(archive.path), None, name, None, rule)]) from error


def _content(path: Path, archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    """The bytes of a member; ``zipfile`` reads no more than the size that it states, whatever is compressed in it."""
    try:
        with archive.open(entry) as file:
            while chunk := file.read(_CHUNK_BYTES):
                yield chunk
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        _refuse(path, entry.filename, f"is damaged: {error}")


def _refuse(path: Path, member: str, rule: str) -> NoReturn:
    raise ConfigError([Fault(str(path), None, member, None, rule)])
