"""The packages of the peers: installed from npm when they are missing or the lock has changed."""

import subprocess
from pathlib import Path

from tests.support.node import Node, find_node, node_environ

PEERS = Path(__file__).parent / "peers"
LOCK = PEERS / "package-lock.json"
MADE = PEERS / "node_modules" / ".ready"


def install() -> Node:
    """The Node that runs servers, clients and the load generator. Raises CalledProcessError."""
    node = find_node()
    if not MADE.exists() or MADE.stat().st_mtime < LOCK.stat().st_mtime:
        print("Installing the peers from npm", flush=True)
        subprocess.run([*node.npm, "ci"], cwd=PEERS, env=node_environ(node), check=True)
        MADE.touch()
    return node
