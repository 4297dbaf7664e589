"""What a booking asks under the locks, as one statement that fails instead of answering.

So its writes can travel with the question: nobody waits for the client to hear the answer first.
288 quanta are the longest allocation (constraint `allocation_has_length`).
"""

from django.db import migrations

STILL_FREE = """
CREATE FUNCTION scheduling_still_free(
  resources bigint[], starts int[], ends int[], moving bigint[], grounds bigint
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF (SELECT version FROM scheduling_grounds WHERE id = 1) IS DISTINCT FROM grounds THEN
    RAISE EXCEPTION 'the clinic''s hours, rooms or rules were changed'
      USING ERRCODE = 'restrict_violation', CONSTRAINT = 'grounds_stand_still';
  END IF;
  IF EXISTS (
    SELECT FROM unnest(resources, starts, ends) AS w (resource_id, start_q, end_q)
    CROSS JOIN LATERAL (
      SELECT FROM scheduling_allocation a
      WHERE a.active AND a.resource_id = w.resource_id AND a.start_q > w.start_q - 288
        AND a.start_q < w.end_q AND a.end_q > w.start_q AND a.appointment_id <> ALL(moving)
      LIMIT 1) AS other
  ) THEN
    RAISE EXCEPTION 'somebody else holds this already'
      USING ERRCODE = 'exclusion_violation', CONSTRAINT = 'resource_not_double_booked';
  END IF;
END $$;
"""
BACK = "DROP FUNCTION scheduling_still_free(bigint[], int[], int[], bigint[], bigint);"


class Migration(migrations.Migration):
    dependencies = [("scheduling", "0005_patient_version")]

    operations = [migrations.RunSQL(STILL_FREE, BACK)]
