"""Where patients sign in and out: below `doors.entering.MY`."""

from django.urls import path

from notifications.pages.signing_in import ask, birth, code, sign_out

urlpatterns = [
    path("sign-in/", ask, name="sign-in"),
    path("sign-in/code/", code, name="sign-in-code"),
    path("sign-in/date/", birth, name="sign-in-date"),
    path("sign-out/", sign_out, name="sign-out"),
]
