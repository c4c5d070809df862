"""What people did: roll-up and merge of detections, sessions, usage by department, risk, candidates, blind spots.

Nothing is imported here: workers need `rollup` alone, and pandas, which the rest is made of, takes its time to load.
"""
