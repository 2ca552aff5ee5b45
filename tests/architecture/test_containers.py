"""There is no container engine where tests run; what the files say can be checked all the same."""

import json
import re
from pathlib import Path

import pytest
import yaml

from workers.supervisor import COMMANDS

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
GPU = yaml.safe_load((ROOT / "docker-compose.gpu.yml").read_text())
SERVICES = COMPOSE["services"]
STEPS = {"migrate"}
OURS = {name for name, service in SERVICES.items() if service["image"].startswith("stepmark-")}
DOCKERFILE = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
INSTRUCTIONS = [line.split(maxsplit=1) for line in DOCKERFILE.splitlines() if re.match(r"[A-Z]+ ", line)]
SECRETS = ("SECRET_KEY", "POSTGRES_PASSWORD", "REDIS_PASSWORD", "REDISCLI_AUTH")


def strings(node) -> list[str]:
    if isinstance(node, dict):
        return [text for value in node.values() for text in strings(value)]
    if isinstance(node, list):
        return [text for value in node for text in strings(value)]
    return [str(node)]


def stages() -> dict[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = {}
    for name, rest in INSTRUCTIONS:
        if name == "FROM":
            stage = rest.split(" AS ")[1]
            found[stage] = []
        found[stage].append((name, rest))
    return found


def instruction(stage: str, name: str) -> list[str]:
    return [rest for found, rest in stages()[stage] if found == name]


def test_every_process_of_the_supervisor_has_a_service():
    assert set(COMMANDS) | {"postgres", "redis"} == set(SERVICES)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_service_runs_what_the_supervisor_runs(name):
    assert SERVICES[name]["command"] == COMMANDS[name].format(bind="0.0.0.0:8000")


@pytest.mark.parametrize("name", ["web", "worker"])
def test_an_image_runs_what_the_supervisor_runs(name):
    (command,) = instruction(name, "CMD")
    assert " ".join(json.loads(command)) == COMMANDS[name].format(bind="0.0.0.0:8000")


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_restarts_and_tells_its_health_unless_it_is_a_step(name):
    service = SERVICES[name]
    if name in STEPS:
        assert service["restart"] == "no"
        assert "healthcheck" not in service
    else:
        assert service["restart"] == "unless-stopped"
        assert service["healthcheck"]["test"]


@pytest.mark.parametrize("name", sorted(OURS - STEPS))
def test_nothing_of_ours_starts_before_the_tables_are_there(name):
    assert SERVICES[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}


def test_labeling_does_not_wait_for_the_broker():
    assert set(SERVICES["web"]["depends_on"]) == {"migrate"}


def test_no_secret_is_written_down_or_has_a_default():
    references = [reference for text in strings(COMPOSE) for reference in re.findall(r"(?<!\$)\$\{([^}]+)\}", text)]
    secret = [reference for reference in references if reference.startswith(SECRETS)]
    assert len(secret) >= 5
    assert [reference for reference in secret if not re.match(r"\w+:\?.", reference)] == []


def test_a_variable_named_like_a_secret_takes_its_value_from_outside():
    for service in SERVICES.values():
        for key, value in service.get("environment", {}).items():
            if re.search("PASSWORD|SECRET|AUTH|_KEY", key):
                # Required, or empty where it is not given: what it guards is off then.
                assert re.fullmatch(r"\$\{\w+:(\?[^}]+|-)\}", value), key


def test_no_password_in_an_address_is_written_down():
    for text in strings(COMPOSE):
        for password in re.findall(r"://\w*:(.*?)@", text):
            assert password.startswith("${"), text


@pytest.mark.parametrize("name", SERVICES)
def test_images_are_pinned(name):
    tag = SERVICES[name]["image"].split(":", 1)[1]
    assert re.fullmatch(r"\d+\.\d+\.\d+(-\w+)?|\d+\.\d+-\w+|\$\{STEPMARK_VERSION:-\d+\.\d+\.\d+\}", tag)


def test_only_the_web_can_be_reached_from_outside_and_only_on_this_host():
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["web"]
    assert [name for name, service in SERVICES.items() if service["networks"] != ["inside"]] == ["web"]
    assert COMPOSE["networks"]["inside"] == {"internal": True}
    assert all(port.startswith("127.0.0.1:") for port in SERVICES["web"]["ports"])


@pytest.mark.parametrize("name", SERVICES)
def test_a_container_can_neither_gain_rights_nor_change_its_image(name):
    assert SERVICES[name]["security_opt"] == ["no-new-privileges:true"]
    assert SERVICES[name]["read_only"] is True


@pytest.mark.parametrize("name", sorted(OURS))
def test_our_containers_have_no_capability(name):
    assert SERVICES[name]["cap_drop"] == ["ALL"]


def test_the_container_of_the_database_keeps_only_what_its_image_hands_its_folder_over_with():
    assert SERVICES["postgres"]["cap_drop"] == ["ALL"]
    assert SERVICES["postgres"]["cap_add"] == ["CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"]


def test_the_database_is_not_taken_for_ready_while_it_is_being_made():
    # The image's server of that time listens on a socket alone.
    assert "--host=127.0.0.1" in SERVICES["postgres"]["healthcheck"]["test"]


def test_only_workers_are_given_the_key_of_generators():
    keepers = {name for name, service in SERVICES.items() if "GENERATOR_KEY" in service.get("environment", {})}
    assert keepers == {"worker", "bulk-worker", "gpu-worker"}


def test_named_volumes_are_declared_and_the_database_has_one():
    used = {volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])}
    assert used == set(COMPOSE["volumes"])
    assert SERVICES["postgres"]["volumes"] == ["database:/var/lib/postgresql/data"]


def test_the_site_is_no_superuser_of_its_database():
    assert re.search(r"://stepmark:", SERVICES["web"]["environment"]["DATABASE_URL"])
    assert SERVICES["postgres"]["environment"]["POSTGRES_USER"] != "stepmark"
    (script,) = [
        one for one in SERVICES["postgres"]["configs"] if one["target"].startswith("/docker-entrypoint-initdb.d/")
    ]
    text = (ROOT / COMPOSE["configs"][script["source"]]["file"]).read_text()
    assert "CREATE ROLE stepmark LOGIN CREATEDB PASSWORD :'password';" in text
    assert "ALTER ROLE CURRENT_USER PASSWORD NULL;" in text


def test_the_examples_of_the_docs_are_of_services_that_there_are():
    blocks = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "operations.md").read_text(), re.DOTALL)
    examples = [one for one in map(yaml.safe_load, blocks) if "services" in one]
    made = {"gpu-worker-2"}

    assert len(examples) >= 3
    assert {name for one in examples for name in one["services"]} - made <= set(SERVICES)
    assert {name for one in examples for name in one.get("volumes", {})} <= set(COMPOSE["volumes"])


def test_the_gpu_file_only_adds_devices_to_the_gpu_worker():
    assert set(GPU) == {"services"}
    assert set(GPU["services"]) == {"gpu-worker"}
    assert set(GPU["services"]["gpu-worker"]) == {"deploy"}


def test_base_images_are_pinned():
    bases = [rest.split(" AS ")[0] for name, rest in INSTRUCTIONS if name == "FROM"]
    outside = [base for base in bases if base not in stages()]
    assert outside
    assert [base for base in outside if not re.fullmatch(r"\w+:\d+\.\d+\.\d+-[\w-]+", base)] == []


@pytest.mark.parametrize("stage", ["web", "worker"])
def test_images_run_as_a_user_without_rights_and_tell_their_health(stage):
    chain = [*stages()["runtime"], *stages()[stage]]
    users = [rest for name, rest in chain if name == "USER"]
    assert users == ["stepmark"]
    assert instruction(stage, "HEALTHCHECK")
    assert ("STOPSIGNAL", "SIGTERM") in chain


def test_the_web_image_has_no_torch():
    assert "learning.txt" not in " ".join(" ".join(pair) for pair in stages()["web-environment"])
    assert instruction("web", "COPY") == ["--from=web-environment /opt/stepmark /opt/stepmark"]


def test_only_the_workers_carry_torch():
    images = {name: SERVICES[name]["image"].split(":")[0] for name in OURS}
    assert {name for name, image in images.items() if image == "stepmark-worker"} == {
        "worker",
        "bulk-worker",
        "gpu-worker",
    }


def test_images_fetch_nothing_by_address_and_hold_no_secret():
    assert not [rest for name, rest in INSTRUCTIONS if name == "ADD"]
    settings = [rest for name, rest in INSTRUCTIONS if name in ("ARG", "ENV")]
    assert not [rest for rest in settings if re.search("SECRET|PASSWORD|TOKEN|_KEY", rest)]


def test_only_named_folders_reach_the_builder():
    patterns = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and line[0] != "#"]
    assert patterns[0] == "*"
    allowed = {pattern[1:] for pattern in patterns if pattern.startswith("!")}
    assert not allowed & {".env", ".git", "var", ".venv"}
    copied = {
        source.split("/")[0]
        for name, rest in INSTRUCTIONS
        if name == "COPY" and "--from" not in rest
        for source in rest.split()[:-1]
    }
    assert copied == allowed


def test_every_setting_from_the_environment_is_in_the_example_file():
    read = set(re.findall(r'env\.\w+\("(\w+)"', (ROOT / "annotation" / "settings.py").read_text()))
    substituted = {
        re.match(r"\w+", reference)[0]
        for text in strings([COMPOSE, GPU])
        for reference in re.findall(r"(?<!\$)\$\{([^}]+)\}", text)
    }
    described = set(re.findall(r"^# ([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert described == read | substituted
