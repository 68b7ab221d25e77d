"""A page with two planted holes, so that scripts/attack can show that its tools see: no part of the product.

usage: DATABASE_URL=... planted.py PORT PATH_OF_PSQL
/names?q=…  puts the text into SQL as it is; POST /names does the same with a form
/bound?q=…  hands it over as a value, as the product does
/echo?q=…   shows the text as it is
"""

import os
import subprocess
import sys
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

PSQL = [sys.argv[2], os.environ["DATABASE_URL"], "-XAtq", "-v", "ON_ERROR_STOP=1"]
NAMES = "select name from (values ('Kari'), ('Ingrid'), ('Freja')) as people (name) where name = "


def ask(sql, *settings):
    return subprocess.run([*PSQL, *settings], input=sql, capture_output=True, text=True, check=False)


class Page(BaseHTTPRequestHandler):
    def do_GET(self):
        self.respond(parse_qs(urlsplit(self.path).query))

    def do_POST(self):
        sent = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.respond(parse_qs(sent.decode(errors="replace")))

    def respond(self, fields):
        path, text = urlsplit(self.path).path, fields.get("q", [""])[0].replace("\0", "")
        status = 200
        if path == "/names":
            asked = ask(f"{NAMES}'{text}'")
        elif path == "/bound":
            asked = ask(f"{NAMES}:'text'", "-v", f"text={text}")
        if path in ("/names", "/bound"):
            status = 500 if asked.returncode else 200
            body = f"<p>{escape(asked.stdout or asked.stderr)}</p>"
        elif path == "/echo":
            body = f"<p>{text}</p>"
        else:
            links = "".join(f'<a href="/{page}?q=Kari">{page}</a>' for page in ("names", "bound", "echo"))
            body = f'{links}<form action="/names" method="post"><input name="q"></form>'
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(f"<!doctype html><title>Planted</title>{body}".encode())

    def log_message(self, *_):
        pass


ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Page).serve_forever()
