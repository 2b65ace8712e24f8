"""NWB files that labs have beside the common ones: the same counts in other forms, and what a reader must find in each."""

import datetime
from dataclasses import dataclass, field

import h5py
import hdf5plugin  # noqa: F401 (registers its filters)
import numpy as np
from pynwb import H5DataIO, NWBHDF5IO, NWBFile
from pynwb.ecephys import LFP, ElectricalSeries

SAMPLES, CHANNELS, RATE = 5000, 6, 20000.0
COUNTS = np.random.default_rng(5).integers(-2000, 2000, (SAMPLES, CHANNELS)).astype("<i2")
PLAIN = COUNTS * 0.195
START = datetime.datetime(2026, 3, 1, 10, tzinfo=datetime.timezone(datetime.timedelta(hours=1)))


@dataclass
class Expected:
    """What is found in a file."""

    path: str = "/acquisition/ElectricalSeries"
    start_time: float = 0.0
    channel_ids: list = field(default_factory=lambda: [str(i) for i in range(CHANNELS)])
    microvolts: np.ndarray = field(default_factory=lambda: PLAIN)
    origin: str = "recording"
    positions: list = None
    shanks: list = None
    """Or how it is refused."""
    tag: str = None


def new_file(positions="relative", named=False):
    """An NWBFile with two groups of electrodes, two more of them than a series has channels."""
    file = NWBFile("a session", "variant", START, session_id="day 3", experimenter=["Doe, Jane", "Roe, Ann"])
    device = file.create_device("probe A")
    groups = [file.create_electrode_group(f"group{i}", "a shank", "CA1", device) for i in range(2)]
    if named:
        file.add_electrode_column("channel_name", "its name")
    for i in range(CHANNELS + 2):
        place = {
            "relative": dict(rel_x=float(10 * (i % 2)), rel_y=float(15 * i)),
            "same in groups": dict(rel_x=0.0, rel_y=float(15 * (i // 2))),
            "absolute": dict(x=float(i), y=float(100 * i), z=0.0),
            "none": {},
        }[positions]
        name = dict(channel_name=f"AP{i}") if named else {}
        file.add_electrode(group=groups[i % 2], location="CA1", **place, **name)
    return file


def add_series(file, data=COUNTS, rows=range(CHANNELS), name="ElectricalSeries", lfp=False, **options):
    options = {"conversion": 0.195e-6, **options}
    if "timestamps" not in options:
        options["rate"] = RATE
    region = file.create_electrode_table_region(list(rows), "channels")
    series = ElectricalSeries(name, data, region, **options)
    if lfp:
        file.create_processing_module("ecephys", "processed").add(LFP(electrical_series=series))
    else:
        file.add_acquisition(series)
    return file


def save(path, file):
    with NWBHDF5IO(path, "w") as io:
        io.write(file)


def unsigned(path):
    data = (COUNTS.astype(int) + 32768).astype("<u2")
    save(path, add_series(new_file(), data, offset=-32768 * 0.195e-6))
    return Expected()


def holes(path):
    data = np.where(COUNTS % 5 == 0, np.nan, COUNTS * 0.195e-6).astype("<f4")
    save(path, add_series(new_file(), data, conversion=1.0))
    return Expected(microvolts=np.where(COUNTS % 5 == 0, 0, PLAIN))


def region_in_groups(path):
    rows = [7, 2, 5, 0, 3, 4]
    save(path, add_series(new_file(named=True), rows=rows))
    return Expected(
        channel_ids=[f"AP{i}" for i in rows],
        positions=[[10.0 * (i % 2), 15.0 * i] for i in rows],
        shanks=[0, 1, 0, 1, 0, 1],
    )


def groups_at_equal_places(path):
    save(path, add_series(new_file("same in groups")))
    return Expected(shanks=[0, 1, 0, 1, 0, 1])


def no_places(path):
    save(path, add_series(new_file("none")))
    return Expected(origin="assumed", positions=[[0.0, 20.0 * i] for i in range(CHANNELS)])


def absolute_places(path):
    save(path, add_series(new_file("absolute")))
    return Expected(positions=[[float(i), 100.0 * i] for i in range(CHANNELS)])


def late_timestamps(path):
    # As acquisition systems give them: seconds since the computer started, whose doubles are not evenly spaced.
    save(path, add_series(new_file(), timestamps=1234567.25 + np.arange(SAMPLES) / RATE))
    return Expected(start_time=1234567.25)


def timestamps_with_a_gap(path):
    times = np.arange(SAMPLES) / RATE
    times[3000:] += 20.0
    save(path, add_series(new_file(), timestamps=times))
    return Expected()


def lfp(path):
    save(path, add_series(new_file(), name="LFP0", lfp=True))
    return Expected(path="/processing/ecephys/LFP/LFP0")


def one_dimensional(path):
    save(path, add_series(new_file(), COUNTS[:, 0], rows=[3]))
    return Expected(channel_ids=["3"], microvolts=PLAIN[:, :1])


def plugin_filter(path):
    # A chunk that a filter cannot shorten is stored as it is; zeros can be shortened.
    data = H5DataIO(np.zeros_like(COUNTS), chunks=(1000, CHANNELS), allow_plugin_filters=True, **hdf5plugin.Zstd())
    save(path, add_series(new_file(), data))
    return Expected(tag="hdf5-filter-missing")


def lzf(path):
    save(path, add_series(new_file(), H5DataIO(np.zeros_like(COUNTS), chunks=(1000, CHANNELS), compression="lzf")))
    return Expected(tag="hdf5-filter-missing")


def bytes_columns(path):
    """Text of fixed length, as MatNWB and older writers have it."""
    save(path, add_series(new_file(named=True)))
    with h5py.File(path, "a") as file:
        table = file["general/extracellular_ephys/electrodes"]
        for name in ("channel_name", "group_name", "location"):
            texts, attributes = table[name].asstr()[:], dict(table[name].attrs)
            del table[name]
            table.create_dataset(name, data=np.array(texts, dtype="S20"))
            table[name].attrs.update(attributes)
    return Expected(channel_ids=[f"AP{i}" for i in range(CHANNELS)])


def soft_link(path):
    save(path, add_series(new_file()))
    with h5py.File(path, "a") as file:
        file.move("acquisition/ElectricalSeries/data", "general/samples")
        file["acquisition/ElectricalSeries/data"] = h5py.SoftLink("/general/samples")
    return Expected()


VARIANTS = [
    unsigned,
    holes,
    region_in_groups,
    groups_at_equal_places,
    no_places,
    absolute_places,
    late_timestamps,
    timestamps_with_a_gap,
    lfp,
    one_dimensional,
    plugin_filter,
    lzf,
    bytes_columns,
    soft_link,
]
