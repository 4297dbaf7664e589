"""The manager's pages: what each floor counts, composed into figures, charts, tables and CSV."""
