"""ISO 20022 messages: what is read of them, and the sizes and names that are refused."""

import zipfile

import pytest

from simcash_env.data import iso20022
from simcash_env.data.iso20022 import messages, transactions
from simcash_env.errors import DataError
from tests.data.inputs import message, transaction

AGENT = "<{0}><FinInstnId>{1}</FinInstnId></{0}>"


def row(inside="", **arguments):
    """The row of a message with one transaction."""
    (found,) = transactions("m.xml", message(transaction(extra=inside), **arguments).encode())
    return found


def refused(call):
    with pytest.raises(DataError) as caught:
        call()
    return str(caught.value)


def test_iso20022_reads_every_version_and_envelope():
    plain = message(transaction(priority="URGT"))
    first = transactions("m.xml", plain.encode())
    other = plain.replace("pacs.008.001.10", "pacs.008.001.02")
    body = other.partition("?>")[2]
    wrapped = f"<Envelope><AppHdr xmlns='urn:head.001'><Fr>x</Fr></AppHdr>{body}</Envelope>"
    assert transactions("m.xml", other.encode()) == first
    assert transactions("m.xml", wrapped.encode()) == first
    assert first[0]["SttlmPrty"] == "URGT"
    assert set(first[0]) == set(iso20022.FIELDS)


def test_iso20022_takes_the_header_where_a_transaction_has_no_agent():
    header = AGENT.format("InstgAgt", "<BIC>HEADFRPP</BIC>") + AGENT.format("InstdAgt", "<LEI>LEI1</LEI>")
    text = message(transaction(agents=False), header=f"<IntrBkSttlmDt>2026-03-05</IntrBkSttlmDt>{header}")
    (found,) = transactions("m.xml", text.replace("<IntrBkSttlmDt>2026-03-02</IntrBkSttlmDt>", "").encode())
    assert (found["InstgAgt"], found["InstdAgt"], found["IntrBkSttlmDt"]) == ("HEADFRPP", "LEI1", "2026-03-05")


@pytest.mark.parametrize(
    ("kind", "debtor", "creditor"),
    [
        ("FIToFICstmrCdtTrf", "DbtrAgt", "CdtrAgt"),
        ("FICdtTrf", "Dbtr", "Cdtr"),
        ("FinInstnCdtTrf", "DbtrAgt", "CdtrAgt"),
    ],
)
def test_iso20022_takes_the_agents_of_debtor_and_creditor_last(kind, debtor, creditor):
    member = "<ClrSysMmbId><MmbId>{}</MmbId></ClrSysMmbId>"
    agents = AGENT.format(debtor, member.format("021")) + AGENT.format(creditor, "<Othr><Id>099</Id></Othr>")
    (found,) = transactions("m.xml", message(transaction(agents=False, extra=agents), kind=kind).encode())
    assert (found["InstgAgt"], found["InstdAgt"]) == ("021", "099")


def test_iso20022_without_agents_and_amount():
    text = message("<CdtTrfTxInf></CdtTrfTxInf>", count=1)
    (found,) = transactions("m.xml", text.encode())
    assert found["InstgAgt"] is found["IntrBkSttlmAmt"] is found["TxId"] is None
    assert found["CreDtTm"] == "2026-03-02T08:00:00Z"


def test_iso20022_ids_priorities_and_times():
    found = row("<PmtTpInf><InstrPrty>HIGH</InstrPrty></PmtTpInf>")
    assert found["SttlmPrty"] == "HIGH"
    assert row(header="<PmtTpInf><InstrPrty>NORM</InstrPrty></PmtTpInf>")["SttlmPrty"] == "NORM"
    text = message(transaction()).replace("<TxId>T1</TxId>", "<TxId>T1</TxId><UETR>u-1</UETR>")
    assert transactions("m.xml", text.encode())[0]["TxId"] == "u-1"
    for name in ("TillTm", "RjctTm", "CLSTm"):
        text = message(transaction(till="15:00:00")).replace("TillTm", name)
        assert transactions("m.xml", text.encode())[0]["TillTm"] == "15:00:00"


def archive(path, **members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in members.items():
            made.writestr(name + ".xml", content)
    return path


def test_iso20022_messages_of_a_zip_in_order(tmp_path):
    path = archive(tmp_path / "m.zip", b="2", a="1")
    with zipfile.ZipFile(path, "a") as made:
        made.mkdir("folder")
        made.writestr("folder/c.xml", "3")
    assert list(messages(path)) == [("a.xml", b"1"), ("b.xml", b"2"), ("folder/c.xml", b"3")]


@pytest.mark.parametrize("name", ["/a.xml", "../a.xml", "x/../../a.xml", "C:\\a.xml", "..\\a.xml"])
def test_iso20022_members_must_not_lead_out(name, tmp_path):
    with zipfile.ZipFile(tmp_path / "m.zip", "w") as made:
        made.writestr(zipfile.ZipInfo(name), "x")
    assert "must not lead out of the zip file" in refused(lambda: list(messages(tmp_path / "m.zip")))


def test_iso20022_zip_bomb(tmp_path, monkeypatch):
    path = archive(tmp_path / "m.zip", a="x" * 10**6, b="y" * 10**6)
    assert path.stat().st_size < 5_000
    monkeypatch.setattr(iso20022, "MAX_MESSAGE_BYTES", 10**6 - 1)
    assert refused(lambda: list(messages(path))) == f"{path}/a.xml: a message must have at most 999999 bytes"
    monkeypatch.setattr(iso20022, "MAX_MESSAGE_BYTES", 10**6)
    monkeypatch.setattr(iso20022, "MAX_TOTAL_BYTES", 10**6)
    rule = "has more than 1000000 bytes uncompressed, the largest size that is read"
    assert refused(lambda: list(messages(path))) == f"{path}: {rule}"
    monkeypatch.setattr(iso20022, "MAX_MESSAGES", 1)
    assert refused(lambda: list(messages(path))) == f"{path}: has 2 messages; at most 1 are read"


def test_iso20022_zip_whose_directory_lies(tmp_path, monkeypatch):
    path = archive(tmp_path / "m.zip", a="x" * 100, b="y" * 100)
    real = zipfile.ZipFile.infolist

    def small(self):
        infos = real(self)
        for info in infos:
            info.file_size = 1
        return infos

    monkeypatch.setattr(zipfile.ZipFile, "infolist", small)
    assert "not a usable zip file: Bad CRC-32" in refused(lambda: list(messages(path)))


def test_iso20022_encrypted_member(tmp_path):
    path = archive(tmp_path / "m.zip", a="x")
    content = bytearray(path.read_bytes())
    at = content.rindex(b"PK\x01\x02")
    content[at + 8] |= 1
    path.write_bytes(content)
    assert refused(lambda: list(messages(path))) == f"{path}/a.xml: is encrypted"


def test_iso20022_folder_and_file_sizes(tmp_path, monkeypatch):
    (tmp_path / "a.xml").write_text("x" * 20)
    assert list(messages(tmp_path)) == [("a.xml", b"x" * 20)]
    monkeypatch.setattr(iso20022, "MAX_MESSAGE_BYTES", 10)
    rule = "a message must have at most 10 bytes"
    assert refused(lambda: list(messages(tmp_path))) == f"{tmp_path / 'a.xml'}: {rule}"
    assert refused(lambda: list(messages(tmp_path / "a.xml"))) == f"{tmp_path / 'a.xml'}: {rule}"
    (tmp_path / "b").mkdir()
    rule = "a folder of messages must have only .xml files"
    assert refused(lambda: list(messages(tmp_path))) == f"{tmp_path / 'b'}: {rule}"


def test_iso20022_numbers_of_transactions():
    assert "NbOfTxs: the message has 1 transactions, got 'many'" in refused(
        lambda: transactions("m.xml", message(transaction(), count="many").encode())
    )
    text = message(transaction()).replace("<NbOfTxs>1</NbOfTxs>", "")
    assert len(transactions("m.xml", text.encode())) == 1


def test_iso20022_unknown_encoding():
    text = '<?xml version="1.0" encoding="nonsense"?><a/>'
    assert "not well-formed XML" in refused(lambda: transactions("m.xml", text.encode()))
