"""Sorts benchmark recordings with another sorter, in one thread unless --jobs allows more, and says what it cost.

    run-peer.py --sorter tridesclous2 --set STEM [STEM ...] --warm STEM --out OUT.json [OUT.json ...] [--motion] [--jobs N]

STEM names the two files of make-set.py. The sorter first sorts the recording named by --warm, which is not timed: its code
is compiled then. OUT.json holds the spike trains in samples, the processor time and wall time in seconds from the first read
(without the imports), and the largest resident set in bytes of the whole process. Without --warm these are a first run's.
Where the sorter fails, OUT.json holds what it said instead.
"""

import os

for name in ("OMP", "MKL", "OPENBLAS", "NUMBA", "NUMEXPR"):
    os.environ[name + "_NUM_THREADS"] = "1"

import argparse
import gc
import json
import resource
import shutil
import tempfile
import time

import numpy as np

# What differs from the sorter's defaults: no extra threads, motion correction only where it is asked for.
JOB = dict(chunk_duration="1s", progress_bar=False)


def parameters(sorter, motion):
    if sorter == "mountainsort5":
        return dict()
    if sorter == "kilosort4":
        return dict(torch_device="cpu", do_correction=motion)
    return dict(apply_motion_correction=motion)


def read_set(stem):
    """The recording as every sorter takes it, with its probe."""
    import probeinterface
    import spikeinterface as si

    with open(stem + ".json") as file:
        description = json.load(file)
    contacts = description["contacts"]
    recording = si.read_binary(
        stem + ".raw",
        sampling_frequency=description["samplingRateHz"],
        dtype="int16",
        num_channels=description["channelCount"],
        gain_to_uV=description["gainUv"],
        offset_to_uV=0.0,
    )
    probe = probeinterface.Probe(ndim=2, si_units="um")
    probe.set_contacts(
        positions=np.array([[contact["x"], contact["y"]] for contact in contacts]),
        shapes="square",
        shape_params={"width": 12},
    )
    probe.set_device_channel_indices(np.arange(len(contacts)))
    recording.set_probe(probe)
    return recording


def processor_seconds():
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def sort(sorter, recording, motion):
    from spikeinterface.sorters import run_sorter

    folder = tempfile.mkdtemp(prefix="dendro-peer-")
    try:
        sorting = run_sorter(
            sorter,
            recording,
            folder=os.path.join(folder, "out"),
            verbose=False,
            raise_error=True,
            **parameters(sorter, motion),
        )
        return [np.asarray(sorting.get_unit_spike_train(unit)).astype(int).tolist() for unit in sorting.unit_ids]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def answer(sorter, stem, motion):
    began, used = time.perf_counter(), processor_seconds()
    try:
        trains = sort(sorter, read_set(stem), motion)
    except Exception as error:
        return dict(failure=f"{type(error).__name__}: {error}")
    return dict(
        trains=trains,
        cpuSeconds=processor_seconds() - used,
        seconds=time.perf_counter() - began,
        peakMemoryBytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sorter", required=True)
    parser.add_argument("--set", required=True, nargs="+")
    parser.add_argument("--warm")
    parser.add_argument("--out", required=True, nargs="+")
    parser.add_argument("--motion", action="store_true")
    parser.add_argument("--jobs", type=int, default=1, help="processes that the sorter may use")
    options = parser.parse_args()

    import spikeinterface
    import spikeinterface.sorters
    import torch

    spikeinterface.set_global_job_kwargs(n_jobs=options.jobs, **JOB)
    torch.set_num_threads(1)
    if options.warm:
        sort(options.sorter, read_set(options.warm), options.motion)
        # SpikeInterface collects garbage after each step: it is not to search what the compiler left each time.
        gc.collect()
        gc.freeze()
    for stem, out in zip(options.set, options.out, strict=True):
        with open(out + ".part", "w") as file:
            json.dump(answer(options.sorter, stem, options.motion), file)
        os.replace(out + ".part", out)


if __name__ == "__main__":
    main()
