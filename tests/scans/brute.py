"""A scan by the plainest way: every document alone, every activation kept, every number counted from all of them."""

from __future__ import annotations

import hashlib

import numpy as np
import torch
import torch.nn.functional as F

from mri.scans.fields import BINS, FIRST_OCTAVE, MAGNITUDES, STEPS_PER_OCTAVE
from mri.scans.reading.batches import _priorities
from mri.scans.reading.repeats import repeated


class Brute:
    """a (n_tokens, n_layer, n_neuron) of all documents in a row, `document`, `position`, `this`, `next`, `priority` of
    each; weights[layer] a list of (n_head, T, T), one a document; repeats[layer] of lists."""

    def __init__(self, loaded, texts, max_tokens):
        self.loaded = loaded
        rows, self.weights, documents, positions, this, following, priority = [], [], [], [], [], [], []
        bos = loaded.tokenizer.bos_id
        for number, text in enumerate(texts):
            ids = [bos, *loaded.tokenizer.encode(text), bos]
            read = ids[:-1][:max_tokens]
            acts, weights = self.passed(read)
            rows.append(acts)
            self.weights.append(weights)
            documents += [number] * len(read)
            positions += range(len(read))
            this += read
            following += ids[1 : len(read) + 1]
            seed = int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")
            priority += _priorities(seed, len(read)).tolist()
        self.a = np.concatenate(rows)
        self.document, self.position = np.array(documents), np.array(positions)
        self.this, self.next, self.priority = np.array(this), np.array(following), np.array(priority, np.uint64)
        self.half = self.document % 2

    @torch.inference_mode()
    def passed(self, ids):
        """Activations (T, n_layer, n_neuron) and weights (n_layer, n_head, T, T) of one document, by plain torch."""
        acts, weights, handles = [], [], []
        real = F.scaled_dot_product_attention

        def spy(q, k, v, attn_mask=None, is_causal=False, enable_gqa=False):
            k_all = k.repeat_interleave(q.shape[1] // k.shape[1], 1)
            scores = q @ k_all.mT / q.shape[-1] ** 0.5
            seen = torch.ones(scores.shape[-2:], dtype=torch.bool).tril() if attn_mask is None else attn_mask
            weights.append(scores.masked_fill(~seen, -torch.inf).softmax(-1)[0].numpy())
            return real(q, k, v, attn_mask=attn_mask, is_causal=is_causal, enable_gqa=enable_gqa)

        for block in self.loaded.model.transformer["h"]:
            hook = block.mlp.c_proj.register_forward_pre_hook(lambda _, args: acts.append(args[0][0].numpy().copy()))
            handles.append(hook)
        F.scaled_dot_product_attention = spy
        try:
            self.loaded.model(torch.tensor([ids]))
        finally:
            F.scaled_dot_product_attention = real
            for handle in handles:
                handle.remove()
        return np.stack(acts, 1), np.stack(weights)

    def moments(self, layer, neuron, most):
        """(value, document, position), strongest first."""
        found = []
        for document in np.unique(self.document):
            here = self.document == document
            values = self.a[here, layer, neuron]
            if values.max() > 0:
                found.append((values.max(), document, self.position[here][values.argmax()]))
        return sorted(found, key=lambda each: (-each[0], each[1]))[:most]

    def at(self, layer, neuron, document, position):
        [i] = np.flatnonzero((self.document == document) & (self.position == position))
        return self.a[i, layer, neuron]

    def bins(self, values):
        octave = np.floor(np.log2(values))
        step = np.floor((values / 2.0**octave - 1) * STEPS_PER_OCTAVE)
        return np.clip((octave - FIRST_OCTAVE) * STEPS_PER_OCTAVE + step, 0, BINS - 1).astype(int)

    def histogram(self, layer, neuron, half):
        values = self.a[self.half == half, layer, neuron]
        return np.bincount(self.bins(values[values > 0]), minlength=BINS)

    def samples(self, layer, neuron, magnitude, most):
        """(document, position) of the smallest priorities among the activations of a magnitude."""
        values = self.a[:, layer, neuron]
        fires = np.flatnonzero(values > 0)
        fires = fires[self.bins(values[fires]) // (BINS // MAGNITUDES) == magnitude]
        drawn = sorted(fires, key=lambda i: (self.priority[i], self.document[i], self.position[i]))[:most]
        return [(self.document[i], self.position[i]) for i in drawn]

    def means(self, key, layer, neuron, most):
        """id -> sum, for the ids with the largest means above 0."""
        ids = self.this if key == "this" else self.next
        values = self.a[:, layer, neuron].astype(np.float64)
        sums = {i: values[ids == i].sum() for i in np.unique(ids)}
        ranked = sorted(sums, key=lambda i: (-np.float32(sums[i] / (ids == i).sum()), i))
        return {i: sums[i] for i in ranked[:most] if sums[i] > 0}

    def heads(self):
        """By name, (n_layer, n_head)."""
        sums = dict.fromkeys(("previous", "first", "self", "distance"), 0.0)
        n = 0
        for weights in self.weights:
            T = weights.shape[-1]
            for query in range(1, T):
                row = weights[:, :, query].astype(np.float64)
                sums["previous"] += row[..., query - 1]
                sums["first"] += row[..., 0]
                sums["self"] += row[..., query]
                sums["distance"] += (row * (query - np.arange(T))).sum(-1)
                n += 1
        return {name: total / n for name, total in sums.items()}

    def induction(self):
        found = []
        for ids, length in repeated(self.loaded.tokenizer, self.loaded.config.sequence_len):
            weights = self.passed(ids)[1]
            found += [weights[:, :, query, query - length + 1] for query in range(len(ids) - length, len(ids))]
        return np.mean(found, 0, dtype=np.float64)
