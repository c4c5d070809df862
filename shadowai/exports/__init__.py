"""The outside world: findings as SIEM records, the ways there, and block lists and detection rules.

`records` makes records of a result document; `ecs`, `ocsf`, `cef` and `leef` write them; `files`, `syslog` and `web`
bring them to a target; `blocking` and its neighbours write lists and rules. Why each is as it is: docs/siem.md.
"""
