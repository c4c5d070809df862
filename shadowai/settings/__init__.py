"""Parts of shadowai.toml that `shadowai.config` holds, and what checks, describes and begins the file."""
