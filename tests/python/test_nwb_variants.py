"""Unusual but honest NWB files (nwb_variants.py) in our reader."""

import numpy as np
import pytest
from nwb_variants import RATE, SAMPLES, VARIANTS

FIRST, LAST = 1990, 2310


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("make", VARIANTS, ids=lambda make: make.__name__)
def test_reader_finds_what_was_written(typescript, tmp_path, make):
    path = tmp_path / "variant.nwb"
    expected = make(path)
    read = typescript("read-nwb", dict(path=str(path), start=FIRST, end=LAST))
    if expected.tag:
        assert read["error"]["tag"] == expected.tag
        return
    assert "error" not in read, read
    assert [series["path"] for series in read["series"]] == [expected.path]
    assert read["metadata"]["NWBFile"]["session_id"] == "day 3"
    assert read["metadata"]["NWBFile"]["experimenter"] == ["Doe, Jane", "Roe, Ann"]
    assert read["metadata"]["ElectrodeGroup"] == {"description": "a shank", "location": "CA1"}
    assert read["metadata"]["Device"] == {"name": "probe A"}
    info = read["info"]
    assert info["samplingRateHz"] == RATE
    assert info["startTimeSeconds"] == expected.start_time
    assert info["sampleCount"] == SAMPLES
    assert info["channelIds"] == expected.channel_ids
    microvolts = expected.microvolts[FIRST:LAST].T.ravel()
    np.testing.assert_allclose(read["traces"], microvolts, rtol=1e-5, atol=1e-3)
    contacts = info["probe"]["contacts"]
    assert info["probe"]["origin"] == expected.origin
    places = [[contact["x"], contact["y"]] for contact in contacts]
    assert len({tuple(place) for place in places}) == len(places)
    if expected.positions:
        assert places == expected.positions
    if expected.shanks:
        assert [contact["shank"] for contact in contacts] == expected.shanks
