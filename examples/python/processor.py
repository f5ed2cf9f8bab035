"""A processor of busbar messages behind HTTP, with Python's standard library alone.

Each message is posted as JSON. Its signature says that the server sent it, its idempotency key whether it was seen
before: what it does to the database and the note that it was done are one transaction, so that it takes effect once,
however often it comes.

    BUSBAR_SECRET=… python3 processor.py --port 9000 --database orders.db
"""

import argparse
import hashlib
import hmac
import json
import os
import sqlite3
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

# A request that is older may be one that somebody recorded and sends again.
AGE_SECONDS_MAX = 300
BODY_BYTES_MAX = 1024 * 1024


def is_genuine(secret, headers, body):
    """Whether the server that knows the secret signed this body just now."""
    timestamp = headers.get("Busbar-Timestamp", "")
    if not timestamp.isdigit() or abs(time.time() - int(timestamp)) > AGE_SECONDS_MAX:
        return False
    expected = hmac.new(secret, timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return hmac.compare_digest("v1=" + expected, headers.get("Busbar-Signature", ""))


def process(database, key, message):
    """Book an order once. Returns the HTTP status and what the server is answered."""
    order = message["data"]
    if order.get("amount", 0) <= 0:
        return 422, {"reason": "an order has an amount above 0"}
    with database:  # One transaction: all of it, or nothing.
        is_new = database.execute("INSERT OR IGNORE INTO seen (key) VALUES (?)", (key,)).rowcount == 1
        if is_new:
            database.execute(
                "INSERT INTO orders (channel, item, amount) VALUES (?, ?, ?)",
                (message["channel"], order.get("item", ""), order["amount"]),
            )
    return 200, {"message": {**order, "booked": True}}


def open_database(path):
    database = sqlite3.connect(path)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("CREATE TABLE IF NOT EXISTS seen (key TEXT PRIMARY KEY)")
    database.execute("CREATE TABLE IF NOT EXISTS orders (channel TEXT, item TEXT, amount INTEGER)")
    database.commit()
    return database


def handler_of(database, secret):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            length = int(self.headers.get("Content-Length", "0"))
            if length > BODY_BYTES_MAX:
                return self.answer(413, {"reason": "the message is too long"})
            body = self.rfile.read(length)
            # 503, not 4xx: a wrong secret is a mistake of whoever set it, and no message is to be rejected for it.
            if not is_genuine(secret, self.headers, body):
                return self.answer(503, {})
            return self.answer(*process(database, self.headers["Idempotency-Key"], json.loads(body)))

        def answer(self, status, content):
            data = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_):
            pass

    return Handler


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=9000)
    parser.add_argument("--database", default="orders.db")
    options = parser.parse_args()
    secret = os.environ.get("BUSBAR_SECRET", "").encode()
    if not secret:
        sys.exit("set BUSBAR_SECRET to what the server has as the processor's secret")
    server = HTTPServer(("127.0.0.1", options.port), handler_of(open_database(options.database), secret))
    print(f"listening on http://127.0.0.1:{server.server_port}/", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
