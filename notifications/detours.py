"""The other way to a patient, where a channel will not do at this hour or is used up."""

from datetime import datetime

from notifications.core.letters import Letter
from notifications.core.policy import OTHER
from scheduling import statements

# written beside the row that it replaces, and decided on as any other when it is sent: opted out,
# moved, too late. An address that the patient does not want to be used leads nowhere.
_OTHER = """
WITH other AS (
    INSERT INTO notifications_message (ref, appointment_id, patient_id, site_id, kind, channel,
        "offset", told_version, recipient, due_at, not_after, first_due_at, dedupe_key, state, open,
        drop_reason, attempts, text_hash, provider, provider_id, created_at)
    SELECT gen_random_uuid(), m.appointment_id, m.patient_id, m.site_id, m.kind, asked.channel,
        m."offset", m.told_version, asked.address, asked.now, m.not_after, asked.now,
        left(m.dedupe_key, -length(m.channel)) || asked.channel, 'pending', TRUE,
        '', 0, '', '', '', asked.now
    FROM notifications_message m
    JOIN scheduling_patient p ON p.id = m.patient_id
    LEFT JOIN scheduling_patient g ON g.id = p.guardian_id
    CROSS JOIN LATERAL (SELECT %s::text AS channel, %s::timestamptz AS now,
        CASE m.channel WHEN 'sms' THEN COALESCE(NULLIF(p.email, ''), g.email, '')
            ELSE COALESCE(NULLIF(p.phone, ''), g.phone, '') END AS address) asked
    WHERE m.id = %s AND p.channel IN ('both', asked.channel) AND asked.address <> ''
        AND NOT EXISTS (SELECT FROM notifications_mention n WHERE n.message_id = m.id)
    ON CONFLICT DO NOTHING
    RETURNING id
)
SELECT EXISTS (SELECT FROM other) OR EXISTS (
    SELECT FROM notifications_message m
    JOIN notifications_message o ON o.dedupe_key
        = left(m.dedupe_key, -length(m.channel)) || %s::text
    WHERE m.id = %s AND o.state NOT IN ('dropped', 'rejected', 'dead', 'undelivered'))
"""


def by_the_other_channel(letter: Letter, *, now: datetime) -> bool:
    """Write the same message for the other channel; answer whether it goes, or went, there.

    False: the patient has no other address, or wants nothing there. The news of several visits is
    written for each channel from the start.
    """
    channel = OTHER[letter.channel].value
    asked = [channel, now, letter.id, channel, letter.id]
    return bool(statements.rows(_OTHER, asked)[0][0])
