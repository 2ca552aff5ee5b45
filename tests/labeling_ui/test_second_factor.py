"""N7: the second factor: set up, asked for, guessed at, lost. And passwords and sessions beside it."""

import pytest
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django_otp.plugins.otp_static.models import StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from annotation.models import AuditEvent
from annotation.services import second_factor
from tests import factories
from tests.annotation.test_races import at_once

SIGN_IN, PAGE, SECURITY = "/accounts/sign-in/", "/accounts/second-factor/", "/accounts/security/"
NEW = "another long password"


@pytest.fixture
def asked_for(settings):
    settings.REQUIRE_MFA = True


def sign_in(user, client=None, **more):
    client = client or Client()
    return client, client.post(SIGN_IN, {"username": user.username, "password": factories.PASSWORD} | more)


def forget_wrong_codes():
    TOTPDevice.objects.update(throttling_failure_timestamp=None, throttling_failure_count=0)


def test_n7_a_lead_without_one_is_led_to_set_it_up_and_then_back(project, dana, client_for, asked_for):
    client = client_for(dana)

    first = client.get("/p/algebra/settings/?x=1")
    assert first["Location"] == f"{PAGE}?next=%2Fp%2Falgebra%2Fsettings%2F%3Fx%3D1"
    begun = client.post(first["Location"], {"act": "begin"})
    page = client.get(begun["Location"]).content.decode()
    assert '<svg class="qr"' in page
    codes = client.post(first["Location"], {"act": "confirm", "code": factories.app_code(dana)}).content.decode()

    assert 'href="/p/algebra/settings/?x=1"' in codes
    assert codes.count("<li><code>") == 10
    assert client.get("/p/algebra/settings/").status_code == 200
    assert AuditEvent.objects.get(action="set up second factor").actor == dana


@pytest.mark.parametrize(("role", "method"), [("lead", "get"), ("ml", "get"), ("ml", "post")])
def test_n7_no_staff_reads_or_writes_through_the_api_without_it(role, method, project, client_for, asked_for):
    client = client_for(factories.member(project, role))

    answer = getattr(client, method)("/api/v1/projects/algebra/rounds", content_type="application/json")

    assert (answer.status_code, answer.json()["code"]) == (403, "second_factor_wanted")
    assert "set it up on the site" in answer.json()["detail"]


def test_n7_labelers_are_not_asked_and_may_have_one(alice, client_for, asked_for):
    assert client_for(alice.user).get("/p/algebra/work/").status_code == 200

    factories.give_second_factor(alice.user)
    _, answer = sign_in(alice.user)
    assert answer["Location"] == PAGE


def test_n7_nobody_who_becomes_a_lead_keeps_working_without_it(project, alice, client_for, asked_for):
    client = client_for(alice.user)
    assert client.get("/p/algebra/settings/").status_code == 403

    factories.Membership.objects.filter(user=alice.user).update(role="lead")

    assert client.get("/p/algebra/settings/")["Location"].startswith(PAGE)


def test_n7_signing_in_asks_for_the_code_and_until_then_nobody_is_signed_in(dana, asked_for):
    factories.give_second_factor(dana)
    client, answer = sign_in(dana, next="/p/algebra/settings/")
    before = client.session.session_key

    assert answer["Location"] == PAGE
    assert client.get("/p/algebra/settings/")["Location"].startswith(SIGN_IN)
    assert client.get(reverse("who")).json() == {"user": None}
    assert "Your code, please" in client.get(PAGE).content.decode()
    done = client.post(PAGE, {"code": factories.app_code(dana)})

    assert done["Location"] == "/p/algebra/settings/"
    assert client.get("/p/algebra/settings/").status_code == 200
    assert client.session.session_key != before
    assert not Session.objects.filter(session_key=before).exists()


def test_n7_a_session_from_before_the_sign_in_is_never_the_one_after_it(dana):
    client = Client()
    client.get(SIGN_IN)
    planted = client.session
    planted["planted"] = True
    planted.save()
    client.cookies["sessionid"] = planted.session_key

    sign_in(dana, client)

    assert client.session.session_key != planted.session_key


def test_n7_a_code_may_be_typed_as_people_read_it(dana):
    second_factor.begin(by=dana)
    code = factories.app_code(dana)

    second_factor.confirm(by=dana, code=f" {code[:3]} {code[3:]} ")

    assert second_factor.is_set_up(dana)


def test_n7_a_code_is_good_once(dana):
    factories.give_second_factor(dana)
    code = factories.app_code(dana)
    for expected in (302, 400):
        client, _ = sign_in(dana)
        assert client.post(PAGE, {"code": code}).status_code == expected


@pytest.mark.parametrize("later", [-3, 3])
def test_n7_a_code_of_another_time_is_wrong(later, dana):
    factories.give_second_factor(dana)

    with pytest.raises(second_factor.WrongCode):
        second_factor.check(user=dana, code=factories.app_code(dana, later=later))


def test_n7_wrong_codes_are_answered_after_a_wait_that_grows_and_right_ones_too(dana):
    factories.give_second_factor(dana)
    with pytest.raises(second_factor.WrongCode):
        second_factor.check(user=dana, code="000000")

    with pytest.raises(second_factor.WaitALittle) as wait:
        second_factor.check(user=dana, code=factories.app_code(dana))
    assert wait.value.seconds == 1

    TOTPDevice.objects.update(throttling_failure_count=100)
    with pytest.raises(second_factor.WaitALittle) as wait:
        second_factor.check(user=dana, code=factories.app_code(dana))
    assert 500 < wait.value.seconds <= 512
    forget_wrong_codes()
    second_factor.check(user=dana, code=factories.app_code(dana))


def test_n7_after_five_wrong_codes_the_password_is_asked_for_again(dana):
    factories.give_second_factor(dana)
    client, _ = sign_in(dana)
    for _ in range(4):
        assert client.post(PAGE, {"code": "000000"}).status_code == 400
        forget_wrong_codes()

    last = client.post(PAGE, {"code": "000000"})
    forget_wrong_codes()

    assert last.status_code == 403
    assert "Too many wrong codes" in last.content.decode()
    assert client.post(PAGE, {"code": factories.app_code(dana)})["Location"] == SIGN_IN
    assert client.get("/p/algebra/settings/").status_code == 302


def test_n7_a_password_changed_meanwhile_ends_the_waiting(dana):
    factories.give_second_factor(dana)
    client, _ = sign_in(dana)
    dana.set_password(NEW)
    dana.save()

    assert client.post(PAGE, {"code": factories.app_code(dana)})["Location"] == SIGN_IN


def test_n7_a_recovery_code_opens_the_account_once_however_it_is_typed(dana):
    code = factories.give_second_factor(dana)[3]
    client, _ = sign_in(dana)

    assert client.post(PAGE, {"code": f" {code.upper().replace('-', ' ')} "}).status_code == 302
    assert StaticToken.objects.count() == 9
    with pytest.raises(second_factor.WrongCode):
        second_factor.check(user=dana, code=code)


def test_n7_recovery_codes_are_stored_as_hashes(dana):
    codes = factories.give_second_factor(dana)

    stored = set(StaticToken.objects.values_list("token", flat=True))
    assert len(stored) == 10
    assert not stored & {code.replace("-", "") for code in codes}


def test_n7_nobody_gets_in_with_the_codes_of_somebody_else(dana, mel):
    factories.give_second_factor(dana)
    code = factories.give_second_factor(mel)[0]
    theirs = factories.app_code(mel)

    for wrong in (code, theirs, "", "not a code", "１２３４５６", "9" * 40):
        forget_wrong_codes()
        with pytest.raises(second_factor.Refusal):
            second_factor.check(user=dana, code=wrong)


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", ["app", "recovery"])
def test_n7_of_eight_who_use_one_code_at_once_one_gets_in(kind):
    user = factories.user()
    codes = factories.give_second_factor(user)
    code = factories.app_code(user) if kind == "app" else codes[0]

    answers = at_once(lambda _: second_factor.check(user=user, code=code), range(8))

    assert answers.count(None) == 1


def test_n7_new_recovery_codes_replace_the_old_ones(dana, client_for):
    old = factories.give_second_factor(dana)
    client = client_for(dana)

    assert client.post("/accounts/second-factor/codes/", {"code": "000000"})["Location"] == SECURITY
    forget_wrong_codes()
    page = client.post("/accounts/second-factor/codes/", {"code": factories.app_code(dana)}).content.decode()

    assert page.count("<li><code>") == 10
    with pytest.raises(second_factor.WrongCode):
        second_factor.check(user=dana, code=old[0])


def test_n7_removing_it_takes_a_code_and_closes_what_needs_it(project, dana, asked_for):
    factories.give_second_factor(dana)
    client, _ = sign_in(dana)
    client.post(PAGE, {"code": factories.app_code(dana)})
    TOTPDevice.objects.update(last_t=-1)

    client.post("/accounts/second-factor/remove/", {"code": "000000"})
    assert TOTPDevice.objects.exists()
    forget_wrong_codes()
    client.post("/accounts/second-factor/remove/", {"code": factories.app_code(dana)})

    assert not TOTPDevice.objects.exists()
    assert not StaticToken.objects.exists()
    assert client.get("/p/algebra/settings/")["Location"].startswith(PAGE)


def test_n7_one_that_is_set_up_is_not_replaced_by_who_has_not_given_it(dana, client_for):
    """A stolen session of the password alone cannot bring an app of its own."""
    factories.give_second_factor(dana)
    key = TOTPDevice.objects.get().key

    client_for(dana).post(PAGE, {"act": "begin"})
    with pytest.raises(second_factor.SetUpAlready):
        second_factor.begin(by=dana)

    assert TOTPDevice.objects.get().key == key


def test_n7_the_command_resets_it_and_signs_them_out(dana, client_for, capsys):
    factories.give_second_factor(dana)
    client = client_for(dana)

    call_command("reset_second_factor", "dana")

    assert "has no second factor now" in capsys.readouterr().out
    assert not TOTPDevice.objects.exists()
    assert client.get(SECURITY)["Location"].startswith(SIGN_IN)
    assert AuditEvent.objects.get(action="reset second factor").target == "dana"
    with pytest.raises(CommandError, match="no account 'nobody'"):
        call_command("reset_second_factor", "nobody")


def test_n7_the_page_of_the_account_says_how_it_is_guarded(dana, client_for):
    client = client_for(dana)
    assert "The password alone opens your account." in client.get(SECURITY).content.decode()

    factories.give_second_factor(dana)

    assert "10 recovery codes are left." in client.get(SECURITY).content.decode()


def test_n7_a_new_password_keeps_this_session_and_ends_the_others(dana, client_for):
    here, there = client_for(dana), client_for(dana)

    answer = here.post(SECURITY, {"current": factories.PASSWORD, "new": NEW}, follow=True)

    assert "Your password is changed." in answer.content.decode()
    assert here.get(SECURITY).status_code == 200
    assert there.get(SECURITY)["Location"].startswith(SIGN_IN)
    dana.refresh_from_db()
    assert dana.check_password(NEW)
    assert AuditEvent.objects.get(action="change password").actor == dana


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({"current": "wrong", "new": NEW}, "This is not your password."),
        ({"current": factories.PASSWORD, "new": "short"}, "at least 12 characters"),
        ({"current": factories.PASSWORD, "new": "password1234"}, "too common"),
    ],
)
def test_n7_a_bad_change_of_password_is_explained(sent, sentence, dana, client_for):
    answer = client_for(dana).post(SECURITY, sent)

    assert answer.status_code == 400
    assert sentence in answer.content.decode()
    dana.refresh_from_db()
    assert dana.check_password(factories.PASSWORD)


def test_n7_guessing_the_password_of_an_open_session_is_stopped_like_at_the_door(dana, client_for):
    client = client_for(dana)
    for _ in range(10):
        answer = client.post(SECURITY, {"current": "wrong", "new": NEW})

    assert answer.status_code == 429
    assert client.post(SECURITY, {"current": factories.PASSWORD, "new": NEW}).status_code != 302


def test_n7_signing_out_everywhere_spares_this_session_and_everybody_else(dana, mel, client_for):
    here, there, other = client_for(dana), client_for(dana), client_for(mel)

    page = here.post("/accounts/security/sign-out/", follow=True).content.decode()

    assert "You were signed out in 1 other place." in page
    assert there.get(SECURITY).status_code == 302
    assert other.get(SECURITY).status_code == 200
