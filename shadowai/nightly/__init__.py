"""The scheduled scan: what is new is found, read once and kept; reports of periods are written and handed over.

`run` does one pass: `intake` finds what is new, `reading` reads it with what earlier runs left open (`continued`,
`late_bytes`), `looking_again` finds out who it was, and `period_reports` writes the reports that are due, out of
`kept_sources` and kept activity as today's signatures see it (`rematch`). `handover` sends what has ended.
"""
