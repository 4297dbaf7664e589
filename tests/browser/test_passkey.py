"""A passkey, from adding it to signing in with it: the scripts of it pass the strict policy."""

from playwright.sync_api import Browser
from pytest_django.live_server_helper import LiveServer

from tests import cast
from tests.browser.desk import signed_in

KEY = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


def test_a_passkey_is_added_and_signs_in(
    browser: Browser, live_server: LiveServer, transactional_db: None
) -> None:
    clinic = cast.build()
    user = cast.staff_user("desk", clinic.site)
    context = signed_in(browser, live_server.url, user)
    page = context.new_page()
    device = context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    device.send("WebAuthn.addVirtualAuthenticator", {"options": KEY})

    page.goto("/accounts/2fa/webauthn/add/")
    page.locator("[name=password]").fill("a-long-password")
    page.keyboard.press("Enter")
    page.locator("[name=name]").fill("Key of the desk")
    page.locator("[name=passwordless]").check()
    page.locator("#mfa_webauthn_add").click()
    page.wait_for_url("**/recovery-codes/")

    context.clear_cookies()
    page.goto("/accounts/login/")
    page.locator("#passkey_login").click()
    page.wait_for_url("**/admin/")
    context.close()
