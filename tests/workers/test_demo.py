import json
from io import StringIO

import pytest
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command

from annotation.models import Job, Label, Labeler, Membership, Problem, Project, Round, Slot, Solution, User
from tests import factories
from workers import demo

# The first round keeps its job by a heartbeat on a connection of its own.
pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def seed(folder):
    return demo.seed(data_dir=folder, problems=5, per_problem=3)


def everything():
    kinds = (Project, User, Membership, Labeler, Problem, Solution, Round, Slot, Job)
    return [list(kind.objects.order_by("pk").values()) for kind in kinds]


def test_the_queue_is_filled_with_one_solution_of_each_problem(tmp_path):
    seed(tmp_path)
    assert Solution.objects.filter(project__slug="demo").count() == 15
    queued = Slot.objects.filter(project__slug="demo", state="ready").values_list("solution__problem", flat=True)
    assert sorted(queued) == sorted(Problem.objects.values_list("pk", flat=True))
    assert set(Solution.objects.values_list("grade", flat=True)) <= {"correct", "wrong"}


def test_the_sample_offers_what_its_scripted_generator_writes(tmp_path):
    seed(tmp_path)
    assert Project.objects.get(slug="demo").generator == "toy"


def test_each_account_signs_in_and_has_its_role(tmp_path, rf):
    accounts = seed(tmp_path)
    assert [account.role for account in accounts] == ["labeler", "lead", "ml"]
    for account in accounts:
        user = authenticate(rf.post("/"), username=account.username, password=account.password)
        assert Membership.objects.get(user=user).role == account.role


def test_a_second_seeding_gives_the_same_accounts_and_changes_nothing(tmp_path):
    first = seed(tmp_path)
    before = everything()
    assert seed(tmp_path) == first
    assert everything() == before


def test_what_an_interrupted_seeding_left_out_is_made_by_the_next(tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(demo, "work_off", interrupt)
        patch.setattr(demo.rounds, "start_round", interrupt)
        with pytest.raises(KeyboardInterrupt):
            seed(tmp_path)
    assert not Slot.objects.exists()
    seed(tmp_path)
    assert Slot.objects.filter(state="ready").count() == 5


def interrupt(*_, **__):
    raise KeyboardInterrupt


def test_labels_are_kept_by_a_second_seeding(tmp_path):
    seed(tmp_path)
    labeler = Labeler.objects.get()
    factories.label(labeler, ratings=[-1])
    seed(tmp_path)
    assert Label.objects.get().labeler == labeler
    assert sorted(Slot.objects.values_list("state", flat=True)) == ["done", "leased", "leased", "ready", "ready"]


def test_only_the_owner_can_read_the_passwords(tmp_path):
    accounts = seed(tmp_path)
    path = tmp_path / "demo_accounts.json"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [one["password"] for one in json.loads(path.read_text())] == [one.password for one in accounts]
    assert list(tmp_path.iterdir()) == [path]


def test_somebody_with_the_name_of_a_sample_account_keeps_their_password(tmp_path):
    factories.user("lead")
    with pytest.raises(demo.NameTaken):
        seed(tmp_path)
    assert User.objects.get(username="lead").check_password(factories.PASSWORD)


def test_a_first_round_that_fails_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr("workers.selection.choose", lambda *_: 1 / 0)
    with pytest.raises(demo.FirstRoundFailed, match="ZeroDivisionError"):
        seed(tmp_path)


def test_the_command_prints_the_accounts_of_the_whole_sample(settings, tmp_path):
    settings.LOCAL, settings.DATA_DIR = True, tmp_path
    lines, block = StringIO(), StringIO()
    call_command("seed_demo", json=True, stdout=lines)
    call_command("seed_demo", stdout=block)
    accounts = [json.loads(line) for line in lines.getvalue().splitlines()]
    assert [account["role"] for account in accounts] == ["labeler", "lead", "ml"]
    assert all(account["password"] in block.getvalue() for account in accounts)
    assert Slot.objects.filter(state="ready").count() == 60
    assert Solution.objects.count() == 60 * 16


def test_a_database_of_ones_own_gets_sample_accounts_only_by_force(settings, tmp_path):
    settings.LOCAL, settings.DATA_DIR = False, tmp_path
    with pytest.raises(CommandError, match="--force"):
        call_command("seed_demo")
    assert not User.objects.exists()
    call_command("seed_demo", force=True, stdout=StringIO())
    assert User.objects.count() == 3
