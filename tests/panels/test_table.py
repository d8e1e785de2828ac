"""Tables: what is missing is an empty cell, and CSV has a row for each cell of the shape."""

import numpy as np

from mri.panels.table import Column, Table, column, valued

NAN = np.float32("nan")


def rows(table):
    return [list(row) for row in table.cells()]


def test_columns_stretch_to_the_shape_and_leave_as_rows():
    table = Table((2, 3), {"layer": column([[0], [1]], "index"), "value": column([[1, 2, 3], [4, 5, 6]], "bits")})
    assert rows(table) == [[0, 1], [0, 2], [0, 3], [1, 4], [1, 5], [1, 6]]
    assert table.header() == [("layer", "index"), ("value", "bits")]
    assert b"".join(table.csv()).decode().splitlines()[:2] == ["layer,value [bits]", "0,1"]
    assert table["layer"].tolist() == [[0, 0, 0], [1, 1, 1]]


def test_only_some_cells_may_be_rows():
    table = Table((2, 2), {"value": column([[1, 2], [3, 4]])}, rows=np.tri(2, dtype=bool))
    assert rows(table) == [[1], [3], [4]]


def test_what_is_not_known_is_empty_and_not_drawn():
    known = np.array([True, False, True])
    table = Table((3,), {"a": Column(np.float32([1, 2, NAN]), "bits", known)}, {"drawn": 7})
    assert rows(table)[1] == [None]
    assert rows(table)[0] == [1]
    np.testing.assert_array_equal(table["a"], [1, NAN, NAN])
    assert table["drawn"] == 7
    assert "a" in table
    assert "drawn" in table
    assert "b" not in table


def test_a_value_a_captured_nan_and_a_missing_one_are_told_apart():
    values, known = np.float32([0, NAN, NAN, 2]), np.array([True, True, False, True])
    table = Table((4,), valued(values, known, np.full(4, np.float32(0.5)), "activation", quantization="f16"))
    assert b"".join(table.csv()).decode().splitlines() == [
        "value [activation],state,at_most [|activation|]",
        f"0.0,captured,{np.float32(2**-25)!s}",
        "NaN,captured,",
        ",not captured,0.5",
        "2.0,captured,",
    ]
