"""What is written of a checkpoint is there whole or not at all."""

import errno

import pytest

from active_learning import checkpoint


@pytest.mark.parametrize("spoiled", ["write_json", "_fsync"])
def test_a_disk_that_is_full_at_the_end_keeps_no_half_checkpoint(tmp_path, monkeypatch, spoiled):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(checkpoint, spoiled, full)

    with pytest.raises(OSError, match="No space"), checkpoint.written_whole(tmp_path / "new") as folder:
        (folder / "head").write_text("weights")

    assert list(tmp_path.iterdir()) == []


def test_what_a_library_says_of_a_full_disk_is_told_as_such(tmp_path):
    with pytest.raises(OSError, match="No space left on device") as told, checkpoint.written_whole(tmp_path / "new"):
        raise Exception("Error while serializing: I/O error: No space left on device (os error 28)")

    assert (told.value.errno, told.value.filename) == (errno.ENOSPC, str(tmp_path / "new"))
