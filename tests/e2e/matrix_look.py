"""What the agent's store says of each cell of a stage, against tests/samples/smtp_matrix.tsv.

matrix_look.py TABLE STAGE STORE MAILS: one line a cell; exit status 1 when one is wrong."""
import os
import sqlite3
import sys

TROUBLES = ["none", "server", "stale connection", "secret", "setting", "tls", "too many logins", "quota", "rate",
            "recipient", "too many recipients", "content", "size", "protocol"]
OUTCOMES = ["later", "sending", "dead", "sent", "cancelled"]
# What only a clock that can be turned shows within seconds: hung cells are still waited for.
HUNG = {"login": "later -", "talk": "sending -"}
LOGIN = "resolve connect tls greeting ehlo starttls auth".split()
# Where a real network does otherwise than that of stories: a name that resolves slowly is not the
# certificate's, and a resolver that hears nothing gives up within seconds.
OTHERWISE = {("resolve", "slow"): "later tls", ("resolve", "hang"): "later server"}
# Nor is anything here so slow that a deadline ends it.
SLOW = {"later server": "sent -"}


def seen(store, account):
    row = store.execute("SELECT state, doubts FROM outbox WHERE account = ?", (account,)).fetchone()
    hold = store.execute("SELECT trouble FROM account_hold WHERE account = ?", (account,)).fetchone()
    if row is None:
        return "no mail"
    outcome = "doubt" if row[0] == 0 and row[1] > 0 else OUTCOMES[row[0]]
    return outcome + " " + (TROUBLES[hold[0]] if hold else "-")


def wanted(stage, behaviour, outcome, trouble):
    said = outcome + " " + trouble
    if (stage, behaviour) in OTHERWISE:
        return OTHERWISE[stage, behaviour]
    if behaviour == "slow":
        return SLOW.get(said, said)
    if behaviour == "hang" and stage not in ("rset", "quit"):
        return HUNG["login" if stage in LOGIN else "talk"]
    return said


table, stage, path, mails = sys.argv[1:]
store = sqlite3.connect(path)
wrong = 0
for line in open(table):
    cell = line.rstrip("\n").split("\t")
    if line.startswith("#") or cell[0] != stage:
        continue
    is_now, is_to_be = seen(store, cell[1]), wanted(stage, cell[1], cell[4], cell[5])
    copies = len(os.listdir(os.path.join(mails, cell[1])))
    good = is_now == is_to_be and copies <= 1
    wrong += not good
    if not good:
        print(f"     {stage} {cell[1]}: {is_now}, to be {is_to_be}; the server has {copies}")
sys.exit(1 if wrong else 0)
