from django.apps import AppConfig, apps


class ClinicConfig(AppConfig):
    name = "clinic"
    verbose_name = "Clinic"

    def ready(self) -> None:
        from clinic import checks  # noqa: F401, PLC0415 -- importing registers them

        # whatever starts the demo has no models
        if apps.is_installed("scheduling"):
            self._show_reports()

    def _show_reports(self) -> None:
        from clinic.reports import panel  # noqa: PLC0415 -- needs the models
        from scheduling import panels  # noqa: PLC0415

        panels.add("dashboard", 5, panel.of_manager)
