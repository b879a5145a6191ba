"""Archives of submitted policies: every fault names the archive, the field or member, and the rule."""

import stat
import struct
import zipfile

import pytest

from simcash_env.errors import ConfigError
from simcash_env.evaluation import submission_archive
from simcash_env.evaluation.submission_archive import extract, open_archive
from tests.evaluation.submissions import FACTS, RELEASE, archive, member


def refused(path) -> str:
    with pytest.raises(ConfigError) as error:
        open_archive(path)
    return str(error.value)


def test_submission_archive_that_is_sound_is_opened_and_extracted(tmp_path):
    path = archive(tmp_path, {"agent.py": RELEASE, "weights/net-1.npz": b"\x00\x01", "docs/": ""})
    found = open_archive(path)
    assert found.facts.name == "release-all"
    assert found.facts.options.max_queue_slots == 4
    assert (found.facts.information, found.facts.stochastic) == ("own", False)
    assert len(found.sha256) == 64
    extract(found, tmp_path / "out")
    files = {file.relative_to(tmp_path / "out").as_posix() for file in (tmp_path / "out").rglob("*") if file.is_file()}
    assert files == {"policy.toml", "agent.py", "weights/net-1.npz"} == set(found.members)


@pytest.mark.parametrize(
    ("change", "rules"),
    [
        (("format = 1", "format = 2"), ["format: must be 1, got 2"]),
        (('name = "release-all"', 'name = "Release all"'), ["name: must be 1 to 64 of a-z", "'Release all'"]),
        (('authors = ["A. Author"]', "authors = []"), ["authors: must have at least 1 entries"]),
        (('authors = ["A. Author"]', 'authors = ["a|b"]'), ["authors.0: must be one line of 1 to 500"]),
        (("agent:make_policy", "agent.py"), ["entry_point: must be module:function, such as agent:make_policy"]),
        (("agent:make_policy", "other:make_policy"), ["entry_point: needs other.py or other/__init__.py in the archive"]),
        (('["castro-2period-v0"]', '["a", "a"]'), ["scenarios.1: is given twice, got 'a'"]),
        (("max_queue_slots = 4", "max_queue_slots = 0"), ["options.max_queue_slots: must be at least 1, got 0"]),
        (("max_queue_slots = 4", "max_queue_slot = 4"), ["options.max_queue_slot: unknown key", "max_queue_slots?"]),
        (("max_queue_slots = 4", 'action = "all"'), ["options.action: must be one of queue, budget, threshold, rank"]),
        (('simcash-env = "0.1.0"', ""), ["versions.simcash-env: is required"]),
        (('numpy = "2.4"', '"no name" = "1"'), ["versions.no name: must be the name of a distribution"]),
        (("format = 1", "format = 1\nauthor = 1"), ["author: unknown key", "Did you mean authors?"]),
        (("format = 1", 'format = 1\ninformation = "some"'), ["information: must be 'own' or 'all', got 'some'"]),
        (("format = 1", "format = "), ["is not TOML"]),
    ],
)  # fmt: skip
def test_submission_archive_fault_of_the_facts_names_field_and_rule(change, rules, tmp_path):
    path = archive(tmp_path, facts=FACTS.replace(*change))
    told = refused(path)
    assert told.startswith(f"{path}!policy.toml: ")
    for rule in rules:
        assert rule in told


def test_submission_archive_lists_all_faults_of_the_facts(tmp_path):
    told = refused(archive(tmp_path, facts="format = 1\nentry_point = 3\n"))
    assert {line.split(": ")[1] for line in told.splitlines()} == {
        "name", "authors", "entry_point", "scenarios", "versions",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["../up.py", "/abs.py", "a/../../b.py", "C:/x.py", "a\\b.py", "a\nb.py", "~x", "a//b"])
def test_submission_archive_member_outside_the_folder_is_refused(name, tmp_path):
    path = archive(tmp_path)
    with zipfile.ZipFile(path, "a") as content:
        content.writestr(member(name), "x")
    assert "must be a relative path of letters, digits" in refused(path)


@pytest.mark.parametrize("mode", [stat.S_IFLNK | 0o777, stat.S_IFIFO | 0o644, stat.S_IFCHR | 0o644])
def test_submission_archive_member_that_is_no_file_is_refused(mode, tmp_path):
    path = archive(tmp_path)
    with zipfile.ZipFile(path, "a") as content:
        content.writestr(member("link", mode), "/etc/passwd")
    assert refused(path) == f"{path}: link: must be a file or a folder, not a link or a device"


def test_submission_archive_member_twice_is_refused(tmp_path):
    path = archive(tmp_path, {"agent.py": RELEASE, "Agent.py": RELEASE})
    assert "Agent.py: is in the archive twice (case does not count)" in refused(path)


def test_submission_archive_member_compressed_otherwise_or_encrypted_is_refused(tmp_path):
    path = archive(tmp_path)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_BZIP2) as content:
        content.writestr("more.txt", "x" * 100)
    assert "more.txt: must be stored or deflated" in refused(path)
    path = archive(tmp_path, name="locked.zip")
    data = bytearray(path.read_bytes())
    at = data.index(b"PK\x01\x02")
    data[at + 8] |= 1
    path.write_bytes(data)
    assert "policy.toml: must not be encrypted" in refused(path)


def test_submission_archive_sizes_are_limited(tmp_path, monkeypatch):
    path = archive(tmp_path, {"agent.py": RELEASE, "zeros": b"\x00" * 300_000})
    monkeypatch.setattr(submission_archive, "LARGEST_CONTENT_BYTES", 200_000)
    assert "bytes, at most 200,000 are accepted" in refused(path)
    monkeypatch.setattr(submission_archive, "MOST_MEMBERS", 2)
    assert "has 3 members, at most 2 are accepted" in refused(path)
    monkeypatch.setattr(submission_archive, "LARGEST_ARCHIVE_BYTES", 100)
    assert "bytes, at most 100 are accepted" in refused(path)


def test_submission_archive_facts_are_limited(tmp_path):
    path = archive(tmp_path, facts=FACTS + "#" * 70_000)
    assert "policy.toml: has 7" in refused(path)


def lying(path, size):
    """The archive, whose last member says that it has this size."""
    data = bytearray(path.read_bytes())
    central = data.rindex(b"PK\x01\x02")
    local = data.rindex(b"PK\x03\x04")
    data[central + 24 : central + 28] = data[local + 22 : local + 26] = struct.pack("<I", size)
    path.write_bytes(data)
    return path


def test_submission_archive_member_longer_than_it_says_or_damaged_is_refused(tmp_path):
    path = lying(archive(tmp_path, {"agent.py": RELEASE, "zeros": b"\x00" * 300_000}), 10)
    with pytest.raises(ConfigError, match="zeros: is damaged: Bad CRC-32"):
        extract(open_archive(path), tmp_path / "out")
    assert not list((tmp_path / "out").rglob("zeros")) or (tmp_path / "out" / "zeros").stat().st_size <= 10


def test_submission_archive_that_changes_after_the_check_is_refused(tmp_path):
    found = open_archive(archive(tmp_path))
    archive(tmp_path, {"agent.py": RELEASE, "more.py": ""})
    with pytest.raises(ConfigError, match="has changed since it was checked"):
        extract(found, tmp_path / "out")


def test_submission_archive_file_that_is_a_folder_too_is_refused(tmp_path):
    found = open_archive(archive(tmp_path, {"agent.py": RELEASE, "a": "x", "a/b": "y"}))
    with pytest.raises(ConfigError, match="a/b: is a file and a folder in this archive"):
        extract(found, tmp_path / "out")


def test_submission_archive_that_is_none_is_refused(tmp_path):
    (tmp_path / "text.zip").write_text("x")
    assert "is not a zip archive" in refused(tmp_path / "text.zip")
    assert "cannot be read: No such file" in refused(tmp_path / "missing.zip")
    with zipfile.ZipFile(tmp_path / "empty.zip", "w"):
        pass
    assert refused(tmp_path / "empty.zip").endswith("policy.toml: is not in the archive")
