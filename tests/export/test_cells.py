"""Columns with their units, from one text to the header of a file."""

from mri.export.cells import column_name, header


def test_a_header_is_one_text_and_a_unit_may_have_commas():
    columns = header("step [index]; value [σ, to the group's middle]; state; from [activation or logits]")
    assert [unit for _, unit in columns] == ["index", "σ, to the group's middle", "", "activation or logits"]
    assert [column_name(*column) for column in columns][:3] == ["step", "value [σ, to the group's middle]", "state"]
