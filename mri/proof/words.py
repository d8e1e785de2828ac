"""The lines about what the model is: its era, how well it writes English, whether the tokenizer is its own."""

from __future__ import annotations

import math

from mri.errors import PromptError
from mri.nanochat.checkpoint import LoadedModel
from mri.nanochat.disk.english import bits_per_byte
from mri.nanochat.eras import ERAS
from mri.proof.links import facts_of
from mri.proof.report import Line, judged, not_judged
from mri.proof.runs import bits_per_token, own_text

ERA = "which constants belong to the parameters, by a rule of its own, and those of the model: how many differ"
ENGLISH = "bits per byte on a kilobyte of English; of a uniform guess"
FILE = "what the checkpoint's files say that is of no use here, or wrong, and parts that such a file can lack"
TOKENIZER = "bits per token of the model's own text cut into tokens anew, against as it was written: the ratio"
OWN_TOKENS, FEWEST = 64, 12
MOST_RATIO = 1.5
"""1.0 with the tokenizer that a model was trained with; 3.8 and more with another one of the same size."""
MOST_SHARE = 0.5
"""Who needs more of a uniform guess's bits for its own text has learned no tokens yet."""

_CONSTANTS = {  # era -> rotary base, qk scale, gate factor
    "E1": (10_000, 1.0, 0.0),
    "E2": (10_000, 1.0, 0.0),
    "E3": (10_000, 1.0, 2.0),
    "E4": (100_000, 1.15, 3.0),
    "E5": (100_000, 1.2, 3.0),
}


def era_line(loaded: LoadedModel) -> Line:
    """An era's constants set otherwise by hand are said, and no failure."""
    model, facts = loaded.model, facts_of(loaded.model)
    if loaded.era not in ERAS:
        return not_judged("era", ERA, f"it is none of nanochat's: {loaded.era}.", found=loaded.era)
    era, why = _era_of({name: tuple(weight.shape) for name, weight in model.state_dict().items()})
    usual = dict(zip(("rotary base", "q, k scale", "gate factor"), _CONSTANTS[era], strict=True)) | {"softcap": 15.0}
    own = dict(zip(usual, (facts.rotary_base, facts.qk_scale, facts.gate_factor, facts.softcap), strict=True))
    windows = sorted(set(model.era.window_sizes(loaded.config.sequence_len, loaded.config.n_layer, _pattern(loaded))))
    told = ", ".join(f"{name} {value:,.6g}" for name, value in own.items() if value)
    told += f", windows {' and '.join(map(str, windows))}"
    others = [f"{name} is {own[name]:g} and not {value:g}" for name, value in usual.items() if own[name] != value]
    compared = f"{why}; {told}" + (f"; set otherwise than usual: {', '.join(others)}" if others else "")
    cause = f"the parameters are of era {era} ({why}) and the model computes {loaded.era}: load the model anew."
    return judged("era", compared, int(loaded.era != era), 0, cause, found=loaded.era)


def file_line(loaded: LoadedModel) -> Line:
    """Never wrong: an alarm is a suspicion, and notes are none."""
    notes = " ".join(loaded.notes)
    if loaded.alarm:
        return not_judged("file", FILE, f"{loaded.alarm} {notes}".strip(), found="alarm")
    found = f"{len(loaded.notes)} to note" if notes else "nothing to note"
    return Line("file", FILE, None, None, "right", notes, found)


def english_line(loaded: LoadedModel) -> Line:
    found = bits_per_byte(loaded.model, loaded.tokenizer)
    if found is None:
        return not_judged("English", ENGLISH, "the tokenizer cannot write English.")
    compared = f"{ENGLISH} {found.uniform:.2f}; a model of English about 1. No limit: not every model knows English"
    return Line("English", compared, found.value, None, "right", found=f"{found.value:.2f}")


def tokenizer_line(loaded: LoadedModel) -> Line:
    """A tokenizer of another model has no mark; but what the model writes it does not cut as it was written."""
    tokenizer, most = loaded.tokenizer, min(OWN_TOKENS, loaded.config.sequence_len - 1)
    try:
        texts = [ids for ids in own_text(loaded, most) if len(ids) >= FEWEST]
    except PromptError as error:
        return not_judged("tokenizer", TOKENIZER, str(error))
    if not texts:
        return not_judged("tokenizer", TOKENIZER, f"the model writes no text of {FEWEST} tokens from nothing.")
    bos, room = tokenizer.bos_id, loaded.config.sequence_len
    written = sum(bits_per_token(loaded.model, [bos, *ids]) for ids in texts) / len(texts)
    if written > MOST_SHARE * math.log2(tokenizer.n_vocab):
        why = f"its own text has {written:.1f} bits per token, nearly a uniform guess's: it has learned no tokens yet."
        return not_judged("tokenizer", TOKENIZER, why)
    anew = [[bos, *tokenizer.encode(tokenizer.decode(ids))][:room] for ids in texts]
    ratio = sum(bits_per_token(loaded.model, ids) for ids in anew) / len(texts) / written
    cause = (
        "the tokenizer is not the one that this model was trained with (tokenizing anew costs "
        f"{ratio:.1f} times the bits): copy the tokenizer.pkl that lay in the base directory at the training."
    )
    return judged("tokenizer", TOKENIZER, ratio, MOST_RATIO, cause, found=f"{ratio:.2f}×")


def _era_of(shapes: dict[str, tuple[int, ...]]) -> tuple[str, str]:
    """The era of a state dict and why."""
    channels = next((shape[-1] for name, shape in shapes.items() if name.endswith("ve_gate.weight")), 0)
    if "smear_gate.weight" in shapes:
        return "E5", "there is a smear_gate"
    if channels:
        return ("E4" if channels == 12 else "E3"), f"ve_gate reads {channels} channels and there is no smear_gate"
    if "resid_lambdas" in shapes:
        return "E2", "there are resid_lambdas and no ve_gate"
    return "E1", "there are no resid_lambdas"


def _pattern(loaded: LoadedModel) -> str | None:
    return loaded.config.window_pattern
