"""Which reminders belong to one day and one address, in the words of the database."""

# the other reminders of the day at the same address; asked of reminders alone
KIN = """CASE WHEN m.kind = 'reminder' THEN ARRAY(
        SELECT x.id FROM notifications_message x
        JOIN scheduling_appointment y ON y.id = x.appointment_id
        WHERE x.recipient = m.recipient AND x.open AND x.kind = m.kind AND x.channel = m.channel
            AND x."offset" = m."offset" AND x.appointment_id <> m.appointment_id
            AND x.state IN ('pending', 'claimed') AND y.local_date = a.local_date) END"""

TOLD = """(l.state IN ('sending', 'unknown', 'accepted', 'delivered', 'undelivered')
        OR l.state = 'dead' AND EXISTS (
            SELECT FROM notifications_attempt t WHERE t.message_id = l.id AND t.outcome = 'unknown'))"""
"""Whether the reminder that told of another visit too (`l`) has left, or may have.

One that was given up without any doubt has told nobody.
"""

STILL = """(
        SELECT string_agg({seen}, ' ' ORDER BY f.id)
        FROM notifications_message f
        JOIN scheduling_appointment a ON a.id = f.appointment_id
        JOIN scheduling_patient p ON p.id = f.patient_id
        LEFT JOIN scheduling_patient g ON g.id = p.guardian_id
        WHERE f.told_in_id = m.id AND f.state = 'claimed' AND f.token = m.token) = %(seen_too)s"""
"""What keeps a reminder of several visits from being sent when another than its own changed."""
