"""What leaves the house: mail, webhooks, SIEM records and alerts, through one outbox that never sends twice.

`deliver.deliver` does all of it for one result. Reports make the content, exports write SIEM records and bring them to
their places; this package decides what goes where, and remembers what has gone. Why so: docs/decisions/outbox.md.
"""
