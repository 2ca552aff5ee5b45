import pytest
import torch


@pytest.fixture(scope="session", autouse=True)
def _one_thread():
    """Small tensors gain nothing from threads, and test processes would fight for the cores."""
    torch.set_num_threads(1)
