"""Writes the schema that pynwb caches in its files: export_specifications.py OUT.json (see specifications/NOTICE.md)."""

import datetime
import json
import sys
import tempfile
from pathlib import Path

import h5py
import pynwb


def main(out: str) -> None:
    start = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "empty.nwb"
        with pynwb.NWBHDF5IO(path, "w") as io:
            io.write(pynwb.NWBFile("empty", "empty", start))
        with h5py.File(path) as file:
            specifications = {
                name: {
                    version: {source: group[version][source][()].decode() for source in group[version]}
                    for version in group
                }
                for name, group in file["specifications"].items()
            }
    Path(out).write_text(json.dumps(specifications, separators=(",", ":")))


if __name__ == "__main__":
    main(sys.argv[1])
