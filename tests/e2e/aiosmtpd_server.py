"""A mail server that nobody here wrote: aiosmtpd with TLS and a login.

aiosmtpd_server.py implicit|starttls CERT KEY PORT FOLDER: each mail becomes FOLDER/n.eml.
Ends when standard input closes.
"""
import pathlib
import ssl
import sys

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

mode, cert, key, port, folder = sys.argv[1:]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(cert, key)


class Store:
    count = 0

    async def handle_DATA(self, server, session, envelope):
        assert session.authenticated, "mail without a login"
        Store.count += 1
        path = pathlib.Path(folder, f"{mode}-{Store.count}")
        path.with_suffix(".tmp").write_bytes(envelope.original_content)
        path.with_suffix(".tmp").rename(path.with_suffix(".eml"))
        path.with_suffix(".rcpt").write_text("\n".join(envelope.rcpt_tos))
        return "250 2.0.0 OK"


def login(server, session, envelope, mechanism, data):
    good = isinstance(data, LoginPassword) and \
        (data.login, data.password) == (b"agent@example.com", b"secret")
    return AuthResult(success=good)


class Server(Controller):
    def factory(self):
        starttls = mode == "starttls"
        return SMTP(self.handler, authenticator=login, auth_required=True,
                    auth_require_tls=starttls, require_starttls=starttls,
                    tls_context=context if starttls else None)


server = Server(Store(), hostname="127.0.0.1", port=int(port),
                ssl_context=context if mode == "implicit" else None)
server.start()
print("ready", flush=True)
sys.stdin.read()
server.stop()
