"""Our NWB files in pynwb and nwbinspector, and pynwb's and h5py's files in our reader."""

import datetime

import h5py
import numpy as np
import pynwb
import pytest
from nwbinspector import Importance, inspect_nwbfile

METADATA = {
    "NWBFile": {"session_start_time": "2026-03-01T10:00:00+01:00", "experimenter": ["Doe, Jane"]},
    "Subject": {"subject_id": "M7", "species": "Mus musculus", "sex": "F", "age": "P90D"},
    "Device": {"name": "probe A", "description": "a tetrode", "manufacturer": "the lab"},
    "ElectrodeGroup": {"location": "CA1"},
}
UNTOLD = {"check_subject_exists", "check_session_start_time_old_date", "check_location"}


def critical(path, ignore=()):
    found = inspect_nwbfile(nwbfile_path=str(path), importance_threshold=Importance.BEST_PRACTICE_VIOLATION)
    return [f"{m.check_function_name}: {m.message}" for m in found if m.check_function_name not in ignore]


def test_result_opens_and_validates(typescript, tmp_path):
    path = tmp_path / "sorted.nwb"
    spikes = typescript("write-nwb", dict(path=str(path), metadata=METADATA))["spikes"]
    with pynwb.NWBHDF5IO(path, "r") as io:
        nwb = io.read()
        assert len(nwb.units) == len(spikes)
        for i, train in enumerate(spikes):
            np.testing.assert_allclose(nwb.units["spike_times"][i], np.array(train) / 30000.0, rtol=0, atol=1e-9)
        frame = nwb.units.to_dataframe()
        assert frame["waveform_mean"].iloc[0].shape[1] == 4
        assert frame["electrode_group"].iloc[0].location == "CA1"
        assert list(nwb.electrodes["rel_x"][:]) == [0.0, 20.0, 0.0, 20.0] or len(nwb.electrodes) == 4
        assert nwb.subject.subject_id == "M7"
        assert nwb.devices["probe A"].manufacturer == "the lab"
        assert nwb.experimenter == ("Doe, Jane",)
        assert "content root" not in nwb.units.description and "day3.raw" in nwb.units.description
    assert pynwb.validate(path=str(path)) == []
    assert critical(path) == []


def test_result_without_metadata_invents_nothing(typescript, tmp_path):
    path = tmp_path / "bare.nwb"
    typescript("write-nwb", dict(path=str(path), metadata={}))
    assert pynwb.validate(path=str(path)) == []
    with pynwb.NWBHDF5IO(path, "r") as io:
        nwb = io.read()
        assert nwb.session_description == "session start unknown"
        assert nwb.session_start_time.year == 1970
        assert nwb.subject is None
    assert critical(path, ignore=UNTOLD) == []


def test_result_without_units_opens_and_validates(typescript, tmp_path):
    path = tmp_path / "unitless.nwb"
    typescript("write-nwb", dict(path=str(path), metadata=METADATA, unitless=True))
    with pynwb.NWBHDF5IO(path, "r") as io:
        assert len(io.read().units) == 0
    assert pynwb.validate(path=str(path)) == []


def test_result_with_classes_opens_and_validates(typescript, tmp_path):
    path = tmp_path / "classified.nwb"
    typescript("write-nwb", dict(path=str(path), metadata=METADATA, classes=True))
    with pynwb.NWBHDF5IO(path, "r") as io:
        frame = io.read().units.to_dataframe()
        assert list(frame["unit_class"]) == ["noise", "multi", "single", "noise", "multi"]
        np.testing.assert_array_equal(frame["unit_class_probability"], 0.5 + np.arange(5) / 16)
    assert pynwb.validate(path=str(path)) == []
    assert critical(path) == []


def test_recording_opens_and_validates(typescript, tmp_path):
    path = tmp_path / "recording.nwb"
    written = typescript("write-recording-nwb", dict(path=str(path)))
    assert pynwb.validate(path=str(path)) == []
    with pynwb.NWBHDF5IO(path, "r") as io:
        series = io.read().acquisition["ElectricalSeries"]
        np.testing.assert_array_equal(series.data[:100].ravel(), written["counts"])
        assert series.conversion * 1e6 == pytest.approx(written["gainUv"])


def electrode_table(nwb, channels, offset=False):
    device = nwb.create_device("probe")
    group = nwb.create_electrode_group("shank0", "a shank", "CA1", device)
    for i in range(channels):
        nwb.add_electrode(group=group, location="CA1", rel_x=0.0, rel_y=20.0 * i)
    if offset:
        nwb.add_electrode_column("offset", "V at zero counts", data=[1e-5 * i for i in range(channels)])


def write_series(path, data, rows=None, libver="earliest", h5kwargs=None, **series):
    start = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
    nwb = pynwb.NWBFile("made by pynwb", "id", start)
    electrode_table(nwb, 6, offset=series.pop("table_offset", False))
    region = nwb.create_electrode_table_region(rows or list(range(data.shape[1])), "all")
    stored = pynwb.H5DataIO(data, **h5kwargs) if h5kwargs else data
    nwb.add_acquisition(pynwb.ecephys.ElectricalSeries(name="ES", data=stored, electrodes=region, **{"rate": 30000.0, **series}))
    with pynwb.NWBHDF5IO(path, "w") as io:
        io.write(nwb)


def counts(dtype="int16", samples=5000, channels=4):
    rng = np.random.default_rng(3)
    values = rng.integers(-3000, 3000, (samples, channels))
    return values.astype(dtype)


VARIANTS = {
    "contiguous": dict(),
    "gzip": dict(h5kwargs=dict(compression="gzip", chunks=(1000, 4))),
    "chunks of one channel": dict(h5kwargs=dict(compression="gzip", chunks=(3000, 1))),
    "shuffle and fletcher32": dict(h5kwargs=dict(compression="gzip", shuffle=True, fletcher32=True, chunks=(777, 3))),
    "chunks without compression": dict(h5kwargs=dict(chunks=(512, 2))),
    "timestamps": dict(rate=None, timestamps=np.arange(5000) / 25000.0 + 3.0),
    "float32": dict(dtype="float32"),
    "float64": dict(dtype="float64"),
    "int32": dict(dtype="int32"),
    "big-endian": dict(dtype=">i2"),
    "a region out of order": dict(rows=[5, 0, 3, 1]),
    "scaling of each channel": dict(channel_conversion=[1.0, 2.0, 3.0, 4.0]),
    "an offset": dict(offset=1e-4),
    "offsets of the electrodes": dict(table_offset=True),
    "a later start": dict(starting_time=12.5),
}


@pytest.mark.parametrize("name", VARIANTS)
def test_reader_reads_what_pynwb_writes(typescript, tmp_path, name):
    variant = dict(VARIANTS[name])
    data = counts(variant.pop("dtype", "int16"))
    if variant.get("rate", 0) is None:
        variant = {**variant, "rate": None}
    path = tmp_path / "variant.nwb"
    variant["conversion"] = 1.95e-7
    write_series(path, data, **variant)
    read = typescript("read-nwb", dict(path=str(path), start=900, end=3100))
    assert "error" not in read, read
    info = read["info"]
    scale = np.array(variant.get("channel_conversion", [1.0] * 4)) * variant["conversion"]
    offset = np.full(4, variant.get("offset", 0.0))
    if variant.get("table_offset"):
        offset = 1e-5 * np.arange(4)
    expected = (data[900:3100].astype("float64") * scale + offset) * 1e6
    np.testing.assert_allclose(np.reshape(read["traces"], (4, 2200)), expected.T, rtol=1e-5, atol=1e-3)
    rows = variant.get("rows", [0, 1, 2, 3])
    assert [contact["y"] for contact in info["probe"]["contacts"]] == [20.0 * row for row in rows]
    assert info["samplingRateHz"] == pytest.approx(25000.0 if "timestamps" in variant else 30000.0)
    assert info["startTimeSeconds"] == pytest.approx(variant.get("starting_time", 3.0 if "timestamps" in variant else 0.0))


def test_reader_reads_the_latest_format_and_one_dimension(typescript, tmp_path):
    path = tmp_path / "latest.nwb"
    data = counts(channels=1).ravel()
    with h5py.File(path, "w", libver="latest") as file:
        series = file.create_group("acquisition/ES")
        series.attrs["neurodata_type"] = "ElectricalSeries"
        series.create_dataset("data", data=data).attrs["conversion"] = 1e-6
        series.create_dataset("starting_time", data=0.0).attrs["rate"] = 20000.0
    read = typescript("read-nwb", dict(path=str(path), start=10, end=20))
    np.testing.assert_allclose(read["traces"], data[10:20], rtol=1e-6)
    assert read["info"]["channelCount"] == 1
    assert read["info"]["probe"]["origin"] == "assumed"
