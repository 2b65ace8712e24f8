"""Shared by the parity tests: runs the project's own TypeScript on JSON from Python."""

import json
import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def cases() -> int:
    """How many random cases each test tries."""
    return int(os.environ.get("DENDRO_CASES", "15"))


@pytest.fixture(scope="session")
def typescript():
    """typescript(command, payload): what tests/python/commands.ts answers."""

    def call(command: str, payload):
        node = os.environ.get("DENDRO_NODE", str(ROOT / "node_modules/.bin/node"))
        script = ROOT / "tests/python/commands.ts"
        done = subprocess.run(
            [node, str(script), command], input=json.dumps(payload), capture_output=True, text=True, cwd=ROOT
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return call
