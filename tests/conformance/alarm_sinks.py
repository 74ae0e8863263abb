"""An SMTP server with STARTTLS and AUTH, and an HTTPS server: each writes what it gets into the folder, a file each."""

import hashlib
import hmac
import http.server
import json
import os
import ssl
import sys
import threading

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

folder, smtp_port, http_port, certificate, key, secret = sys.argv[1:7]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)
lock = threading.Lock()
numbers = {"mail": 0, "hook": 0}


def keep(kind, entry):
    with lock:
        numbers[kind] += 1
        path = os.path.join(folder, f"{kind}-{numbers[kind]}.json")
    with open(path + ".new", "w", encoding="utf-8") as file:
        json.dump(entry, file)
    os.rename(path + ".new", path)


class Mail:
    async def handle_DATA(self, server, session, envelope):
        entry = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "text": envelope.content.decode("utf-8", "replace"),
            "tls": session.ssl is not None,
            "user": getattr(session, "auth_data", None) is not None,
        }
        keep("mail", entry)
        return "250 OK"


def authenticate(server, session, envelope, mechanism, data):
    is_right = isinstance(data, LoginPassword) and (data.login, data.password) == (b"node", b"s3cret")
    return AuthResult(success=is_right, auth_data=data.login if is_right else None)


class Hook(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        parts = dict(part.split("=", 1) for part in self.headers["X-Confrere-Signature"].split(","))
        wanted = hmac.new(secret.encode(), parts["t"].encode() + b"." + body, hashlib.sha256).hexdigest()
        keep("hook", {"path": self.path, "body": json.loads(body), "signed": hmac.compare_digest(wanted, parts["v1"])})
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


controller = Controller(
    Mail(),
    hostname="127.0.0.1",
    port=int(smtp_port),
    tls_context=context,
    require_starttls=True,
    authenticator=authenticate,
    auth_required=True,
)
controller.start()
server = http.server.ThreadingHTTPServer(("127.0.0.1", int(http_port)), Hook)
server.socket = context.wrap_socket(server.socket, server_side=True)
print("ready", flush=True)
server.serve_forever()
