"""Quality and template metrics equal SpikeInterface's on the same numbers: within 1e-6 of them, or NaN on both sides."""

import functools
from unittest import mock

import numpy as np
import pytest
import scipy.optimize
from scipy.signal import resample_poly
from scipy.stats import chi2
from spikeinterface import NumpyRecording, NumpySorting, create_sorting_analyzer
from spikeinterface.metrics.quality import misc_metrics, pca_metrics
from spikeinterface.metrics.spiketrain import compute_firing_rates
from spikeinterface.metrics.template import metrics as template_metrics

pytestmark = pytest.mark.filterwarnings("ignore")


def assert_equal(ours, theirs, atol=0.0):
    """Both are dicts of numbers; ours has None for NaN."""
    for name, expected in theirs.items():
        value = np.nan if ours[name] is None else ours[name]
        np.testing.assert_allclose(value, expected, rtol=1e-6, atol=atol, err_msg=name)


# Spike trains and amplitudes


def random_train(rng, samples, rate):
    """A train with a few violations, bursts, silence, intervals on both thresholds, or nothing at all."""
    kind = rng.choice(["steady", "dense", "absent", "bursts", "few", "silent"], p=[0.35, 0.15, 0.2, 0.15, 0.1, 0.05])
    if kind == "silent":
        return np.array([], dtype=int)
    count = {"few": int(rng.integers(1, 6)), "dense": 4000}.get(kind, int(rng.integers(300, 2500)))
    train = rng.integers(0, samples, count)
    if kind == "absent":
        train = train[train > samples * rng.uniform(0.2, 0.9)]
    if kind == "bursts":
        train = np.concatenate([train, train[: count // 4] + rng.integers(1, 12, count // 4)])
    close = rng.choice([round(rate * 0.001), round(rate * 0.0015)], train.size)
    train = np.concatenate([train, (train + close)[rng.random(train.size) < 0.02]])
    for seconds in (5, 60):  # the end of the last whole bin
        length = int(seconds * rate)
        train = np.append(train, samples // length * length) if rng.random() < 0.2 else train
    return np.unique(train[train < samples])


def random_amplitudes(rng, train, samples):
    values = rng.normal(100, rng.uniform(5, 30), train.size) + rng.uniform(-20, 20) * train / samples
    threshold = rng.choice([0, 80, 100])
    values = np.abs(values - threshold) + threshold
    if rng.random() < 0.3:  # on the edges of the histogram's bins
        values = np.clip(np.round(values), 60, 160)
    return -values if rng.random() < 0.7 else values


def random_trains(rng):
    rate = float(rng.choice([1000.0, 2500.0, 4882.8125, 10000.0]))
    seconds = rng.choice([rng.uniform(130, 400), rng.uniform(130, 400), rng.uniform(10, 59), 120, 3])
    samples = int(seconds * rate)
    trains = [random_train(rng, samples, rate) for _ in range(int(rng.integers(1, 6)))]
    if all(train.size == 0 for train in trains):
        trains.append(np.array([5, 9]))
    return rate, samples, trains, [random_amplitudes(rng, train, samples) for train in trains]


def analyzer_of(rate, samples, trains, amplitudes):
    """SpikeInterface's analyzer over an empty recording, with these amplitudes in the place of measured ones."""
    recording = NumpyRecording([np.zeros((samples, 1), dtype="float32")], rate)
    recording.set_dummy_probe_from_locations(np.array([[0.0, 0.0]]))
    recording.set_channel_gains(1.0)
    recording.set_channel_offsets(0.0)
    sorting = NumpySorting.from_unit_dict([dict(enumerate(trains))], rate)
    indices = np.zeros(len(trains), dtype=int)
    analyzer = create_sorting_analyzer(sorting, recording, sparse=False, main_channel_indices=indices)
    analyzer.compute(["random_spikes", "templates", "spike_amplitudes"])
    spikes = analyzer.sorting.to_spike_vector()
    values = np.zeros(spikes.size)
    for unit, own in enumerate(amplitudes):
        values[spikes["unit_index"] == unit] = own
    analyzer.get_extension("spike_amplitudes").data["amplitudes"] = values
    return analyzer


def train_metrics_of(analyzer):
    """With the parameters that compute_quality_metrics has; some of the functions have other defaults."""

    def with_defaults(function, metric):
        return function(analyzer, **metric.metric_params)

    isi = with_defaults(misc_metrics.compute_isi_violations, misc_metrics.ISIViolation)
    refractory = with_defaults(misc_metrics.compute_refrac_period_violations, misc_metrics.RPViolation)
    variation = with_defaults(misc_metrics.compute_amplitude_cv_metrics, misc_metrics.AmplitudeCV)
    return dict(
        firing_rate=compute_firing_rates(analyzer),
        presence_ratio=with_defaults(misc_metrics.compute_presence_ratios, misc_metrics.PresenceRatio),
        firing_range=with_defaults(misc_metrics.compute_firing_ranges, misc_metrics.FiringRange),
        isi_violations_ratio=isi.isi_violations_ratio,
        isi_violations_count=isi.isi_violations_count,
        rp_contamination=refractory.rp_contamination,
        rp_violations=refractory.rp_violations,
        amplitude_cutoff=with_defaults(misc_metrics.compute_amplitude_cutoffs, misc_metrics.AmplitudeCutoff),
        amplitude_median=misc_metrics.compute_amplitude_medians(analyzer),
        amplitude_cv_median=variation.amplitude_cv_median,
        amplitude_cv_range=variation.amplitude_cv_range,
    )


def test_train_and_amplitude_metrics_equal_spikeinterface(typescript, cases):
    rng = np.random.default_rng(20261130)
    made = [random_trains(rng) for _ in range(cases)]
    payload = [
        dict(samplingRateHz=rate, sampleCount=samples, train=train.tolist(), amplitudes=own.tolist())
        for rate, samples, trains, amplitudes in made
        for train, own in zip(trains, amplitudes)
    ]
    answers = iter(typescript("train-metrics", payload))
    for case in made:
        theirs = train_metrics_of(analyzer_of(*case))
        for unit, train in enumerate(case[2]):
            expected = {name: values[unit] for name, values in theirs.items()}
            if train.size == 0:  # SpikeInterface's -1 stands for a count that it does not make
                expected |= dict(isi_violations_count=0, rp_violations=0)
            # A spread of equal rates is a difference of two of them, so not 0 to the last bit.
            assert_equal(next(answers), expected, atol=1e-12)


# Features


def random_features(rng):
    dimensions = int(rng.integers(2, 21))
    spread = rng.choice([0.5, 2, 5])
    mixing = np.eye(dimensions) + rng.normal(0, 0.3, (dimensions, dimensions))
    sizes = [int(rng.integers(2 * dimensions, 250)) for _ in range(int(rng.integers(2, 6)))]
    if rng.random() < 0.2:
        sizes.append(1)
    points = [rng.normal(rng.normal(0, spread, dimensions), rng.uniform(0.5, 2), (n, dimensions)) for n in sizes]
    labels = np.repeat(rng.permutation(len(sizes)), sizes)
    order = rng.permutation(labels.size)
    return (np.concatenate(points) @ mixing)[order], labels[order]


def feature_metrics_of(points, labels, unit):
    isolation_distance, l_ratio = pca_metrics.mahalanobis_metrics(points, labels, unit)
    hit_rate, miss_rate = pca_metrics.nearest_neighbors_metrics(
        points, labels, unit, max_spikes=labels.size, n_neighbors=5
    )
    return dict(
        isolation_distance=isolation_distance,
        l_ratio=l_ratio,
        d_prime=pca_metrics.d_prime_metric(points, labels, unit),
        nn_hit_rate=hit_rate,
        nn_miss_rate=miss_rate,
        silhouette=pca_metrics.simplified_silhouette_score(points, labels, unit),
    )


def test_feature_metrics_equal_spikeinterface(typescript, cases):
    rng = np.random.default_rng(20261201)
    made = [random_features(rng) for _ in range(cases)]
    payload = [dict(points=points.tolist(), labels=labels.tolist()) for points, labels in made]
    for (points, labels), answers in zip(made, typescript("feature-metrics", payload)):
        assert len(answers) == np.unique(labels).size
        for ours in answers:
            # An L-ratio sums 1 - CDF there, which keeps no digits of tails below 1e-16.
            assert_equal(ours, feature_metrics_of(points, labels, ours["unit"]), atol=1e-13)


def test_chi_square_tails_equal_scipy(typescript, cases):
    rng = np.random.default_rng(20261202)
    made = [(float(rng.gamma(1 + degrees) * 2), int(degrees)) for degrees in rng.integers(1, 300, 20 * cases)]
    made += [(0.01, 1), (500.0, 3), (1e-6, 40), (1200.0, 120)]
    expected = [chi2.sf(x, degrees) for x, degrees in made]
    np.testing.assert_allclose(typescript("chi-square", made), expected, rtol=1e-11)


# Templates


def random_template(rng, channels, samples, rate):
    """Trough and peaks that move and decay along the probe, with some noise; sometimes upside down, late or early."""
    time = np.arange(samples) / rate * 1000
    edge = rng.uniform(0.09, 0.15)
    centre = rng.choice([1.0, 1.0, 1.0, rng.uniform(0.05, 3), edge, time[-1] - edge])
    parts = [
        (-100.0, centre, rng.uniform(0.05, 0.25)),
        (rng.uniform(-10, 70), centre + rng.uniform(0.2, 0.8), rng.uniform(0.1, 0.4)),
        (rng.uniform(-10, 60), centre - rng.uniform(0.15, 0.5), rng.uniform(0.05, 0.2)),
    ]
    sign = rng.choice([1, 1, 1, -1])
    depth = 20.0 * np.arange(channels)
    main = int(rng.integers(channels))
    distance = np.abs(depth - depth[main])
    delay = distance / rng.uniform(100, 1000) * rng.choice([1, 1, -1])
    decay = np.exp(-distance / rng.uniform(10, 80))
    shape = sum(a * np.exp(-(((time[:, None] - t - delay) / w) ** 2) / 2) for a, t, w in parts)
    noise = rng.normal(0, rng.choice([0.05, 1.0, 6.0]), (samples, channels))
    contacts = np.stack([rng.uniform(0, 30, channels) * rng.choice([0, 1]), depth], axis=1)
    order = rng.permutation(channels)
    template = (sign * shape * decay + noise)[:, order]
    return template, contacts[order], int(np.argmin(order != main))


def template_metrics_of(template, contacts, main, rate, upsampling):
    """As SpikeInterface's ComputeTemplateMetrics puts its functions together, with its default parameters."""
    fine = resample_poly(template, up=upsampling, down=1, axis=0) if upsampling > 1 else template
    fast = rate * upsampling
    single = fine[:, main]
    info = template_metrics.get_trough_and_peak_idx(
        single,
        fast,
        min_thresh_detect_peaks_troughs=0.3,
        edge_exclusion_ms=0.09,
        min_peak_trough_distance_ratio=0.2,
        min_extremum_distance_samples=3,
    )
    trough_half_width, peak_half_width = template_metrics.get_half_widths(single, fast, info)
    positive, negative = template_metrics.get_number_of_peaks(info)
    above, below = template_metrics.get_velocity_fits(
        fine, contacts, fast, depth_direction="y", min_channels=3, min_r2=0.2, column_range=None
    )
    return dict(
        peak_to_trough_duration=template_metrics.get_peak_to_trough_duration(info, fast),
        main_to_next_extremum_duration=template_metrics.get_main_to_next_extremum_duration(single, info, fast),
        trough_half_width=trough_half_width,
        peak_half_width=peak_half_width,
        repolarization_slope=template_metrics.get_repolarization_slope(single, fast, info),
        recovery_slope=or_nan(template_metrics.get_recovery_slope, single, fast, info, recovery_window_ms=0.7),
        num_positive_peaks=positive,
        num_negative_peaks=negative,
        **template_metrics.get_waveform_ratios(single, info),
        **template_metrics.get_waveform_widths(info, fast),
        waveform_baseline_flatness=template_metrics.get_waveform_baseline_flatness(
            single, fast, baseline_window_ms=(0.0, 0.5)
        ),
        velocity_above=above,
        velocity_below=below,
        spread=or_nan(
            template_metrics.get_spread,
            fine,
            contacts,
            fast,
            depth_direction="y",
            spread_threshold=0.2,
            spread_smooth_um=20,
            column_range=None,
        ),
    )


def or_nan(function, *args, **options):
    """What cannot be fitted or smoothed is an error, which ComputeTemplateMetrics turns into NaN."""
    try:
        return function(*args, **options)
    except ValueError:
        return np.nan


def random_templates(rng, count):
    made = []
    for _ in range(count):
        rate = float(rng.choice([20000.0, 24414.0625, 30000.0]))
        samples = int(rng.integers(60, 110))
        template, contacts, main = random_template(rng, int(rng.integers(1, 13)), samples, rate)
        made.append((template, contacts, main, rate, int(rng.choice([10, 10, 1]))))
    payload = [
        dict(
            template=template.tolist(),
            contacts=contacts.tolist(),
            mainChannel=main,
            samplingRateHz=rate,
            upsampling=upsampling,
        )
        for template, contacts, main, rate, upsampling in made
    ]
    return made, payload


def test_template_metrics_equal_spikeinterface(typescript, cases):
    made, payload = random_templates(np.random.default_rng(20261203), 10 * cases)
    for case, ours in zip(made, typescript("template-metrics", payload)):
        assert_equal(ours, template_metrics_of(*case), atol=1e-12)


# Spatial decay


def exp_decay_of(template, contacts):
    """With the solver told to go on to the end: by default it stops at up to some 1e-5 of the optimum."""
    solve = functools.partial(scipy.optimize.curve_fit, ftol=1e-15, xtol=1e-15, gtol=1e-15, max_nfev=100_000)
    with mock.patch("scipy.optimize.curve_fit", solve):
        return template_metrics.get_exp_decay(
            template, contacts, peak_function="ptp", min_r2=0.2, linear_fit=False, channel_tolerance=None
        )


def unexplained(decay, distances, amplitudes):
    """Part of the variance that the best curve of this decay leaves, within SpikeInterface's bounds."""
    nearest = amplitudes[np.argmin(distances)]
    bounds = ([0.5 * nearest, 0], [1.5 * nearest, 2 * amplitudes.min()])
    curves = np.stack([np.exp(-decay * distances), np.ones(distances.size)], axis=1)
    fit = scipy.optimize.lsq_linear(curves, amplitudes, bounds, method="bvls", tol=1e-15)
    return 2 * fit.cost / np.sum((amplitudes - amplitudes.mean()) ** 2)


def test_spatial_decay_equals_spikeinterface_or_fits_better(typescript, cases):
    made, payload = random_templates(np.random.default_rng(20261205), 10 * cases)
    compared, elsewhere = 0, 0
    for (template, contacts, _, _, upsampling), answer in zip(made, typescript("template-metrics", payload)):
        ours = np.nan if answer["exp_decay"] is None else answer["exp_decay"]
        fine = resample_poly(template, up=upsampling, down=1, axis=0) if upsampling > 1 else template
        amplitudes = np.ptp(fine, axis=0)
        distances = np.linalg.norm(contacts - contacts[amplitudes.argmax()], axis=1)
        if np.unique(distances).size < 3:  # not determined, whatever the solver makes of it
            assert np.isnan(ours)
            continue
        compared += 1
        theirs = exp_decay_of(fine, contacts)
        if np.isclose(ours, theirs, rtol=1e-6, atol=0, equal_nan=True):
            continue
        # The solver ended in another valley, or on the plain where the next channel has nothing left of the amplitude.
        elsewhere += 1
        left = unexplained(ours, distances, amplitudes)
        assert left <= 0.8
        assert np.isnan(theirs) or left <= unexplained(theirs, distances, amplitudes) * (1 + 1e-9) + 1e-15
    assert elsewhere <= max(2, compared // 50)


# Signal to noise


def test_snr_equals_spikeinterface(typescript, cases):
    rng = np.random.default_rng(20261204)
    rate, samples = 20000.0, 20000
    payload, expected = [], []
    for _ in range(max(3, cases // 5)):
        traces = rng.normal(0, rng.uniform(2, 10, 3), (samples, 3)).astype("float32")
        trains = [np.arange(100, samples - 500, 500) + int(rng.integers(0, 150)) + 250 * unit for unit in range(2)]
        for unit, train in enumerate(trains):
            traces[train, unit] += -rng.uniform(50, 100)
        recording = NumpyRecording([traces], rate)
        recording.set_dummy_probe_from_locations(np.array([[0.0, 20.0 * k] for k in range(3)]))
        recording.set_channel_gains(1.0)
        recording.set_channel_offsets(0.0)
        sorting = NumpySorting.from_unit_dict([dict(enumerate(trains))], rate)
        analyzer = create_sorting_analyzer(sorting, recording, sparse=False)
        analyzer.compute("random_spikes", method="all")
        analyzer.compute("templates", ms_before=1.0, ms_after=2.0)
        whole = dict(num_chunks_per_segment=1, chunk_size=samples)
        analyzer.compute("noise_levels", random_slices_kwargs=whole)
        expected.append(misc_metrics.compute_snrs(analyzer))
        payload.append(dict(samplingRateHz=rate, traces=traces.T.tolist(), trains=[t.tolist() for t in trains]))
    for answers, theirs in zip(typescript("snr", payload), expected):
        # Theirs adds up the templates in float32.
        np.testing.assert_allclose([unit["snr"] for unit in answers], list(theirs.values()), rtol=1e-6)
