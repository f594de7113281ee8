"""Takes posts in clear at a port of loopback, and writes each with its headers into a file."""
import http.server
import json
import sys


class Receiver(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        line = json.dumps({"headers": dict(self.headers), "body": json.loads(body)})
        with open(sys.argv[2], "a") as out:
            out.write(line + "\n")
        self.send_response(204)
        self.end_headers()

    def log_message(self, *args):
        pass


server = http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Receiver)
open(sys.argv[2], "a").close()
server.serve_forever()
