"""Makes one benchmark recording with known spike trains, with SpikeInterface's generator.

    make-set.py --set probe32 --seed 7 --seconds 60 --out FOLDER

writes FOLDER/probe32_7_60s.raw (int16, samples x channels, 0.195 uV a count) and FOLDER/probe32_7_60s.json (layout, true
spike trains, positions, and the spike trains of the background where small units are one). Both appear only when complete. The sets are those of bench/README.md.
"""

import argparse
import json
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import spikeinterface as si
from probeinterface import generate_multi_columns_probe
from spikeinterface.generation import (
    InjectTemplatesRecording,
    generate_drifting_recording,
    generate_noise,
    generate_templates,
)
from spikeinterface.core.generate import generate_unit_locations

GAIN_UV = 0.195
SAMPLING_RATE_HZ = 30000.0

SETS = {
    "tetrode": dict(columns=2, rows=2, pitch=(20, 20), units=6, margin_um=5.0),
    "probe32": dict(columns=2, rows=16, pitch=(32, 20), units=24),
    "probe64": dict(columns=2, rows=32, pitch=(32, 15), units=60),
    "drift32": dict(columns=2, rows=16, pitch=(32, 20), units=24, drifting=True),
    "hard64": dict(columns=2, rows=32, pitch=(32, 15), units=80, hard=True),
}
# What makes hard64 hard.
BACKGROUND_UNITS = 80
BURSTING = 5  # every fifth unit
JITTER = 0.12
DRAGGED = 0.05  # of the spikes take one of a neighbour along
REFRACTORY = int(0.003 * SAMPLING_RATE_HZ)
TEMPLATE_MS = dict(ms_before=1.5, ms_after=3.0)
TEMPLATE_SHAPE = dict(spatial_decay=(10, 45), ellipse_shrink=(0.4, 1), ellipse_angle=(0, np.pi * 2))


def make_recording(name, seed, seconds):
    """Returns the recording, its true sorting, that of the background if there is one, the probe and the units' locations."""
    spec = SETS[name]
    probe = generate_multi_columns_probe(
        num_columns=spec["columns"],
        num_contact_per_column=spec["rows"],
        xpitch=spec["pitch"][0],
        ypitch=spec["pitch"][1],
        contact_shapes="square",
        contact_shape_params={"width": 12},
    )
    probe.set_device_channel_indices(np.arange(probe.get_contact_count()))
    noise = generate_noise(
        probe=probe,
        sampling_frequency=SAMPLING_RATE_HZ,
        durations=[float(seconds)],
        noise_levels=(6.0, 8.0),
        spatial_decay=25.0,
        seed=seed,
    )
    noise.probe = probe  # this version's generator asks the noise for it
    if spec.get("hard"):
        return (*make_hard(spec, probe, noise, seed, seconds), probe, None)
    static, drifting, sorting, extra = generate_drifting_recording(
        num_units=spec["units"],
        duration=float(seconds),
        sampling_frequency=SAMPLING_RATE_HZ,
        probe=probe,
        noise=noise,
        generate_unit_locations_kwargs=dict(
            margin_um=spec.get("margin_um", 15.0),
            minimum_z=5.0,
            maximum_z=40.0,
            minimum_distance=18.0,
            max_iteration=100,
            distance_strict=False,
        ),
        generate_displacement_vector_kwargs=dict(
            displacement_sampling_frequency=5.0,
            drift_start_um=[0, 15],
            drift_stop_um=[0, -15],
            drift_step_um=1,
            motion_list=[
                dict(
                    drift_mode="zigzag",
                    non_rigid_gradient=None,
                    t_start_drift=min(40.0, seconds / 2),
                    t_end_drift=None,
                    period_s=100,
                )
            ],
        ),
        generate_templates_kwargs=dict(
            **TEMPLATE_MS, mode="ellipsoid", unit_params=dict(alpha=(100.0, 500.0), **TEMPLATE_SHAPE)
        ),
        generate_sorting_kwargs=dict(firing_rates=(2.0, 8.0), refractory_period_ms=3.0),
        amplitude_std=0.03,
        extra_outputs=True,
        seed=seed,
    )
    return (drifting if spec.get("drifting") else static), sorting, None, probe, extra["unit_locations"]


def make_hard(spec, probe, noise, seed, seconds):
    """Units of very different rates, some bursting, whose spikes differ in size and come together, over many small ones.

    Returns the recording, and the true sortings of the units and of the small ones.
    """
    random = np.random.default_rng(seed)
    channels = probe.contact_positions
    place = dict(margin_um=15.0, minimum_z=5.0, maximum_z=40.0, max_iteration=1000, distance_strict=False)
    counts = [spec["units"], BACKGROUND_UNITS]
    locations = [
        generate_unit_locations(count, channels, minimum_distance=8.0, seed=seed + at, **place)
        for at, count in enumerate(counts)
    ]
    templates = [
        generate_templates(
            channels,
            where,
            SAMPLING_RATE_HZ,
            **TEMPLATE_MS,
            seed=seed + at,
            mode="ellipsoid",
            unit_params=dict(alpha=alpha, **TEMPLATE_SHAPE),
        )
        for at, (where, alpha) in enumerate(zip(locations, [(40.0, 400.0), (15.0, 45.0)]))
    ]
    rates = np.clip(random.lognormal(np.log(3.0), 1.2, spec["units"]), 0.1, 50.0)
    trains = [spike_train(random, rate, seconds, unit % BURSTING == 0) for unit, rate in enumerate(rates)]
    trains += [spike_train(random, 6.0, seconds, False) for _ in range(BACKGROUND_UNITS)]
    drag_neighbours(random, trains, locations[0])

    unit = np.concatenate([np.full(len(train), at) for at, (train, _) in enumerate(trains)])
    sample = np.concatenate([train for train, _ in trains])
    size = np.concatenate([scale for _, scale in trains]) * random.normal(1.0, JITTER, len(sample))
    order = np.lexsort((unit, sample))
    everything = si.NumpySorting.from_samples_and_labels(
        [sample[order]], [unit[order]], SAMPLING_RATE_HZ, unit_ids=np.arange(sum(counts))
    )
    spikes = everything.to_spike_vector()
    assert np.array_equal(spikes["sample_index"], sample[order]) and np.array_equal(spikes["unit_index"], unit[order])
    recording = InjectTemplatesRecording(
        everything,
        np.concatenate(templates),
        nbefore=int(TEMPLATE_MS["ms_before"] * SAMPLING_RATE_HZ / 1000),
        amplitude_factor=size[order].astype("float32"),
        parent_recording=noise,
    )
    units, background = np.split(np.arange(sum(counts)), [spec["units"]])
    return recording, everything.select_units(units), everything.select_units(background)


def spike_train(random, rate, seconds, bursting):
    """Poisson with a refractory time; bursts of up to three, 4 to 9 ms apart, each 0.85 of the one before."""
    margin = int(0.01 * SAMPLING_RATE_HZ)
    gaps = random.exponential(SAMPLING_RATE_HZ / rate, int(rate * seconds * 1.5) + 50).astype(int) + REFRACTORY
    times = margin + np.cumsum(gaps)
    sizes = np.ones(len(times))
    if bursting:
        followers = [(times, sizes)]
        chosen, size = times, sizes
        for _ in range(2):
            keep = random.random(len(chosen)) < 0.5
            gap = random.uniform(0.004, 0.009, keep.sum()) * SAMPLING_RATE_HZ
            chosen, size = chosen[keep] + gap.astype(int), size[keep] * 0.85
            followers.append((chosen, size))
        times, sizes = (np.concatenate(parts) for parts in zip(*followers))
        order = np.argsort(times, kind="stable")
        times, sizes = times[order], sizes[order]
    last = int(seconds * SAMPLING_RATE_HZ) - margin - int(TEMPLATE_MS["ms_after"] * SAMPLING_RATE_HZ / 1000)
    return refractory(times[times < last], sizes[times < last])


def refractory(times, sizes):
    keep = np.ones(len(times), dtype=bool)
    last = -REFRACTORY
    for at, time in enumerate(times):
        keep[at] = time - last >= REFRACTORY
        if keep[at]:
            last = time
    return times[keep], sizes[keep]


def drag_neighbours(random, trains, locations):
    """Some spikes take one of the nearest unit along, within 0.5 ms."""
    dragged = [[] for _ in locations]
    for unit, here in enumerate(locations):
        distances = np.linalg.norm(locations - here, axis=1)
        distances[unit] = np.inf
        times = trains[unit][0]
        chosen = times[random.random(len(times)) < DRAGGED]
        shift = random.uniform(-0.0005, 0.0005, len(chosen)) * SAMPLING_RATE_HZ
        dragged[int(np.argmin(distances))].append(chosen + shift.astype(int))
    for unit, more in enumerate(dragged):
        times, sizes = trains[unit]
        added = np.concatenate([times, *more])
        order = np.argsort(added, kind="stable")
        sizes = np.concatenate([sizes, np.ones(len(added) - len(times))])
        trains[unit] = refractory(added[order], sizes[order])


def write_counts(recording, path):
    """Writes the samples as int16 counts, ten seconds at a time."""
    samples = recording.get_num_samples()
    block = int(10 * SAMPLING_RATE_HZ)
    with open(path, "wb") as file:
        for start in range(0, samples, block):
            traces = recording.get_traces(start_frame=start, end_frame=min(start + block, samples))
            counts = np.clip(np.rint(traces / GAIN_UV), -32768, 32767).astype("<i2")
            file.write(counts.tobytes())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--set", choices=SETS, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--out", required=True)
    options = parser.parse_args()

    os.makedirs(options.out, exist_ok=True)
    stem = os.path.join(options.out, f"{options.set}_{options.seed}_{options.seconds:g}s")
    recording, sorting, background, probe, locations = make_recording(options.set, options.seed, options.seconds)
    write_counts(recording, stem + ".raw.part")
    description = dict(
        set=options.set,
        seed=options.seed,
        samplingRateHz=SAMPLING_RATE_HZ,
        channelCount=recording.get_num_channels(),
        sampleCount=recording.get_num_samples(),
        dtype="int16",
        gainUv=GAIN_UV,
        offsetUv=0,
        contacts=[
            dict(id=str(i), x=float(x), y=float(y), shank=0) for i, (x, y) in enumerate(probe.contact_positions)
        ],
        trueUnits=[
            dict(
                id=str(unit),
                **({} if locations is None else dict(position=[float(value) for value in locations[i]])),
                spikeSamples=[int(sample) for sample in sorting.get_unit_spike_train(unit)],
            )
            for i, unit in enumerate(sorting.unit_ids)
        ],
        backgroundUnits=[
            dict(spikeSamples=[int(sample) for sample in background.get_unit_spike_train(unit)])
            for unit in ([] if background is None else background.unit_ids)
        ],
    )
    with open(stem + ".json.part", "w") as file:
        json.dump(description, file)
    os.replace(stem + ".raw.part", stem + ".raw")
    os.replace(stem + ".json.part", stem + ".json")
    print(stem)


if __name__ == "__main__":
    main()
