"""The npm packages of the peers: installed if they are missing or the lock file has changed."""

import subprocess
from pathlib import Path

from tests.support.programs.node import Node, find_node, node_environ

PEERS = Path(__file__).parents[1] / "peers"
LOCK = PEERS / "package-lock.json"
MADE = PEERS / "node_modules" / ".ready"
SCHEMA = PEERS / "servers" / "original" / "schema.prisma"
QUIET = {"CHECKPOINT_DISABLE": "1", "PRISMA_HIDE_UPDATE_MESSAGE": "1"}
NO_ENGINE = {"PRISMA_SCHEMA_ENGINE_BINARY": "/bin/true"}
"""Prisma would download a program for migrations, which the client does not need."""


def install() -> Node:
    """The Node that runs servers, clients and load generator. Raises CalledProcessError."""
    node = find_node()
    newest = max(LOCK.stat().st_mtime, SCHEMA.stat().st_mtime)
    if not MADE.exists() or MADE.stat().st_mtime < newest:
        print("Installing the peers from npm", flush=True)
        environ = {**node_environ(node), **QUIET, **NO_ENGINE}
        generate = ["node_modules/prisma/build/index.js", "generate", f"--schema={SCHEMA}"]
        for command in ([*node.npm, "ci", "--ignore-scripts"], [str(node.program), *generate]):
            subprocess.run(command, cwd=PEERS, env=environ, check=True)
        MADE.touch()
    return node
