"""Pages in Chinese hold no English: not in their text, and not in what is read out."""

import json
import re
from html.parser import HTMLParser

import pytest
from django.test import Client

from annotation.models import Delivery, ModelVersion, Webhook
from annotation.models.jobs import JobKind
from annotation.models.webhooks import WebhookEvent
from annotation.services import import_batches, import_work, invitations, jobs, outgoing, rounds, snapshots
from labeling_ui.second_factor import BACKEND
from tests import factories
from tests.labeling_ui.test_ml_pages import METRICS, finished_round, pick
from tests.labeling_ui.test_model_pages import TRAINED, score
from tests.labeling_ui.test_selector_pages import two_selectors

READ_OUT = {"aria-label", "title", "placeholder", "alt", "data-say"}
VOID = {"meta", "link", "input", "br", "hr", "img", "path", "rect", "circle", "use"}
# Names, and what Chinese, too, writes in Latin letters.
NOT_ENGLISH = re.compile(
    r"\$[^$]*\$|# Answer|Stepmark|Algebra|English|PRM800K|MATH|GSM8K|SHA-256|UTC|AUC|F1|ProcessBench|Parquet|Webhook|WEBHOOK_ORIGINS|\bIP\b|Hugging Face|Hub|TRL|Math-Shepherd|gzip|CSV|EUR|USD|CNY|JavaScript|Ctrl|Enter|Escape|Tab"
    r"|\b(?:dana|mel|alice|charlie|toy|cm)\b|[\w.-]+\.(?:jsonl|json|gz)|[0-9a-f]{64}|https?:\/\/\S+"
)
ENGLISH = re.compile(r"[A-Za-z]{2,}(?:[ '-][A-Za-z]+)*")


class Reader(HTMLParser):
    """What a person reads or hears of a page: without code, logs and what is marked as English."""

    def __init__(self):
        super().__init__()
        self.open = []
        self.heard = []

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        is_silent = tag in {"script", "style", "pre", "code", "kbd"} or (values.get("lang") == "en" and tag != "html")
        if tag not in VOID:
            self.open.append((tag, is_silent))
        if not self._is_silent():
            self.heard += [values[name] for name in READ_OUT & values.keys()]

    def handle_endtag(self, tag):
        while tag not in VOID and self.open and self.open.pop()[0] != tag:
            pass

    def handle_data(self, data):
        if data.strip() and not self._is_silent():
            self.heard.append(data.strip())

    def _is_silent(self):
        return any(is_silent for _, is_silent in self.open)


def english_in(page):
    reader = Reader()
    reader.feed(page)
    assert len(reader.heard) > 5
    return [text for text in reader.heard if ENGLISH.search(NOT_ENGLISH.sub("", text))]


@pytest.fixture
def chinese():
    """chinese(user, path) → the page in Chinese, which must hold no English; user None for nobody."""

    def page_of(user, path, *, status=200, form=None):
        client = Client(headers={"accept-language": "zh-CN"})
        if user:
            client.force_login(user, backend=BACKEND)
        answer = client.get(path) if form is None else client.post(path, form, follow=True)
        page = answer.content.decode()
        assert answer.status_code == status
        assert '<html lang="zh-Hans"' in page
        assert english_in(page) == []
        return page

    return page_of


@pytest.fixture
def data_dir(tmp_path, settings):
    settings.DATA_DIR = tmp_path
    return tmp_path


def test_the_reader_of_these_tests_hears_english(client, db):
    heard = english_in(client.get("/accounts/sign-in/").content.decode())

    assert "Sign in" in heard
    assert any("Ask for an invitation" in text for text in heard)


def test_signing_in(chinese, alice):
    assert "登录" in chinese(None, "/accounts/sign-in/")
    wrong = {"username": "alice", "password": "wrong"}
    assert "用户名与密码不匹配" in chinese(None, "/accounts/sign-in/", form=wrong)


def test_guessing_passwords(alice, chinese):
    wrong = {"username": "alice", "password": "wrong"}
    for _ in range(9):
        chinese(None, "/accounts/sign-in/", form=wrong)

    assert "尝试次数过多" in chinese(None, "/accounts/sign-in/", form=wrong, status=429)


def test_an_invitation(project, dana, charlie, chinese):
    secret = invitations.invite(project=project, email="eve@example.org", role="labeler", by=dana)
    path = f"/accounts/invitation/{secret}/"

    assert "您在其中的角色：标注员。" in chinese(None, path)
    assert "登录并加入" in chinese(None, path)
    assert "当前登录账户为 charlie" in chinese(charlie.user, path)
    weak = {"username": "e v e", "password": "x"}
    chinese(None, path, form=weak)
    assert "这个密码太常见" in chinese(None, path, form={"username": "mia", "password": "qwerty123456"})
    assert "此邀请无效" in chinese(None, "/accounts/invitation/nothing/", status=404)


def test_my_projects(project, dana, chinese):
    factories.Membership.objects.create(project=factories.project(name="代数"), user=dana, role="labeler")
    factories.Membership.objects.create(project=factories.project(name="几何"), user=dana, role="ml")

    page = chinese(dana, "/")

    assert "您的角色：项目负责人" in page
    assert "您的角色：标注员" in page
    assert "您的角色：机器学习人员" in page
    assert "还没有加入任何项目" in chinese(factories.user("mel"), "/")


def test_where_the_project_stands(project, dana, alice, chinese):
    assert "还没有可标注的内容" in chinese(dana, "/p/algebra/")

    factories.problem(project, split="test")
    factories.queued(project, 3)
    factories.label(alice, (1, -1))
    factories.running_round(project)

    page = chinese(dana, "/p/algebra/")
    assert "第 0 轮</a>" in page
    assert "每日标注" in page
    assert re.search(r"20\d\d年\d+月\d+日", page)


def test_datasets(project, dana, chinese, data_dir):
    assert "还没有。" in chinese(dana, "/p/algebra/datasets/")

    factories.finished_dataset(project, dana)
    snapshots.request_snapshot(project=project, by=dana, view="raw")
    snapshots.fail(job=jobs.claim_job(kind=JobKind.EXPORT, worker="test"), error="No space left")
    assert "正在生成数据集" in chinese(dana, "/p/algebra/datasets/", form={"view": "raw"})

    page = chinese(dana, "/p/algebra/datasets/")
    assert "共 1 份标注，来自 2 名标注员。 未收录： 已放弃 3 份。" in " ".join(page.split())
    assert ">失败<" in page
    assert "正在等待工作进程。" in page
    chinese(dana, "/p/algebra/datasets/", form={}, status=400)


def test_what_a_check_of_a_file_found(project, dana, chinese, data_dir):
    factories.problem(project, text="已有的题目？", answer="3")
    lines = [("1+1=?", "2"), ("1+1=?", "2"), ("已有的题目？", "2"), ("2+2=?", None)]
    content = [json.dumps({"problem": text, "answer": answer}).encode() for text, answer in lines]
    batch = import_batches.request_import(
        project=project, by=dana, name="a.jsonl", content=[b"\n".join(content)], choices=import_batches.Choices()
    )
    import_work.check(job=jobs.claim_job(kind=JobKind.IMPORT, worker="test"), tell=lambda *_: None)

    page = chinese(dana, f"/p/algebra/imports/{batch.pk}/")

    for words in ("此文件中重复的题目", "没有答案，因此无法判定解答", "已存在，答案不同，保留了原有的答案"):
        assert words in page


def test_rounds_from_the_first_to_the_last(project, mel, dana, alice, chinese):
    assert "冷启动" in chinese(mel, "/p/algebra/rounds/")
    assert "没有可供标注的完整解答了" in chinese(mel, "/p/algebra/rounds/", form={"problems": 1, "per_problem": 1})
    chinese(mel, "/p/algebra/rounds/", form={"problems": 0, "per_problem": "x"}, status=400)

    picks = [
        pick(project, text="1 + 1 = ?", arm="convincing_wrong", grade="wrong"),
        pick(project, text="2 + 2 = ?", arm="random", grade="correct"),
        pick(project, text="3 + 3 = ?", grade="ungradable"),
    ]
    told = {"labels": 4, "pool": 9, "problems": 3, "wanted": 9, "wrong_answer": 1, "scored": 9, "warning": "Too few."}
    finished_round(project, by=mel, picks=picks, report=told, metrics=METRICS | {"step_auc": None})
    page = chinese(dana, "/p/algebra/rounds/0/")
    assert "最具迷惑性的错误答案" in page
    assert "选择模型的评估" in page
    assert "缺乏多样性" in page
    finished_round(project)
    assert "随机选取" in chinese(dana, "/p/algebra/rounds/1/")

    factories.solution(project)
    assert "第 2 轮已开始" in chinese(mel, "/p/algebra/rounds/", form={"problems": 1, "per_problem": 1})
    assert "已要求第 2 轮停止" in chinese(mel, "/p/algebra/rounds/2/cancel/", form={})
    assert "本轮已取消" in chinese(mel, "/p/algebra/rounds/2/")


def test_models_and_what_they_say_of_a_solution(project, mel, alice, chinese):
    assert "还没有模型" in chinese(mel, "/p/algebra/models/")

    selectors = two_selectors(project)
    ModelVersion.objects.update(config={"mode": "lora"}, metrics=TRAINED)
    (slot,) = factories.queued(project, problem_=factories.problem(project, text="1 + 1 = ?"), steps=["1", "2", "3"])
    factories.label(alice, (1, 0, -1))
    for one in selectors:
        score(one, slot.solution, 0.9, 0.5, 0.2, product=0.6)
    first, second = (one.pk for one in selectors)

    assert "并排比较" in chinese(mel, f"/p/algebra/models/?compare={first},{second}")
    assert "请至少勾选两个" in chinese(mel, f"/p/algebra/models/?compare={first}")
    for pk in (first, second):
        page = chinese(mel, f"/p/algebra/models/{pk}/")
        assert "得分的分布" in page
        assert "概率是否可靠" in page
    assert "模型认为的首个错误" in chinese(mel, f"/p/algebra/solutions/{slot.solution_id}/?model=7777")


def test_a_round_that_runs_and_fails(project, mel, chinese):
    round_, job = factories.running_round(project)
    losses = [[1, 0.75], [2, 0.5]]
    jobs.heartbeat(job=job, progress=jobs.Progress("train", 3, 8, "loss 0.5", 0.02, losses))

    page = chinese(mel, "/p/algebra/rounds/")
    assert "用这些标注训练选择模型" in page
    assert "3 / 8" in page
    assert "剩余约 4 分钟 · 每分钟 1.2" in page

    rounds.fail_round(round=round_, job=job, error="CUDA is out of memory")
    assert "本轮失败" in chinese(mel, "/p/algebra/rounds/0/")


@pytest.mark.parametrize("path", ["label/", "instructions/", "practice/", "work/"])
def test_pages_of_labelers(path, project, alice, chinese):
    factories.queued(project, problem_=factories.problem(project, text="1 + 1 = ?"))
    factories.label(alice, (1, -1))

    chinese(alice.user, f"/p/algebra/{path}")


@pytest.mark.parametrize("path", ["settings/", "guidance/", "reports/", "instructions/"])
def test_pages_on_which_leads_guide_the_work(path, project, dana, chinese):
    chinese(dana, f"/p/algebra/{path}")


def test_webhooks(project, dana, chinese, settings):
    path = "/p/algebra/webhooks/"
    assert "此服务器目前没有 Webhook" in chinese(dana, path)
    settings.WEBHOOK_ORIGINS = ["http://10.0.0.7:8080"]
    chinese(dana, path, form={"url": "http://10.0.0.8/"}, status=400)
    assert "只显示这一次" in chinese(dana, path, form={"url": "http://10.0.0.7:8080/"})
    hook = Webhook.objects.get()
    assert "测试消息已发出" in chinese(dana, f"{path}{hook.pk}/test/", form={})
    for event in WebhookEvent:
        said = {"state": "given_up", "error": str(outgoing.NotSent())}
        Delivery.objects.create(webhook=hook, event=event, payload={}, **said)
    page = chinese(dana, path)
    assert "质量控制已暂停一名标注员" in page
    assert "没有收到应答" in page
    chinese(dana, f"{path}{hook.pk}/remove/", form={})


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/nowhere/", 404, "这里什么都没有"),
        ("/p/algebra/", 403, "此内容仅供项目负责人使用。您在本项目中的角色是机器学习人员。"),
    ],
)
def test_pages_that_there_are_not(path, status, words, mel, chinese):
    assert words in chinese(mel, path, status=status)


def test_the_rest_api_is_described_around_its_english_names(client):
    page = client.get("/api/docs/", headers={"accept-language": "zh"}).content.decode()

    assert '<html lang="zh-Hans"' in page
    assert "供机器读取的版本" in page
    assert 'class="quiet small" lang="en">' in page
