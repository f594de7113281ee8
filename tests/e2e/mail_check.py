"""Parse mails as strictly as Python's email package can; any defect is an error.

mail_check.py FILE...: prints "N mails, M events" (the sum of X-Tocsin-New-Count).
"""
import email
import email.policy
import sys

ONCE = ["From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type",
        "Auto-Submitted", "List-Id"]
strict = email.policy.SMTP.clone(raise_on_defect=True)
events = 0
for path in sys.argv[1:]:
    with open(path, "rb") as file:
        raw = file.read()
    mail = email.message_from_bytes(raw, policy=strict)
    for name in ONCE:
        values = mail.get_all(name, [])
        assert len(values) == 1, f"{path}: {len(values)} headers {name}"
    for name, value in mail.items():
        assert not value.defects, f"{path}: {name}: {value.defects}"
    parts = [part.get_content_type() for part in mail.walk()]
    assert parts == ["multipart/alternative", "text/plain", "text/html"], parts
    for part in mail.walk():
        assert not part.defects, f"{path}: {part.defects}"
        if not part.is_multipart():
            assert part.get_content().strip(), f"{path}: an empty part"
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998
    assert b"\n" not in raw.replace(b"\r\n", b""), f"{path}: a bare LF"
    events += int(mail["X-Tocsin-New-Count"])
print(f"{len(sys.argv) - 1} mails, {events} events")
