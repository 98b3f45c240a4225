"""Causal padding, and streams: whatever the chunks, a stream gives the bits of the whole sequence."""

import copy
import itertools
import signal
from collections.abc import Iterator

import cases
import numpy as np
import oracle
import pytest
import tolerance

import fastconv as fc
import fastconv.functional as F
from fastconv import nn
from fastconv.models import WaveNet, WaveNetLayer, WaveNetStack

CHUNKINGS = 1000  # for each instruction set, both dtypes together


def same_bits(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two arrays have the same shape, type and bytes."""
    return a.shape == b.shape and a.dtype == b.dtype and a.tobytes() == b.tobytes()


def cut(rng: np.random.Generator, steps: int) -> Iterator[slice]:
    """Slices that follow each other and cover `steps`: short ones, long ones, empty ones."""
    longest, at = int(rng.choice((1, 2, 5, 40, 300))), 0
    if longest == 1:
        longest = 2 if steps > 200 else 1
    while at < steps:
        length = int(rng.integers(0 if longest > 1 else 1, longest + 1))
        yield slice(at, at + length)
        at += length


def pushed(stream: nn.Stream, x: np.ndarray, slices: Iterator[slice]) -> np.ndarray:
    """The outputs of a stream for x, cut like this."""
    return np.concatenate([stream.push(x[..., part]) for part in slices], axis=-1)


class Joined(nn.Module):
    """A user's network: two branches at stride 2, a product, a sum, and the functional door."""

    def __init__(self, dtype: str) -> None:
        self.left = nn.CausalConv1d(5, 12, 3, stride=2, dilation=7, dtype=dtype, rng=1)
        self.right = nn.CausalConv1d(5, 12, 4, stride=2, groups=1, activation="hardswish", dtype=dtype, rng=2)
        self.last = nn.CausalConv1d(12, 24, 2, dilation=3, groups=4, dtype=dtype, rng=3)

    def forward(self, x):
        joined = F.leaky_relu(self.left(x) * self.right(x), 0.2) + self.right(x)
        return nn.GatedTanh()(self.last(joined))


def networks(dtype: str) -> dict[str, tuple[nn.Module, int, int]]:
    """Networks with their channels, and a length that is long for them."""
    how = {"dtype": dtype, "rng": 0}
    return {
        "plain": (nn.CausalConv1d(5, 7, 3, **how), 5, 90),
        "dilation 512": (nn.CausalConv1d(3, 4, 2, dilation=512, activation="relu", **how), 3, 1300),
        "many taps": (nn.CausalConv1d(9, 40, 30, dilation=2, **how), 9, 150),
        "strided": (nn.CausalConv1d(6, 33, 5, stride=3, dilation=2, bias=False, **how), 6, 100),
        "strided 1x1": (nn.CausalConv1d(6, 17, 1, stride=2, **how), 6, 70),
        "groups": (nn.CausalConv1d(12, 18, 4, dilation=5, groups=3, activation="silu", **how), 12, 90),
        "depthwise": (nn.CausalConv1d(19, 19, 4, groups=19, activation=("leaky_relu", 0.1), **how), 19, 90),
        "depthwise, many taps": (nn.CausalConv1d(3, 3, 230, groups=3, **how), 3, 300),
        "multiplier": (nn.CausalConv1d(5, 10, 3, stride=2, groups=5, **how), 5, 60),
        "chain": (nn.Sequential(nn.CausalConv1d(4, 8, 2, **how), nn.Tanh(), nn.CausalConv1d(8, 3, 3, **how)), 4, 80),
        "joined": (Joined(dtype), 5, 120),
        "wavenet": (WaveNet(2, 20, 16, 24, layers=10, rounds=1, **how), 2, 1200),
        "wavenet of relu": (WaveNetStack(8, 40, layers=4, rounds=3, kernel_size=3, gated=False, **how), 8, 130),
    }


def test_causal_padding_pads_the_front(isa: str, dtype: str) -> None:
    for index in range(60):
        rng = cases.rng_for("causal padding", index)
        kernel, dilation, stride, steps = (int(v) for v in rng.integers(1, (7, 40, 4, 60)))
        x = cases.integers(rng, (2, 3, steps), dtype)
        w, b = cases.integers(rng, (4, 3, kernel), dtype), cases.integers(rng, (4,), dtype)
        how = {"stride": stride, "dilation": dilation}
        expected = oracle.conv(x, w, b, padding=(((kernel - 1) * dilation, 0),), **how)
        assert expected.shape[-1] == -(-steps // stride)
        y = F.conv1d(x, w, b, padding="causal", **how)
        tolerance.check_equal(y, expected, cases.told("causal padding", index))
        last = F.conv1d(x.transpose(0, 2, 1), w, b, padding="causal", data_format="NWC", **how)
        tolerance.check_equal(last.transpose(0, 2, 1), expected, cases.told("causal padding", index, "NWC"))


def test_no_output_sees_what_comes_after_it(isa: str, dtype: str) -> None:
    layer, x = nn.CausalConv1d(3, 4, 3, dilation=4, dtype=dtype, rng=0), np.ones((3, 40), dtype)
    for t in (0, 7, 39):
        y = x.copy()
        y[:, t] = np.nan
        assert np.array_equal(np.isnan(layer(y))[0].nonzero()[0], [s for s in (t, t + 4, t + 8) if s < 40])


@pytest.mark.parametrize("rank", [2, 3])
def test_causal_is_for_sequences(rank: int) -> None:
    name = f"conv{rank}d"
    x, w = np.ones((1, 2, *(5,) * rank), np.float32), np.ones((3, 2, *(2,) * rank), np.float32)
    with pytest.raises(fc.FastconvValueError, match=rf"{name}: padding 'causal' is for sequences.* got {rank} axes"):
        getattr(F, name)(x, w, padding="causal")
    with pytest.raises(fc.FastconvValueError, match=rf"{name}: algorithm='causal' cannot serve .* input must be"):
        getattr(F, name)(x, w, algorithm="causal")


def test_the_causal_algorithm_says_what_it_cannot() -> None:
    x, w = np.ones((1, 2, 9), np.float32), np.ones((3, 2, 3), np.float32)
    with pytest.raises(fc.FastconvValueError, match=r"padding must be 'causal', here \(\(4, 0\),\), got \(\(1, 1\),\)"):
        F.conv1d(x, w, padding=1, dilation=2, algorithm="causal")
    with pytest.raises(fc.FastconvValueError, match="data_format must be 'NCW', got 'NWC'"):
        F.conv1d(x.transpose(0, 2, 1), w, padding="causal", data_format="NWC", algorithm="causal")


def test_the_forms_of_the_causal_algorithm_have_the_same_bits(isa: str, dtype: str) -> None:
    """However long the sequence and whatever the model of costs prefers: each length has the bits of the longest."""
    for index, (c_in, c_out, groups, taps, dilation) in enumerate(
        ((1, 6, 1, 5, 1), (16, 100, 1, 5, 1), (64, 33, 1, 3, 4), (70, 40, 1, 7, 2), (6, 12, 3, 4, 9), (12, 12, 12, 9, 1))
    ):
        rng = cases.rng_for("forms of causal", index)
        x, w = cases.floats(rng, (3, c_in, 2500), dtype), cases.floats(rng, (c_out, c_in // groups, taps), dtype)
        b, how = cases.floats(rng, (c_out,), dtype), {"padding": "causal", "dilation": dilation, "groups": groups}
        whole = F.conv1d(x, w, b, **how, algorithm="causal")
        assert same_bits(whole[1:2], F.conv1d(x[1:2], w, b, **how, algorithm="causal", num_threads=3))
        for steps in (1, 3, 17, 40, 113, 500):
            part = F.conv1d(x[..., :steps], w, b, **how, algorithm="causal")
            assert same_bits(part, whole[..., :steps]), (index, steps)


@pytest.mark.parametrize("name", networks("float32"))
def test_a_stream_has_the_bits_of_the_whole_for_any_chunking(name: str, isa: str) -> None:
    each = -(-CHUNKINGS // (len(networks("float32")) * len(cases.DTYPES)))
    for dtype in cases.DTYPES:
        module, channels, steps = networks(dtype)[name]
        rng = cases.rng_for(f"stream {name} {dtype}", 0)
        for batch in (None, 1, 3):
            x = cases.floats(rng, (*(() if batch is None else (batch,)), channels, steps), dtype)
            whole, stream = module(x), module.stream(batch)
            for index in range(-(-each // 3)):
                rng = cases.rng_for(f"stream {name} {dtype}", index + 1)
                stream.reset()
                y = pushed(stream, x, cut(rng, steps))
                assert same_bits(y, whole), cases.told(f"stream {name} {dtype}", index + 1, isa, batch)
                assert stream.position == steps or index < each


def test_the_whole_wavenet_in_streams(isa: str) -> None:
    """30 layers, 64 channels, dilations up to 512: three rounds of them, gated and not."""
    for gated in (True, False):
        stack = WaveNetStack(gated=gated, rng=0).eval()
        x = cases.floats(cases.rng_for("wavenet", gated), (64, 700), "float32")
        ends = [*range(41), 43, 43, 560, 700]
        y = pushed(stack.stream(), x, (slice(a, b) for a, b in itertools.pairwise(ends)))
        assert same_bits(y, stack(x))


@pytest.mark.parametrize("gated", [True, False])
def test_wavenet_is_what_the_paper_draws(gated: bool, dtype: str) -> None:
    stack = WaveNetStack(6, 5, layers=4, rounds=2, kernel_size=2, gated=gated, dtype=dtype, rng=3)
    x = cases.floats(cases.rng_for("wavenet oracle", gated), (6, 45), dtype)
    layers = [
        {
            name: (getattr(layer, name).weight.data, getattr(layer, name).bias.data)
            for name in ("dilated", "skip", "residual")
            if getattr(layer, name) is not None
        }
        for layer in stack.layers
    ]
    expected = oracle.wavenet_stack(x, layers, [1, 2, 4, 8] * 2)
    # Eight layers in a row, each a sum of 12 and a sum of 6 products of numbers below 8, and functions of slope at most 1.
    bound = np.full(expected.shape, 8 * 8 * 20 * (2 + tolerance.EXP_ULPS) * tolerance.unit_roundoff(dtype))
    tolerance.check(stack(x), expected, bound, "the whole")
    tolerance.check(pushed(stack.stream(), x, cut(cases.rng_for("wavenet oracle", 2), 45)), expected, bound, "a stream")


@pytest.mark.parametrize("module", ["layer", "stack", "gate"])
def test_gradients_of_wavenet_by_finite_differences(module: str) -> None:
    model = {
        "layer": nn.CausalConv1d(3, 4, 3, stride=2, dilation=2, dtype="float64", rng=0),
        "stack": WaveNetStack(4, 3, layers=2, rounds=2, dtype="float64", rng=0),
        "gate": nn.GatedTanh(),
    }[module]
    rng, step = cases.rng_for("wavenet gradients", 0), 1e-6
    x = cases.floats(rng, (2, 3 if module == "layer" else 4, 11), "float64")
    g = cases.floats(rng, model(x).shape, "float64")
    grad_input = model.backward(g)
    for place in rng.integers(0, x.size, 12):
        moved = np.zeros(x.size)
        moved[place] = step
        moved = moved.reshape(x.shape)
        slope = np.vdot(model(x + moved) - model(x - moved), g) / (2 * step)
        assert grad_input.flat[place] == pytest.approx(slope, rel=1e-5, abs=1e-8)
    model(x)
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name


def test_a_stream_gives_the_same_bits_with_more_threads_and_for_each_sequence(isa: str, dtype: str) -> None:
    module = WaveNetStack(160, 150, layers=2, rounds=1, dtype=dtype, rng=0)  # so wide that its layers are shared out
    x = cases.floats(cases.rng_for("stream threads", 0), (2, 160, 150), dtype)
    one = module.stream(2, num_threads=1).push(x)
    assert same_bits(one, module(x))
    for threads in (2, 3, 7):
        assert same_bits(module.stream(2, num_threads=threads).push(x), one)
    for at in range(2):
        assert same_bits(module.stream(1).push(x[at : at + 1]), one[at : at + 1])


def test_a_stream_goes_on_from_copies_and_states(tmp_path, dtype: str) -> None:
    module, channels, _ = networks(dtype)["joined"]
    x = cases.floats(cases.rng_for("stream state", 0), (2, channels, 90), dtype)
    whole, stream = module(x), module.stream(2)
    first = stream.push(x[..., :31])
    others = [stream.copy(), copy.copy(stream), copy.deepcopy(stream)]
    np.savez(tmp_path / "state.npz", **stream.state_dict())
    loaded = module.stream(2)
    loaded.push(x[..., 5:24])  # forgotten
    with np.load(tmp_path / "state.npz") as state:
        loaded.load_state_dict(state)
    for number, array in stream.state_dict().items():
        assert same_bits(array, loaded.state_dict()[number])
    stream.reset()
    assert same_bits(stream.push(x), whole)  # and its copies did not notice
    for other in (*others, loaded):
        assert other.position == 31
        assert same_bits(np.concatenate([first, other.push(x[..., 31:])], axis=-1), whole)


def test_the_state_is_the_past_in_order() -> None:
    stream = nn.CausalConv1d(1, 1, 3, dilation=2, rng=0).stream()
    assert stream.state_dict()["0"].tolist() == [[[0, 0, 0, 0]]]
    stream.push(np.arange(1.0, 300.0, dtype=np.float32)[None])
    stream.push(np.float32([[7]]))
    state = stream.state_dict()
    assert (int(state["position"]), state["0"].tolist()) == (300, [[[297, 298, 299, 7]]])


def test_a_stream_takes_any_array_and_keeps_none(dtype: str) -> None:
    layer = nn.CausalConv1d(4, 6, 3, dtype=dtype, rng=0)
    x = cases.floats(cases.rng_for("stream layouts", 0), (4, 50), dtype)
    whole = layer(x)
    for odd in (np.asfortranarray(x), x[:, ::-1][:, ::-1], x.astype(x.dtype.newbyteorder()), np.repeat(x, 2, 1)[:, ::2]):
        odd.flags.writeable = False
        assert same_bits(layer.stream().push(odd), whole)
    stream, part = layer.stream(), x[:, :20].copy()
    head = stream.push(part)
    part[:] = np.nan
    assert same_bits(np.concatenate([head, stream.push(x[:, 20:])], axis=1), whole)


def test_a_stream_keeps_the_weights_it_began_with() -> None:
    layer, x = nn.CausalConv1d(2, 2, 2, rng=0), np.ones((2, 6), np.float32)
    before, stream = layer(x), layer.stream()
    layer.weight = np.zeros((2, 2, 2))
    assert same_bits(stream.push(x), before)
    assert not same_bits(layer.stream().push(x), before)


def test_planning_a_stream_leaves_what_backward_needs() -> None:
    model = nn.Sequential(nn.CausalConv1d(2, 4, 2, rng=0), nn.GatedTanh(), nn.ReLU())
    y = model(np.ones((1, 2, 5), np.float32))
    model.stream()
    assert model.backward(np.ones_like(y)).shape == (1, 2, 5)


def test_nan_and_infinity_leave_with_their_steps() -> None:
    stream = nn.CausalConv1d(1, 1, 3, rng=0).stream()
    x = np.float32([[1, np.nan, 1, np.inf, 1, 1, 1]])
    y = np.concatenate([stream.push(x[:, t : t + 1]) for t in range(7)], axis=1)[0]
    assert np.isnan(y[1:4]).all()
    assert np.isinf(y[4:6]).all()
    assert np.isfinite(y[[0, 6]]).all()


def test_a_stream_without_a_convolution_and_of_nothing() -> None:
    x = np.float32([[-1, 2]])
    assert nn.ReLU().stream(channels=1).push(x).tolist() == [[0, 2]]
    assert nn.Sequential().stream(channels=1).push(x).tolist() == [[-1, 2]]
    assert nn.CausalConv1d(3, 4, 2, rng=0).stream(0).push(np.ones((0, 3, 5), np.float32)).shape == (0, 4, 5)


def test_a_one_tap_convolution_streams_without_the_word_causal() -> None:
    layer = nn.Conv1d(3, 4, 1, algorithm="causal", rng=0)
    x = cases.floats(cases.rng_for("one tap", 0), (3, 9), "float32")
    assert same_bits(layer.stream().push(x), layer(x))


def test_an_interrupted_stream_must_begin_anew() -> None:
    stream, x = WaveNetStack(rng=0).stream(num_threads=1), np.ones((64, 400_000), np.float32)

    def interrupt(*_: object) -> None:
        raise InterruptedError

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        with pytest.raises(InterruptedError):
            stream.push(x)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    with pytest.raises(fc.FastconvError, match=r"push: .* interrupted"):
        stream.push(np.ones((64, 1), np.float32))
    stream.reset()
    assert stream.push(np.ones((64, 1), np.float32)).shape == (64, 1)


class Doubling(nn.Module):
    """A network that adds a number to a sequence."""

    def forward(self, x):
        return x + 1.0


class Uneven(nn.Module):
    """A network that adds sequences of different strides."""

    def __init__(self) -> None:
        self.step = nn.CausalConv1d(2, 2, 1, stride=2, rng=0)

    def forward(self, x):
        return x + self.step(x)


ONE = np.ones((1, 1), np.float32)


def small() -> nn.Stream:
    """A stream of two channels."""
    return nn.CausalConv1d(2, 3, 2, rng=0).stream()


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: small().push([[1.0], [2.0]]), TypeError, r"push: chunk must be a NumPy array, got chunk=\[\[1\.0\]"),
        (lambda: small().push(np.ones((2, 1))), TypeError, "push: chunk must be float32.* got chunk of dtype float64"),
        (lambda: small().push(ONE), ValueError, r"push: chunk must have 2 channels, got chunk of shape \(1, 1\)"),
        (lambda: small().push(ONE[0]), ValueError, r"push: chunk must have 2 axes .* got chunk of shape \(1,\)"),
        (
            lambda: nn.CausalConv1d(1, 1, 1).stream(2).push(ONE[None]),
            ValueError,
            r"push: chunk must have 1 channels and a batch of 2, got chunk of shape \(1, 1, 1\)",
        ),
        (lambda: nn.CausalConv1d(1, 1, 1).stream(-1), ValueError, "stream: batch must not be negative, got batch=-1"),
        (
            lambda: nn.CausalConv1d(1, 1, 3, dilation=2**30).stream(2**30),
            ValueError,
            r"stream: the result must fit this machine's memory .* got batch=1073741824",
        ),
        (lambda: nn.CausalConv1d(1, 1, 1).stream(1.5), TypeError, r"stream: batch must be a whole number, got batch=1\.5"),
        (lambda: nn.CausalConv1d(1, 1, 1).stream(num_threads=0), ValueError, "stream: num_threads must be positive"),
        (lambda: nn.Stream(np.ones(2)), TypeError, "stream: module must be a Module, got module="),
        (lambda: nn.ReLU().stream(), ValueError, "stream: channels must be given for a module without a convolution"),
        (lambda: nn.CausalConv1d(3, 1, 1).stream(channels=2), ValueError, "conv1d: given groups=1 .* must have 3 channels"),
        (lambda: nn.Conv1d(1, 1, 3, padding=1).stream(), ValueError, "conv1d: in a stream padding must be 'causal'"),
        (
            lambda: nn.Conv1d(1, 1, 3, padding="causal").stream(),
            ValueError,
            "conv1d: algorithm must be 'causal' in a stream, .* got algorithm=None",
        ),
        (
            lambda: nn.Conv1d(2, 1, 3, padding="causal", data_format="NWC").stream(),
            ValueError,
            "conv1d: in a stream data_format must be 'NCW'",
        ),
        (lambda: nn.Conv2d(1, 1, 3).stream(), ValueError, "conv2d: a stream must be of sequences, got 2 spatial axes"),
        (
            lambda: nn.Sequential(nn.CausalConv1d(1, 2, 2), nn.MaxPool1d(2)).stream(),
            TypeError,
            "stream: max_pool has no form step by step",
        ),
        (
            lambda: nn.Sequential(nn.CausalConv1d(1, 2, 2), nn.Flatten()).stream(),
            TypeError,
            "stream: what the module does with 'ndim' of its input has no form step by step",
        ),
        (lambda: Doubling().stream(channels=1), TypeError, r"stream: \+ must join two sequences of the network, got 1\.0"),
        (lambda: Uneven().stream(), ValueError, r"stream: \+ must join sequences of the same channels and stride"),
        (lambda: WaveNetLayer(2, 2).stream(), TypeError, "stream: the module must give one sequence, got "),
        (lambda: nn.GatedTanh().stream(channels=3), ValueError, "gated_tanh: input must have an even number of channels"),
        (lambda: nn.GatedTanh(dim=0).stream(channels=2), ValueError, "gated_tanh: dim must be -2, .* got dim=0"),
        (lambda: small().load_state_dict({}), ValueError, r"load_state_dict: state must hold the names .* got \[\]"),
        (
            lambda: small().load_state_dict({"position": -1, "0": np.ones((1, 2, 1), np.float32)}),
            ValueError,
            "load_state_dict: position must not be negative, got position=-1",
        ),
        (
            lambda: small().load_state_dict({"position": 1, "0": np.ones((1, 2, 2), np.float32)}),
            ValueError,
            r"load_state_dict: state\['0'\] must have shape \(1, 2, 1\), got shape \(1, 2, 2\)",
        ),
        (
            lambda: small().load_state_dict({"position": 1, "0": np.ones((1, 2, 1))}),
            TypeError,
            r"load_state_dict: state\['0'\] must be float32, got dtype float64",
        ),
    ],
)
def test_what_cannot_be_is_refused_by_name(make, error, message) -> None:
    with pytest.raises(error, match=message) as caught:
        make()
    assert isinstance(caught.value, fc.FastconvError)


def test_a_network_of_two_dtypes_is_refused() -> None:
    model = nn.Sequential(nn.CausalConv1d(1, 1, 1), nn.CausalConv1d(1, 1, 1, dtype="float64"))
    with pytest.raises(fc.FastconvTypeError, match="stream: the parameters must be of one dtype, got float32 and float64"):
        model.stream()


def test_gated_tanh_and_its_gradient(isa: str, dtype: str) -> None:
    for index, (shape, dim) in enumerate((((4, 7), 0), ((2, 6, 33), -2), ((3, 5, 8), 2), ((2, 70000), 0), ((0, 4, 3), 1))):
        rng = cases.rng_for("gated_tanh", index)
        x = cases.floats(rng, shape, dtype)
        y, expected = F.gated_tanh(x, dim), oracle.gated_tanh(cases.exact(x), dim)
        u = tolerance.unit_roundoff(dtype)
        tolerance.check(
            y, expected, (2 * tolerance.EXP_ULPS * 2 + 2) * u * np.abs(expected) + tolerance.smallest(dtype), "gate"
        )
        a, b = np.split(x, 2, dim)
        assert same_bits(y, F.tanh(a) * F.sigmoid(b))
        g = cases.floats(rng, y.shape, dtype)
        expected = oracle.gated_tanh_input(cases.exact(x), cases.exact(g), dim)
        # Products of at most three of exp's functions, whose arguments are doubled at most.
        bound = 40 * tolerance.EXP_ULPS * u * (np.abs(expected) + tolerance.smallest(dtype))
        tolerance.check(fc.grad.gated_tanh_input(x, g, dim), expected, bound, "gradient of the gate")


def test_gated_tanh_refuses_by_name() -> None:
    x = np.ones((3, 4), np.float32)
    with pytest.raises(fc.FastconvValueError, match=r"gated_tanh: input must have an even size in axis dim=-2, .*\(3, 4\)"):
        F.gated_tanh(x)
    with pytest.raises(fc.FastconvValueError, match="gated_tanh: dim must lie in"):
        F.gated_tanh(x, 2)
    with pytest.raises(fc.FastconvTypeError, match="gated_tanh: dim must be a whole number"):
        F.gated_tanh(x, 1.5)
    with pytest.raises(fc.FastconvValueError, match=r"gated_tanh: out must have shape \(3, 2\)"):
        F.gated_tanh(x, 1, out=np.ones((3, 4), np.float32))
    with pytest.raises(fc.FastconvValueError, match=r"gated_tanh_input: grad_output must have shape \(3, 2\)"):
        fc.grad.gated_tanh_input(x, x, 1)


def test_short_sequences_have_the_bits_of_any_batch(isa: str, dtype: str) -> None:
    """The forms of the general algorithm for sequences are chosen as for one, and images share tasks as it suits."""
    for index, (c_in, c_out, taps, steps) in enumerate(
        ((16, 100, 5, 21), (33, 64, 3, 40), (64, 64, 3, 200), (200, 50, 2, 9))
    ):
        rng = cases.rng_for("short sequences", index)
        x, w = cases.floats(rng, (13, c_in, steps), dtype), cases.floats(rng, (c_out, c_in, taps), dtype)
        whole = F.conv1d(x, w, padding="same", algorithm="im2col_gemm", num_threads=1)
        expected = oracle.conv(cases.exact(x), cases.exact(w), padding="same")
        tolerance.check(
            whole, expected, tolerance.bounds_for(["im2col_gemm"], x, w, padding="same")["im2col_gemm"], str(index)
        )
        for threads in (2, 3, 7):
            assert same_bits(F.conv1d(x, w, padding="same", algorithm="im2col_gemm", num_threads=threads), whole)
        for part in (slice(0, 1), slice(3, 8)):
            assert same_bits(F.conv1d(x[part], w, padding="same", algorithm="im2col_gemm"), whole[part])


@pytest.mark.parametrize(
    "layer", [nn.ConvTranspose1d(4, 4, 2), nn.TiledConv1d(4, 4, 2, 2), nn.LocallyConnected1d(4, 4, 8, 2)], ids=repr
)
def test_layers_without_a_form_step_by_step_say_so(layer: nn.Module) -> None:
    with pytest.raises(fc.FastconvTypeError, match="has no form step by step"):
        layer.stream()
