"""Addresses, buttons and words that the tests of these screens share."""

from typing import Any

from django.test import Client
from django.urls import reverse

from plans.models import Plan, Proposal

LIST = "/admin/plans/plan/"
ADD = "/admin/plans/plan/add/"


def page(plan: Plan) -> str:
    return reverse("admin:plans_plan_change", args=[plan.pk])


def step(plan: Plan, name: str) -> str:
    return reverse("admin:plans_plan_step", args=[plan.pk, name])


def press(client: Client, plan: Plan, name: str, **sent: object) -> Any:
    """Press a button of the page as it stands now, and follow where it leads."""
    plan.refresh_from_db()
    return client.post(step(plan, name), {"version": plan.version, **sent}, follow=True)


def offered(plan: Plan) -> Proposal:
    return Proposal.objects.get(plan=plan, state=Proposal.State.OPEN)


def adjust(plan: Plan, seq: int) -> str:
    session = plan.sessions.get(seq=seq)
    return reverse("admin:plans_plan_adjust", args=[plan.pk, offered(plan).pk, session.pk])


def told(page: Any) -> list[str]:
    return [str(message) for message in page.context["messages"]]
