from django.db import migrations

GROUNDS = """
CREATE SEQUENCE scheduling_grounds_version_seq START 2;
INSERT INTO scheduling_grounds (id, version) VALUES (1, 1);
CREATE FUNCTION scheduling_grounds_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO scheduling_grounds (id, version)
  VALUES (1, nextval('scheduling_grounds_version_seq'))
  ON CONFLICT (id) DO UPDATE SET version = excluded.version;
  RETURN NULL;
END $$;
"""
TABLES = [
    "site", "skill", "capability", "treatment", "need", "openinghours", "absence", "protocolversion",
]
GROUNDS += "".join(
    f"""
CREATE TRIGGER grounds_moved AFTER INSERT OR UPDATE OR DELETE ON scheduling_{table}
FOR EACH STATEMENT EXECUTE FUNCTION scheduling_grounds_moved();
"""
    for table in TABLES
)
# diary_version is left out: bookings raise it, and it is no part of the catalogue.
GROUNDS += """
CREATE TRIGGER grounds_moved AFTER INSERT OR DELETE OR
  UPDATE OF kind, name, site_id, active, follows_site_hours ON scheduling_resource
FOR EACH STATEMENT EXECUTE FUNCTION scheduling_grounds_moved();
"""
GROUNDS_BACK = "".join(
    f"DROP TRIGGER grounds_moved ON scheduling_{table};" for table in [*TABLES, "resource"]
) + "DROP FUNCTION scheduling_grounds_moved(); DROP SEQUENCE scheduling_grounds_version_seq;"

TRAIL = """
CREATE FUNCTION scheduling_trail_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the audit trail is append-only'
    USING ERRCODE = 'restrict_violation', CONSTRAINT = 'trail_is_append_only';
END $$;
CREATE TRIGGER trail_is_append_only BEFORE UPDATE OR DELETE ON scheduling_change
FOR EACH ROW EXECUTE FUNCTION scheduling_trail_is_append_only();
"""
TRAIL_BACK = """
DROP TRIGGER trail_is_append_only ON scheduling_change;
DROP FUNCTION scheduling_trail_is_append_only();
"""

PROTOCOL = """
CREATE FUNCTION scheduling_protocol_is_immutable() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.state = 'draft' THEN RETURN COALESCE(NEW, OLD); END IF;
  IF TG_OP = 'DELETE' OR NEW.document IS DISTINCT FROM OLD.document
     OR NEW.number <> OLD.number OR NEW.state = 'draft'
     OR NEW.activated_by <> OLD.activated_by OR NEW.activated_at <> OLD.activated_at THEN
    RAISE EXCEPTION 'an activated protocol does not change'
      USING ERRCODE = 'restrict_violation', CONSTRAINT = 'protocol_is_immutable';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER protocol_is_immutable BEFORE UPDATE OR DELETE ON scheduling_protocolversion
FOR EACH ROW EXECUTE FUNCTION scheduling_protocol_is_immutable();
"""
PROTOCOL_BACK = """
DROP TRIGGER protocol_is_immutable ON scheduling_protocolversion;
DROP FUNCTION scheduling_protocol_is_immutable();
"""


class Migration(migrations.Migration):
    """What the database itself keeps: the catalogue's counter, the append-only trail, and
    protocols that never change once active.
    """

    dependencies = [("scheduling", "0002_rows")]
    operations = [
        migrations.RunSQL(GROUNDS, GROUNDS_BACK),
        migrations.RunSQL(TRAIL, TRAIL_BACK),
        migrations.RunSQL(PROTOCOL, PROTOCOL_BACK),
    ]
