"""Trace: one session for people who write Python. Arrays of a step, histories, tidy DataFrames.

Reads through `mri/store`; what takes the model is mri/explain's business. Knows nothing of torch and of pages.
"""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from mri.arrays import Bools, Floats
from mri.errors import BadSession, ConfigError, SessionNotFound, UnknownHookPoint
from mri.export import frames as tables
from mri.export.forks import Forks
from mri.export.provenance import provenance
from mri.export.why import Token
from mri.export.xarrays import dataset
from mri.format.captured import Captured
from mri.format.captured_steps import CapturedSteps
from mri.format.events import StepFrame, TraceSession
from mri.format.layout import Layout
from mri.format.run import Run
from mri.paths import SESSIONS, as_path
from mri.store.library import whole_library
from mri.store.opening import open_session
from mri.store.reader import SessionReader

if TYPE_CHECKING:
    import xarray

    from mri.explain.found import Given

VERIFY_BYTES = 64_000_000
"""Read in about a second."""


class Trace(Forks):
    """A session, finished or still being recorded. A context manager; closing is optional.

    Hook points are named as in the session's layout (`block.3.mlp_out`); another name raises UnknownHookPoint.
    Steps count from 0; negative ones from the end; another number raises IndexError.

    DataFrames have a row where something was captured: what the byte budget left out has none. Names are categorical.
    `attrs` has session_id, model_id, config_hash, weights_hash, path, and the unit of each column in `units`;
    `mri.concat` puts the same table of several sessions together.
    """

    @property
    def reader(self) -> SessionReader:
        """What the functions of `mri.measure` read a session by."""
        return self._reader

    @property
    def session(self) -> TraceSession:
        """The metadata: prompt, response, model, provenance, settings."""
        return self._reader.session

    @property
    def run(self) -> Run:
        """What was run: the model, what was changed in it, what it goes on from. `trace.run.hash` is the same for all
        recordings of the same."""
        return self._reader.session.run

    @property
    def layout(self) -> Layout:
        return self._reader.session.layout

    @property
    def num_steps(self) -> int:
        return self._reader.num_steps

    @property
    def path(self) -> Path:
        return self._reader.path

    @property
    def hook_points(self) -> list[str]:
        """Keys of all hook points with statistics, bottom to top."""
        return [point.key for point in self.layout.points]

    def frame(self, step: int) -> StepFrame:
        """Everything captured in one step."""
        if not -self.num_steps <= step < self.num_steps:
            raise IndexError(f"There is no step {step}: this session has {self.num_steps}.")
        return self._reader.frame(step % self.num_steps)

    def values(self, hook_point: str, *, step: int) -> Floats:
        """(width,) activations of the step's last token, NaN where not captured."""
        return Captured(self.frame(step), self.layout).values(hook_point)

    def prompt_values(self, hook_point: str, *, step: int = 0) -> Floats:
        """(tokens read, width) of a step that read several tokens with prefill="all". Raises ConfigError where it kept
        none."""
        found = Captured(self.frame(step), self.layout).prompt_values(hook_point)
        if found is None:
            raise ConfigError(f"Step {step} kept no values of {hook_point} by position: record it with prefill='all'.")
        return found

    def captured(self, hook_point: str, *, step: int) -> Bools:
        """(width,) which neurons `values` holds: tells a captured NaN from a missing value."""
        return Captured(self.frame(step), self.layout).mask(hook_point)

    def matrix(self, hook_point: str) -> Floats:
        """(num_steps, width) activations, NaN where not captured."""
        return CapturedSteps(self._reader).values(hook_point)

    def attention_row(self, *, layer: int, head: int, step: int) -> Floats:
        """(n_keys,) softmax weights of the step's last query over absolute positions, NaN where not captured.

        Whole rows where the session has them, else the 8 strongest keys of the head.
        """
        if not (0 <= layer < self.layout.n_layer and 0 <= head < self.layout.n_head):
            sizes = f"{self.layout.n_layer} layers of {self.layout.n_head} heads"
            raise UnknownHookPoint(f"There is no layer {layer} with a head {head}: this session has {sizes}, from 0.")
        return Captured(self.frame(step), self.layout).row(layer, head)[0]

    def stats(self) -> pd.DataFrame:
        """One row per step and hook point. Columns: step, phase, pos0, hook_point, layer_index, layer_type, then

        mean, std (population), min, max: activation (logits for `final.logits`); l2: activation, of one position
        (root mean square over the positions of a prefill); sparsity: share 0…1; p99: 99th percentile of |x|.
        """
        return tables.table(self._reader, "stats")

    def topk(self, hook_point: str | None = None) -> pd.DataFrame:
        """Captured values, one row per step, hook point and neuron. Columns: step, hook_point, rank (0 = strongest),
        neuron, value (activation, signed), bound (activation: no neuron that is missing here exceeds it in magnitude,
        NaN where nothing bounds them). All hook points, or one.
        """
        return tables.table(self._reader, "topk", hook_point)

    def attention(self) -> pd.DataFrame:
        """Attention of the last query, one row per step, layer, head and kept key. Columns: step, layer, head,
        rank (0 = strongest), key (absolute position), weight (0…1), entropy (bits, of the whole row).
        """
        return tables.table(self._reader, "attention")

    def logits(self) -> pd.DataFrame:
        """Strongest predictions, one row per step and rank. Columns: step, rank, token_id, token (text), raw (bytes),
        logit (softcapped, before temperature), logprob (nats, at temperature 1), chosen (bool).
        """
        return tables.table(self._reader, "logits")

    def tokens(self) -> pd.DataFrame:
        """One row per position of the sequence. Columns: pos, token_id, token (text), raw (bytes), special, in_prompt,
        forced (put there by the calculator), read_by (step that read it, −1 for the last token, which none read),
        logprob (nats, at temperature 1, under the prediction before it; NaN where there was none).
        """
        return tables.table(self._reader, "tokens")

    def steps(self) -> pd.DataFrame:
        """One row per step. Columns: step, phase, pos0 (position of its first token), t_add (tokens it read), chosen_id
        (token that followed, −1 where none did), forced (put there by the calculator), time_us (microseconds since the
        recording began), num_bytes (of what was captured), dropped (what the byte budget left out, "" for nothing).
        """
        return tables.table(self._reader, "steps")

    def extra(self) -> pd.DataFrame:
        """What a training script gave `rec.step(loss=…)` beside the hook points: a row per step, name and element.
        Columns: step, name, element (place in the array, row by row; 0 of a single number), value (float32, in the
        script's own unit). A step that gave none has no row; a NaN was recorded.

            trace.extra().pivot(index="step", columns="name", values="value")  # of single numbers
        """
        return tables.table(self._reader, "extra")

    def neuron(self, hook_point: str, index: int) -> pd.DataFrame:
        """One neuron over all steps. Columns: step, phase, pos0, value (NaN where not captured), captured, bound
        (the neuron's magnitude is at most this where it was not captured; NaN where nothing is known).
        """
        return tables.neuron(self._reader, hook_point, index)

    def ledger(
        self, step: int | None = None, *, token: Token = None, against: Token = None, model: Given = None
    ) -> pd.DataFrame:
        """What each part wrote to a token's logit, before the softcap, at the last position of a step (None: of every
        step). All parts of a step add up, exactly, to what `lm_head` gave: what float arithmetic leaves is `left_over`.

        Columns: step, part (`embed`, `block.3.head.2`, `block.3.mlp`, `left_over`), block, head (−1: none), logit.
        token    an id, or text that is one token; None: the one that the step chose
        against  subtracts a rival's: of two tokens the difference needs no softcap
        model    where no step recorded it, all is computed from this model: a path, or what `load_model` gave; None:
                 the embedded one
        Steps that did not keep the tokens have no rows where others did. Raises ConfigError where none did and the
        model has other weights, or gives other logits; IndexError for a step that is not there.

            trace.ledger(11, token=" green", against=" golden").nlargest(3, "logit")
        """
        return tables.ledger(self._reader, self._number(step), token, against, model)

    def lens(self, step: int | None = None, *, token: Token = None, model: Given = None) -> pd.DataFrame:
        """What a token's logit would be at every depth, before the softcap (derived: the last norm and `lm_head`
        applied to the stream there).

        Columns: step, depth (the hook point), token_id, token, logit (of the stream as it stands), exit_logit (of what
        of it reaches the exit: nanochat takes a share of its middle out again), rank (0 = strongest) and prob (share of
        all tokens) of the stream's where recorded, else −1 and NaN. All else as of `ledger`.
        """
        return tables.lens(self._reader, self._number(step), token, model)

    def sweep(
        self,
        step: int,
        kind: str = "ablate",
        *,
        token: Token = None,
        against: Token = None,
        base: Trace | str | None = None,
        exact: bool | None = None,
        model: Given = None,
        on_progress: Callable[[int, int], None] = lambda done, of: None,
    ) -> pd.DataFrame:
        """What a prediction's lead of `token` over `against` (logits before the softcap) hangs on, measured, with
        `model` as of `ledger`. All kinds have the columns step, part, block, head (−1: none); docs/why.md has more.

        "ablate"    each part's output zeroed at this step only: lost (positive: the lead shrinks), bits (more of
                    surprise at the chosen token), wrote, answered_by_norm, answered_by_parts, which lost is made of
        "patch"     each value of `base` (a Trace, or an id) put in alone, at each position: position, base_position
                    (−1: none stands for it), token_id, token, restored (1 = `base`'s lead, 0 = this one's; NaN: no
                    value), reached (else nothing can be felt, and it was not run)
        "knockout"  each look of each head cut at this step: position, token_id, token, weight, lost, bits

        None is the chosen token, and the strongest other, of a patch the token that follows in `base`. `exact` None: a
        patch that would take over 20 s is approximated by its gradient, and `attrs` says how far off. `attrs` has also
        kind, difference, token, against, token_id, against_id. `on_progress` may raise, and so end it.

            trace.sweep(11).nlargest(5, "lost")
            gift.sweep(14, "patch", base="pair-gift").nlargest(5, "restored")
        """
        other = self._opened(base) if isinstance(base, str) else None if base is None else base.reader
        return tables.sweep(self._reader, self._step(step), kind, token, against, other, model, exact, on_progress)

    def sources(self, step: int, *, token: Token = None, against: Token = None, model: Given = None) -> pd.DataFrame:
        """What each token that was read gave, through each head, to the lead of `token` over `against`; both, `model`
        and what is raised as of `sweep`. A head's rows add up to what it wrote.

        Columns: step, block, head, position, token_id, token, stream (through the residual stream: `c_v`), value
        (through the value embedding; 0 where the block has none), both in logits before the softcap.
        """
        return tables.sources(self._reader, self._step(step), token, against, model)

    def writers(self, step: int, *, token: Token = None, against: Token = None, model: Given = None) -> pd.DataFrame:
        """What each MLP neuron wrote to the lead of `token` over `against`; all as of `sources`. A block's rows add up
        to what its MLP wrote. Columns: step, block, neuron, logit (before the softcap).
        """
        return tables.writers(self._reader, self._step(step), token, against, model)

    def _number(self, step: int | None) -> int | None:
        return None if step is None else self._step(step)

    def _step(self, step: int) -> int:
        return self.frame(step).step

    def to_xarray(self, hook_points: Sequence[str] = ()) -> xarray.Dataset:
        """The session with named axes, for `ds.stats.sel(hook_point="block.3.mlp_out", stat="l2")`. Needs xarray.

        stats (step, hook_point, stat: activation); attention_entropy (bits) and attention_max_weight (probability)
        (step, layer, head); logits_logsumexp (logits), logits_entropy (bits), logits_chosen_logprob (nats),
        logits_chosen_rank (step); for each of `hook_points` a variable of its name, (step, neuron: activation), NaN
        where not captured. Coordinates: step, phase, pos0, chosen_id; hook_point, layer_index, layer_type; stat.
        Attributes as of the DataFrames. Raises ConfigError where xarray is not installed.
        """
        return dataset(self._reader, hook_points, provenance(self._reader))

    def to_html(self, path: Path | str, *, max_mb: float = 50) -> Path:
        """The scan as one HTML file that opens by double click, without a server and a network (docs/postcards.md).
        Returns its path. Raises ConfigError where it would weigh more than `max_mb` megabytes, StoreError where it
        cannot be written."""
        # what makes pages stands above everything that reads a session: it is taken when one is asked for
        pages = importlib.import_module("mri.web.postcard.page")
        target: Path = pages.write(self._reader, as_path(path), max_mb=max_mb)
        return target

    def verify(self) -> None:
        """Read everything and compare checksums. Raises BadSession on the first that does not fit."""
        self._reader.verify()

    def close(self) -> None:
        self._reader.close()

    def __enter__(self) -> Trace:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return (
            f"<Trace {self.session.id}: {self.num_steps} steps of {self.session.model_id}, {self.session.prompt!r:.60}>"
        )


def open_trace(path: Path | str) -> Trace:
    """Open an `.h5` or the folder of a recording, or by its id what the pages show (`mri.sessions()`). Files of up to
    VERIFY_BYTES are compared with their checksums (larger ones by `Trace.verify`). Raises SessionNotFound, BadSession;
    warns where the end of a finished recording is missing.
    """
    session_id, path = str(path), as_path(path)
    if not path.exists() and path.suffix != ".h5" and Path(f"{path}.h5").exists():
        path = Path(f"{path}.h5")  # sealed since its folder was named
    if not path.exists():
        try:
            path = whole_library(SESSIONS).path(session_id)
        except SessionNotFound:
            said = f"There is no session at {path}: `mri.sessions()` lists those that can be opened."
            raise SessionNotFound(said) from None
    trace = Trace(open_session(path))
    if path.is_file() and path.stat().st_size <= VERIFY_BYTES:
        trace.verify()
    elif path.is_dir() and trace.session.state == "finished":
        try:
            trace.verify()
        except BadSession as error:
            warnings.warn(str(error), RuntimeWarning, stacklevel=2)
    return trace
