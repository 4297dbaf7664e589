from django.apps import AppConfig


class ClinicConfig(AppConfig):
    name = "clinic"
    verbose_name = "Clinic"

    def ready(self) -> None:
        from clinic import checks  # noqa: F401, PLC0415 -- importing registers them
        from clinic.reports import panel  # noqa: PLC0415 -- needs the models
        from scheduling import panels  # noqa: PLC0415

        panels.add("dashboard", 5, panel.of_manager)
