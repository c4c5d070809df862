"""Request headers by which a network tells a service whose accounts it lets through.

A proxy that looks into TLS adds them: OpenAI's (ChatGPT workspaces), Anthropic's (organisations), Microsoft's (tenants,
and whether private accounts are let in) and Google's (domains of Workspace).
"""

TENANT_HEADERS = (
    "chatgpt-allowed-workspace-id",
    "anthropic-allowed-org-ids",
    "restrict-access-to-tenants",
    "sec-restrict-tenant-access-policy",
    "x-googapps-allowed-domains",
)
"""Their names in lower case."""
