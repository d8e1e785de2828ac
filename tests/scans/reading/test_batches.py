"""A shard's documents in batches."""

from __future__ import annotations

import numpy as np

from mri.scans.reading.batches import ROW_MULTIPLE, batches_of, reading_of


def read(texts, tokenizer, most=64):
    return [reading_of(7 + n, text, False, tokenizer, most) for n, text in enumerate(texts)]


def test_every_token_is_read_once_and_followed_by_the_next(model, texts):
    bos = model.tokenizer.bos_id
    seen = {}
    for batch in batches_of(read(texts, model.tokenizer), 256):
        assert batch.ids.shape[1] % ROW_MULTIPLE == 0
        assert batch.ids.size <= 256
        starts = np.cumsum([0, *batch.lengths])
        for row, number in enumerate(batch.documents):
            ids = batch.ids[row, : batch.lengths[row]].tolist()
            seen[number] = ids, batch.following[starts[row] : starts[row + 1]].tolist()
    assert len(seen) == len(texts)
    for number, (ids, following) in seen.items():
        whole = [bos, *model.tokenizer.encode(texts[number - 7]), bos]
        assert ids == whole[:-1][:64]
        assert following == whole[1 : len(ids) + 1]


def test_what_is_drawn_hangs_on_text_and_position_alone(model):
    one, two, other = read(["Mia.", "Mia.", "Leo."], model.tokenizer)
    assert one.seed == two.seed != other.seed
    [batch] = batches_of([one, two, other], 1000)
    first, second, third = np.split(batch.priority, np.cumsum(batch.lengths)[:-1])
    assert first.tolist() == second.tolist() != third.tolist()
    assert len(set(batch.priority.tolist())) == len(first) + len(third)


def test_a_document_that_is_longer_than_a_batch_is_one_of_its_own(model):
    batches = list(batches_of(read(["a" * 60, "b", "a" * 50], model.tokenizer), 32))
    assert [batch.documents.tolist() for batch in batches] == [[8], [9], [7]]
