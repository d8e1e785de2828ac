"""File hashes of older sessions stand for the weights that a newer one found in that file."""

from mri.store.weights import hashes_of_files, weights_hash_in


def test_only_who_knows_both_says_what_a_file_holds():
    provenances = [
        {"weights_hash": "file"},
        {"weights_hash": "contents", "file_hash": "file"},
        {"weights_hash": "changed"},
        {"file_hash": "unknown"},
        {"weights_hash": 3, "file_hash": "odd"},
        {},
    ]
    assert hashes_of_files(provenances) == {"file": "contents"}
    assert hashes_of_files([]) == {}


def test_what_is_no_text_is_no_hash():
    assert [weights_hash_in(p) for p in ({"weights_hash": "a"}, {"weights_hash": ["a"]}, {})] == ["a", "", ""]
