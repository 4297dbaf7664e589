"""Every door of the house on one page."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView

from clinic import health, http
from scheduling import doors, links

# The admin's own log-in form knows neither the second factor nor the throttle.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

handler400, handler403, handler404, handler500 = (
    http.misread,
    http.turned_away,
    http.nothing_here,
    http.our_fault,
)

urlpatterns: list[URLPattern | URLResolver] = [
    path("", RedirectView.as_view(pattern_name="admin:index"), name="home"),
    path("favicon.ico", http.mark),
    path("admin/reports/", include("clinic.reports.pages")),
    path("admin/", admin.site.urls),
    path("accounts/", include("allauth.urls")),
    path("", include("scheduling.pages.urls")),
    path(doors.MY, include("scheduling.pages.my_urls")),
    path(f"{links.PATH}see/<int:link_id>/", include("notifications.pages.visit_urls")),
    path(f"{doors.MY}visits/<int:appointment_id>/", include("notifications.pages.visit_urls")),
    path(doors.MY, include("notifications.pages.sign_in_urls")),
    path(doors.MY, include("notifications.pages.my_urls")),
    path(f"{links.PATH}see/<int:link_id>/", include("scheduling.pages.visit_urls")),
    path(f"{doors.MY}visits/<int:appointment_id>/", include("scheduling.pages.visit_urls")),
    path(f"{links.PATH}see/<int:link_id>/", include("plans.pages.visit_urls")),
    path(f"{doors.MY}visits/<int:appointment_id>/", include("plans.pages.visit_urls")),
    path(doors.MY, include("plans.pages.my_urls")),
    path(links.PATH, include("notifications.pages.urls")),
    path(links.OFFER_PATH, include("scheduling.pages.offers")),
    path(links.CARE_PATH, include("notifications.care.pages")),
    path("api/v1/", include("scheduling.api.routes")),
    path("api/v1/", include("plans.api.routes")),
    path("api/v1/", include("notifications.api")),
    path("webhooks/", include("notifications.webhooks")),
    path("livez", health.livez, name="livez"),
    path("readyz", health.readyz, name="readyz"),
]
