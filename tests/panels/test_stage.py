"""The stage's numbers: every hook point that it shows, each once."""

from tests.panels.conftest import KEY, table


def test_the_stage_has_every_hook_point_that_it_shows(reader):
    found, _ = table(reader, "stage", step=2, points=("block.0.mlp_out", KEY, KEY))
    assert found["hook_point"].tolist() == ["block.0.mlp_out"] * 8 + [KEY] * 8
    assert found["value"][8:].tolist() == ["0.0", "-3.0", "", "", "", "", "4.0", "2.0"]
    assert len(table(reader, "stage")[0]) == 0
