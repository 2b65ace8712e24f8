"""Makes one benchmark recording with known spike trains, with SpikeInterface's generator.

    make-set.py --set probe32 --seed 7 --seconds 60 --out FOLDER

writes FOLDER/probe32_7_60s.raw (int16, samples x channels, 0.195 uV a count) and FOLDER/probe32_7_60s.json (layout, true
spike trains, positions). Both appear only when complete. The sets are those of bench/README.md.
"""

import argparse
import json
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from probeinterface import generate_multi_columns_probe
from spikeinterface.generation import generate_drifting_recording, generate_noise

GAIN_UV = 0.195
SAMPLING_RATE_HZ = 30000.0

SETS = {
    "tetrode": dict(columns=2, rows=2, pitch=(20, 20), units=6, margin_um=5.0),
    "probe32": dict(columns=2, rows=16, pitch=(32, 20), units=24),
    "probe64": dict(columns=2, rows=32, pitch=(32, 15), units=60),
    "drift32": dict(columns=2, rows=16, pitch=(32, 20), units=24, drifting=True),
}


def make_recording(name, seed, seconds):
    """Returns the recording, its true sorting, the probe and the units' locations."""
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
            ms_before=1.5,
            ms_after=3.0,
            mode="ellipsoid",
            unit_params=dict(
                alpha=(100.0, 500.0),
                spatial_decay=(10, 45),
                ellipse_shrink=(0.4, 1),
                ellipse_angle=(0, np.pi * 2),
            ),
        ),
        generate_sorting_kwargs=dict(firing_rates=(2.0, 8.0), refractory_period_ms=3.0),
        amplitude_std=0.03,
        extra_outputs=True,
        seed=seed,
    )
    return (drifting if spec.get("drifting") else static), sorting, probe, extra["unit_locations"]


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
    recording, sorting, probe, locations = make_recording(options.set, options.seed, options.seconds)
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
                position=[float(value) for value in locations[i]],
                spikeSamples=[int(sample) for sample in sorting.get_unit_spike_train(unit)],
            )
            for i, unit in enumerate(sorting.unit_ids)
        ],
    )
    with open(stem + ".json.part", "w") as file:
        json.dump(description, file)
    os.replace(stem + ".raw.part", stem + ".raw")
    os.replace(stem + ".json.part", stem + ".json")
    print(stem)


if __name__ == "__main__":
    main()
