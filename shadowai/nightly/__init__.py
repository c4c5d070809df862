"""The scheduled scan: what is new is found, read once and kept; reports of periods are written and handed over."""
