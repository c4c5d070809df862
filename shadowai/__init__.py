"""shadowai finds unsanctioned AI use in packet captures, DNS logs and proxy logs, and reports it per department."""

__version__ = "0.1.0"
GENERATOR = f"shadowai {__version__}"
