"""The index of strongest moments against a search through every frame."""

import numpy as np
import pytest

from mri.errors import BadSession
from mri.format.captured import Captured
from mri.format.config import TraceConfig
from mri.store.opening import open_session
from mri.study.moments import EDGES, KEPT, NUM_BINS, PER_SESSION, MomentIndex, bin_of
from tests.conftest import write_random_session
from tests.true_sessions import write_true_session

KEYS = ("block.0.mlp_out", "block.1.mlp_act", "final.ln_f", "embed.resid0")


@pytest.fixture(scope="module")
def readers(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sessions")
    config = TraceConfig(prefill="stepwise", edu=True, topk=6)
    return [
        open_session(write_random_session(folder, session_id=f"s{i}", seed=i, num_steps=9 + i, config=config))
        for i in range(6)
    ]


@pytest.fixture(scope="module")
def index(readers):
    index = MomentIndex("abc")
    for reader in readers:
        assert index.add(reader, "sig") > 0
    return index


def searched(readers, key, neuron):
    """Every captured value of a neuron, in order: (session, step, value); and the steps with this hook point. A step
    behind a text that was there before is the same step once more."""
    found, steps_seen, texts = [], 0, set()
    for reader in readers:
        for step in range(reader.num_steps):
            frame = reader.frame(step)
            indices, values = Captured(frame, reader.session.layout).captured(key)
            text = tuple(reader.token_ids()[: frame.pos0 + frame.t_add].tolist())
            if text in texts or not len(indices):
                continue
            texts.add(text)
            steps_seen += 1
            found += [(reader.session.id, step, float(v)) for i, v in zip(indices, values, strict=True) if i == neuron]
    return found, steps_seen


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("neuron", [0, 7, 15])
def test_it_has_the_strongest_of_each_session(readers, index, key, neuron):
    found, steps_seen = searched(readers, key, neuron)
    expected = []
    for reader in readers:
        own = sorted((f for f in found if f[0] == reader.session.id), key=lambda f: -abs(f[2]))
        expected += own[:PER_SESSION]
    expected = sorted(expected, key=lambda f: -abs(f[2]))[:KEPT]
    strongest = index.strongest(key, neuron)
    assert [abs(moment.value) for moment in strongest] == [abs(value) for _, _, value in expected]
    assert set(map(tuple, strongest)) <= set(found)
    counts, seen = index.distribution(key, neuron)
    assert seen == steps_seen
    np.testing.assert_array_equal(counts, np.bincount(bin_of(np.float32([v for *_, v in found])), minlength=NUM_BINS))


def test_each_text_counts_once_whatever_the_recording(tmp_path):
    ids = [1, 2, 3, 4, 5, 6, 7, 8]
    configs = {
        "one": TraceConfig(topk=4, prefill="stepwise"),
        "again": TraceConfig(topk=4, prefill="stepwise"),
        "shorter": TraceConfig(topk=4, prefill="stepwise"),
        "edu": TraceConfig(topk=4, prefill="stepwise", edu=True),
        "parts-late": TraceConfig(topk=4, prefill="stepwise"),
    }
    for name, config in configs.items():
        text = {"shorter": ids[:5], "parts-late": [*ids[:6], 9, 9]}.get(name, ids)
        write_true_session(tmp_path, name, text, config=config)
    index = MomentIndex("same")
    for name in configs:
        index.add(open_session(tmp_path / f"{name}.h5"), "")
    assert index.sessions_with("block.0.mlp_out") == 2, "the first, and the one that parts from it"
    assert index.sessions_with("block.0.mlp_act") == 1, "only one kept it"
    assert index.sessions_with("block.0.ln1") == 0
    assert index.distribution("block.0.mlp_out", 0)[1] == 7 + 1, "seven steps, and the one behind another token"
    assert index.distribution("block.0.mlp_act", 0)[1] == 7
    index.save(tmp_path / "x.npz")
    again = MomentIndex.load(tmp_path / "x.npz", "same")
    assert again.texts == index.texts
    again.add(open_session(tmp_path / "one.h5"), "")
    assert again.sessions_with("block.0.mlp_out") == 2


def test_bins_are_half_powers_of_two_by_sign():
    values = np.float32([0, EDGES[0], -EDGES[0], EDGES[-1] * 9, -EDGES[-1] * 9, EDGES[3], np.nextafter(EDGES[3], 0)])
    middle = len(EDGES)
    assert bin_of(values).tolist() == [middle, middle + 1, middle - 1, NUM_BINS - 1, 0, middle + 4, middle + 3]


def test_it_comes_back_from_its_file(index, tmp_path):
    path = tmp_path / ".neurons" / "x.npz"
    index.save(path)
    again = MomentIndex.load(path, "abc")
    assert (again.sessions, [*again.points]) == (index.sessions, [*index.points])
    assert again.strongest(KEYS[0], 3) == index.strongest(KEYS[0], 3)
    np.testing.assert_array_equal(again.distribution(KEYS[0], 3)[0], index.distribution(KEYS[0], 3)[0])
    assert not MomentIndex.load(path, "other").sessions, "an index of other weights is none"
    path.write_bytes(path.read_bytes()[:500])
    assert not MomentIndex.load(path, "abc").sessions, "a broken file is made anew"
    assert not MomentIndex.load(tmp_path / "nothing", "abc").sessions


def test_what_is_not_there_is_empty(index):
    assert index.strongest("block.9.mlp_out", 0) == []
    assert index.strongest(KEYS[0], 99) == []
    assert index.distribution(KEYS[0], -1)[1] == 0


class Breaking:
    """A reader whose file breaks after the first hook point group."""

    def __init__(self, reader):
        self._reader, self.calls = reader, 0

    def __getattr__(self, name):
        return getattr(self._reader, name)

    def column(self, name, *at, steps=None):
        self.calls += 1
        if self.calls > 3:
            raise BadSession("It broke.")
        return self._reader.column(name, *at, steps=steps)


def test_moments_of_a_session_that_broke_halfway_do_not_show_under_another_name(readers):
    index = MomentIndex("abc")
    index.add(readers[0], "sig")
    with pytest.raises(BadSession):
        index.add(Breaking(readers[1]), "sig")
    assert {moment.session for key in KEYS for moment in index.strongest(key, 3)} == {"s0"}
