#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An example client of a running node: reads over HTTP, decides over the control socket.

As a module: `read(site, "status")` and `decide(path, "pause", reason="...")`.
As a program it prints the answer. Exit codes: 0 done; 1 the node says no; 2 usage; 3 no node is
there; 75 it did not answer, and whether it took the request is not known.
"""
import argparse
import http.client
import json
import socket
import struct
import sys

FRAME_BYTES_MAX = 8192
DOCUMENT_BYTES_MAX = 64 << 20
WAIT_S = 30
ACTIONS = ("approve", "reject", "pause", "resume", "retry", "hold", "drop", "health")


class Unknown(Exception):
    """The node did not answer: the request may have been taken."""


class Refused(Exception):
    """The node says no."""


def read(site, what, token=None):
    """One document, such as "status", "why", "messages" or "messages/0x..."."""
    connection = http.client.HTTPConnection(site, timeout=WAIT_S)
    try:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        connection.request("GET", f"/api/{what}", headers=headers)
        answer = connection.getresponse()
        body = answer.read(DOCUMENT_BYTES_MAX)
    finally:
        connection.close()
    if answer.status != 200:
        raise Refused(f"{what}: status {answer.status}")
    return json.loads(body)


def _receive(peer, count):
    parts = b""
    while len(parts) < count:
        part = peer.recv(count - len(parts))
        if not part:
            raise Unknown("the node ended the connection")
        parts += part
    return parts


def decide(path, action, **members):
    """Asks the node behind the socket `path`. `members`: subject, domain, reason, ..."""
    request = {"action": action, **{key: value for key, value in members.items() if value is not None}}
    text = json.dumps(request).encode()
    with socket.socket(socket.AF_UNIX) as peer:
        peer.settimeout(WAIT_S)
        peer.connect(path)
        try:
            peer.sendall(struct.pack(">I", len(text)) + text)
            (count,) = struct.unpack(">I", _receive(peer, 4))
            if count > FRAME_BYTES_MAX:
                raise Unknown(f"an answer of {count} bytes is no node's")
            answer = json.loads(_receive(peer, count))
        except OSError as error:
            raise Unknown(str(error)) from error
    if "error" in answer:
        raise Refused(answer["error"])
    return answer


def main():
    parser = argparse.ArgumentParser(description="An example client of a running node.")
    parser.add_argument("--site", metavar="HOST:PORT", help="read over HTTP")
    parser.add_argument("--token-file", metavar="FILE", help="of the site, where it wants one")
    parser.add_argument("--control", metavar="SOCKET", help="decide over the control socket")
    parser.add_argument("what", help=f"with --site: status, why, ...; with --control: {', '.join(ACTIONS)}")
    parser.add_argument("--subject", metavar="ID", help="a plan's or a message's")
    parser.add_argument("--domain", metavar="N", type=int, help="of one chain")
    parser.add_argument("--reason", metavar="TEXT", help="journaled with your user id")
    options = parser.parse_args()
    if (options.site is None) == (options.control is None):
        parser.error("say one of --site and --control")
    try:
        if options.site:
            token = None
            if options.token_file:
                with open(options.token_file, encoding="ascii") as file:
                    token = file.read().strip()
            answer = read(options.site, options.what, token)
        else:
            answer = decide(options.control, options.what, subject=options.subject,
                            domain=options.domain, reason=options.reason)
    except Refused as error:
        print(f"client: {error}", file=sys.stderr)
        return 1
    except Unknown as error:
        print(f"client: not known whether it was taken: {error}", file=sys.stderr)
        return 75
    except OSError as error:
        print(f"client: no node there: {error}", file=sys.stderr)
        return 3
    print(json.dumps(answer, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
