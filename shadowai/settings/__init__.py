"""Parts of shadowai.toml that `shadowai.config` holds, and what checks, describes and begins the file.

`nightly` has the tables of scheduled scans, `channels` those of what leaves the house, with `credentials` and `spans`
of time; `toml` reads the file. `check` tells what is wrong with one, `schema` describes it, `first` begins one.
"""
