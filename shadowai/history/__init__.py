"""What earlier scans found, and what has been read already: activity by day, checkpoints of files, decisions."""
