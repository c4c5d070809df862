"""What the organisation's policy says of a service, for a department, at a time.

`load_policy` reads the YAML file that the user keeps; `Policy.status_of` gives the verdict of its first matching rule.
"""

from shadowai.policy.load import KnownNames, load_policy
from shadowai.policy.policy import Policy
from shadowai.policy.schema import PolicyFile, Rule

__all__ = ["KnownNames", "Policy", "PolicyFile", "Rule", "load_policy"]
