"""What the database takes over from a checkpoint."""

import json

from workers import checkpoints


def test_a_checkpoint_that_an_older_worker_wrote_is_described_by_what_it_tells(settings, tmp_path):
    settings.DATA_DIR = tmp_path
    folder = tmp_path / "rounds" / "7" / "checkpoint"
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text("{}")
    told = {"config": {"base": "toy"}, "data_sha256": "a" * 64, "metrics": {"step_auc": 0.9}, "counts": {"records": 4}}
    (folder / "meta.json").write_text(json.dumps(told))

    described = checkpoints.describe(folder)

    assert described.metrics == {"step_auc": 0.9, "counts": {"records": 4}}
    assert described.folder == "rounds/7/checkpoint"
