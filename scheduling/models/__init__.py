"""Rows of the clinic's diary, one module a noun."""

from scheduling.models.access import IdempotencyRecord, Link, PatientSession, Staff, Tally
from scheduling.models.appointments import Allocation, Appointment, Override
from scheduling.models.desk import Todo
from scheduling.models.flow import Stage
from scheduling.models.papers import ConsentText, Draft, SignedConsent, Submission
from scheduling.models.people import Convenience, Patient, Record, TwoPeople
from scheduling.models.places import (
    Absence,
    Capability,
    Device,
    Grounds,
    OpeningHours,
    Practitioner,
    Resource,
    Room,
    Site,
    Skill,
)
from scheduling.models.protocols import ProtocolVersion
from scheduling.models.reports import Refusal, ThirdNext
from scheduling.models.series import Series
from scheduling.models.trail import Change
from scheduling.models.transfer import Intake, IntakeRow, Origin
from scheduling.models.treatments import Need, Told, Treatment, TreatmentText
from scheduling.models.waiting import Offer, Opening, WaitingEntry

__all__ = [
    "Absence",
    "Allocation",
    "Appointment",
    "Capability",
    "Change",
    "ConsentText",
    "Convenience",
    "Device",
    "Draft",
    "Grounds",
    "IdempotencyRecord",
    "Intake",
    "IntakeRow",
    "Link",
    "Need",
    "Offer",
    "Opening",
    "OpeningHours",
    "Origin",
    "Override",
    "Patient",
    "PatientSession",
    "Practitioner",
    "ProtocolVersion",
    "Record",
    "Refusal",
    "Resource",
    "Room",
    "Series",
    "SignedConsent",
    "Site",
    "Skill",
    "Staff",
    "Stage",
    "Submission",
    "Tally",
    "ThirdNext",
    "Todo",
    "Told",
    "Treatment",
    "TreatmentText",
    "TwoPeople",
    "WaitingEntry",
]
