"""Rows of the courses of treatment, one module a noun."""

from plans.models.adherence import Adherence
from plans.models.decisions import Decision
from plans.models.plans import Plan, Session, SessionLag
from plans.models.proposals import Proposal, ProposedVisit
from plans.models.templates import PlanTemplate, TemplateLag, TemplateStep

__all__ = [
    "Adherence",
    "Decision",
    "Plan",
    "PlanTemplate",
    "Proposal",
    "ProposedVisit",
    "Session",
    "SessionLag",
    "TemplateLag",
    "TemplateStep",
]
