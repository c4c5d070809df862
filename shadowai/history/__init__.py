"""What earlier scans found, and what has been read already, on SQLite or PostgreSQL.

`store` keeps readings and gives activity by day, as `codec` writes it and `stack` puts it together. `checkpoints` tell
files by their content; `waiting` has flows whose bytes are still to come, `whereabouts` who was seen at addresses that
name nobody. `upkeep` deletes, compacts, checks and copies; `database` opens, `migrations` bring tables up to date.
"""
