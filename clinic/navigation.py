"""The admin's sidebar: what each person may open, in the order in which a day goes."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from scheduling.access import actor_of


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the sidebar: words, icon, the name of its page, and the permission it asks.

    The words are the ones that the page itself has as its heading. Without a permission it is
    there for whoever may sign in. Pages that are `everywhere` are of the whole clinic: who works at some sites has none of them.
    """

    title: str
    icon: str
    page: str
    permission: str
    badge: str = ""
    everywhere: bool = False


GROUPS: tuple[tuple[str, tuple[Item, ...]], ...] = (
    (
        "Diary",
        (
            Item("Overview", "dashboard", "index", ""),
            Item("Diary", "calendar_view_day", "scheduling_appointment_diary", "scheduling.view_appointment"),
            Item("Day list", "today", "scheduling_appointment_day", "scheduling.view_appointment"),
            Item("Status board", "view_kanban", "scheduling_appointment_board", "scheduling.view_appointment"),
            Item("Book a visit", "add_circle", "scheduling_appointment_book", "scheduling.work_diary"),
            Item("Day sheets", "print", "scheduling_appointment_sheets", "scheduling.view_appointment"),
            Item("Appointments", "calendar_month", "scheduling_appointment_changelist", "scheduling.view_appointment"),
            Item("Waiting list", "hourglass_top", "scheduling_waitingentry_changelist", "scheduling.view_appointment"),
            Item("Free times", "event_available", "scheduling_waitingentry_times", "scheduling.view_appointment"),
            Item("Tasks", "task_alt", "scheduling_todo_changelist", "scheduling.view_todo"),
        ),
    ),
    (
        "Patients",
        (
            Item("Patients", "group", "scheduling_patient_changelist", "scheduling.view_patient"),
            Item("Records", "clinical_notes", "scheduling_record_changelist", "scheduling.view_record"),
            Item("Medical histories", "assignment", "scheduling_submission_changelist", "scheduling.view_submission"),
            Item("Signed consents", "draw", "scheduling_signedconsent_changelist", "scheduling.view_signedconsent"),
            Item("Plans", "route", "plans_plan_changelist", "plans.view_plan"),
        ),
    ),
    (
        "Messages",
        (
            Item("Inbox", "inbox", "notifications_reply_changelist", "notifications.view_reply"),
            Item("Outbox", "outbox", "notifications_message_changelist", "notifications.view_message"),
            Item("Care notes", "healing", "notifications_carenote_changelist", "notifications.view_carenote"),
            Item("Answers to checks", "thermometer", "notifications_careanswer_changelist", "notifications.view_careanswer"),
            Item("Texts", "draft", "notifications_messagetext_changelist", "notifications.view_messagetext"),
            Item("Providers", "cell_tower", "notifications_breaker_changelist", "notifications.view_breaker"),
            Item("SMS prices", "sell", "notifications_smsprice_changelist", "notifications.view_smsprice"),
            Item("Opt-outs", "notifications_off", "notifications_optout_changelist", "notifications.view_optout"),
        ),
    ),
    (
        "Reports",
        tuple(
            Item(title, icon, f"reports:report {slug}", permission)
            for title, icon, slug, permission in (
                ("Utilisation", "grid_on", "utilisation", "scheduling.read_reports"),
                ("No-shows", "person_off", "attendance", "scheduling.read_reports"),
                ("Third next appointment", "hourglass_top", "waits", "scheduling.read_reports"),
                ("Overrides", "gavel", "overrides", "scheduling.read_clinical_reports"),
                ("Refusals", "block", "refusals", "scheduling.read_clinical_reports"),
                ("Plan adherence", "timeline", "adherence", "scheduling.read_clinical_reports"),
                ("Reminders and texts", "sms", "messages", "scheduling.read_reports"),
            )
        ),
    ),
    (
        "Clinic",
        (
            Item("Sites", "location_on", "scheduling_site_changelist", "scheduling.view_site"),
            Item("Practitioners", "stethoscope", "scheduling_practitioner_changelist", "scheduling.view_practitioner"),
            Item("Rooms", "meeting_room", "scheduling_room_changelist", "scheduling.view_room"),
            Item("Devices", "flashlight_on", "scheduling_device_changelist", "scheduling.view_device"),
            Item("Treatments", "healing", "scheduling_treatment_changelist", "scheduling.view_treatment"),
            Item("Consent texts", "contract", "scheduling_consenttext_changelist", "scheduling.view_consenttext"),
            Item("Plan templates", "account_tree", "plans_plantemplate_changelist", "plans.view_plantemplate"),
            Item("Skills", "workspace_premium", "scheduling_skill_changelist", "scheduling.view_skill"),
            Item("Absences", "beach_access", "scheduling_absence_changelist", "scheduling.view_absence"),
        ),
    ),
    (
        "Moving",
        (
            Item("Take a file in", "upload_file", "scheduling_intake_changelist", "scheduling.move_data", everywhere=True),
            Item("Likely duplicates", "join_inner", "scheduling_intake_likely", "scheduling.move_data", everywhere=True),
            Item("Take everything along", "archive", "scheduling_intake_everything", "scheduling.move_data", everywhere=True),
        ),
    ),
    (
        "Protocol",
        (
            Item("Versions", "rule", "scheduling_protocolversion_changelist", "scheduling.view_protocolversion"),
        ),
    ),
    (
        "Access",
        (
            Item("Staff", "badge", "auth_user_changelist", "auth.view_user"),
            Item("Audit trail", "history", "scheduling_change_changelist", "scheduling.view_change"),
        ),
    ),
)  # fmt: skip


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """List the groups and lines that this person may open; a floor without screens has none."""
    groups = []
    for title, items in GROUPS:
        if any(item.everywhere for item in items) and not _works_everywhere(request, items[0]):
            continue
        lines = [line for item in items if (line := _line(request, item))]
        if lines:
            groups.append({"title": title, "items": lines})
    return groups


def _works_everywhere(request: HttpRequest, item: Item) -> bool:
    """Tell whether pages of the whole clinic are open; asked only of who may use them."""
    return request.user.has_perm(item.permission) and actor_of(request.user).sites is None


def _line(request: HttpRequest, item: Item) -> dict[str, Any] | None:
    if item.permission and not request.user.has_perm(item.permission):
        return None
    try:
        link = address(item.page)
    except NoReverseMatch:
        return None
    return {
        "title": item.title,
        "icon": item.icon,
        "link": link,
        "active": request.path == link
        or (item.page != "index" and _stands_below(request.path, link)),
    }


def address(page: str) -> str:
    """Answer a page's address: the admin's own by name, others by name space and what they show.

    Raises:
        NoReverseMatch: there is no such page.

    """
    name, _, shown = page.partition(" ")
    if ":" not in name:
        return reverse(f"admin:{name}")
    return reverse(name, args=[shown] if shown else [])


def _stands_below(path: str, link: str) -> bool:
    """Tell whether a page belongs to a line; some lines lie below “Appointments” and are not its own."""
    if not path.startswith(link):
        return False
    rest = path.removeprefix(link)
    below = (
        "day/",
        "book/",
        "diary/",
        "patient/",
        "board/",
        "sheets/",
        "times/",
        "likely/",
        "merge/",
        "everything/",
    )
    return not rest.startswith(below)
