"""An independent little observer for the tests: what each hook point of one forward pass holds.

Written apart from the tracer on purpose: it recomputes attention rows in float64 from q and k.
"""

from contextlib import contextmanager

import torch
import torch.nn.functional as F


@contextmanager
def captured(model):
    """Yields a dict that each forward pass fills: hook point -> tensor of the last position, attention rows too."""
    values, handles, sdpa = {}, [], F.scaled_dot_product_attention
    layer_of_call = []  # which block's attention is running

    def keep(key, tensor):
        values[key] = tensor[0, -1].detach().clone()

    def before(module, key):
        handles.append(module.register_forward_pre_hook(lambda _, args: keep(key, args[0])))

    def after(module, key):
        handles.append(module.register_forward_hook(lambda _, args, out: keep(key, out)))

    for i, block in enumerate(model.transformer.h):
        before(block, f"block.{i}.resid_pre")
        before(block.attn, f"block.{i}.ln1")
        after(block.attn, f"block.{i}.attn_out")
        before(block.mlp, f"block.{i}.ln2")
        after(block.mlp.c_fc, f"block.{i}.mlp_pre")
        before(block.mlp.c_proj, f"block.{i}.mlp_act")
        after(block.mlp, f"block.{i}.mlp_out")
        after(block, f"block.{i}.resid_post")
        handles.append(block.attn.register_forward_pre_hook(lambda _, args, i=i: layer_of_call.append(i)))
    before(model.lm_head, "final.ln_f")

    def watched(q, k, v, **kwargs):
        values[f"block.{layer_of_call[-1]}.attn_row"] = last_row(q, k, kwargs.get("attn_mask"))
        values[f"block.{layer_of_call[-1]}.n_keys"] = k.shape[2]
        return sdpa(q, k, v, **kwargs)

    F.scaled_dot_product_attention = watched
    try:
        yield values
    finally:
        F.scaled_dot_product_attention = sdpa
        for handle in handles:
            handle.remove()


def last_row(q, k, mask):
    """Softmax weights of the last query over the keys passed: (n_head, n_keys)."""
    H, G = q.shape[1], k.shape[1]
    keys = k[0].double().repeat_interleave(H // G, 0)  # (H, n_keys, D)
    scores = torch.einsum("hd,hkd->hk", q[0, :, -1].double(), keys) / q.shape[-1] ** 0.5
    if mask is not None:
        scores = scores.masked_fill(~mask[-1], float("-inf"))
    return scores.softmax(-1)


def absolute_row(row, n_positions):
    """Put a row whose last key is the newest position onto all absolute positions: (n_head, n_positions)."""
    full = row.new_zeros(row.shape[0], n_positions)
    full[:, n_positions - row.shape[1] :] = row
    return full
