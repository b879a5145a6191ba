"""Inputs for tests of the import."""

from simcash_env.data.mapping import MappingConfig, load_mapping

HEADER = "day,submitted,sender,receiver,amount"
ROWS = (
    "2026-03-02,08:00,ALPHA,BETA,1500.00",
    "2026-03-02,08:05,BETA,GAMMA,900.50",
    "2026-03-02,09:30:15.5,GAMMA,ALPHA,2000",
    "2026-03-03,08:10,ALPHA,GAMMA,750.25",
)
BANK_ROWS = "id,opening_balance_cents\nALPHA,1000\nBETA,2000\nGAMMA,3000\n"


def csv_text():
    return "\n".join([HEADER, *ROWS, ""])


def changed(number, **values):
    """A row of the file with some values replaced."""
    row = dict(zip(HEADER.split(","), ROWS[number].split(","), strict=True))
    return ",".join((row | values).values())


def column(name, values):
    """Columns of payments, one of which has these values."""
    count = len(values)
    columns = {
        "day": ["2026-03-02"] * count,
        "submitted": ["08:00"] * count,
        "sender": ["ALPHA"] * count,
        "receiver": ["BETA"] * count,
        "amount": ["1.00"] * count,
    }
    return columns | {name: values}


def mapping_of(without=(), **keys):
    """The canonical mapping with some keys replaced, and without some columns."""
    document = load_mapping("canonical").model_dump()
    document["columns"] = {name: names for name, names in document["columns"].items() if name not in without}
    return MappingConfig.model_validate(document | keys)


def transaction(number=1, amount="10.00", priority=None, frm=None, till=None, settled=None, agents=True, extra=""):
    """One credit transfer of a message."""
    agent = "<{0}><FinInstnId><BICFI>{1}</BICFI></FinInstnId></{0}>"
    return f"""<CdtTrfTxInf>
      <PmtId><EndToEndId>E{number}</EndToEndId><TxId>T{number}</TxId></PmtId>
      <IntrBkSttlmAmt Ccy="EUR">{amount}</IntrBkSttlmAmt>
      <IntrBkSttlmDt>2026-03-02</IntrBkSttlmDt>
      {f"<SttlmPrty>{priority}</SttlmPrty>" if priority else ""}
      {f"<SttlmTmIndctn><CdtDtTm>{settled}</CdtDtTm></SttlmTmIndctn>" if settled else ""}
      <SttlmTmReq>{f"<FrTm>{frm}</FrTm>" if frm else ""}{f"<TillTm>{till}</TillTm>" if till else ""}</SttlmTmReq>
      {agent.format("InstgAgt", "AAAAFRPP") + agent.format("InstdAgt", "BBBBDEFF") if agents else ""}{extra}
    </CdtTrfTxInf>"""


def message(transactions, kind="FIToFICstmrCdtTrf", version="pacs.008.001.10", count=None, header=""):
    """A message with a group header."""
    count = transactions.count("<CdtTrfTxInf>") if count is None else count
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:{version}"><{kind}>
  <GrpHdr><MsgId>M1</MsgId><CreDtTm>2026-03-02T08:00:00Z</CreDtTm><NbOfTxs>{count}</NbOfTxs>{header}</GrpHdr>
  {transactions}
</{kind}></Document>"""
