"""What the organisation's policy says of a service, for somebody, at a time.

`load_policy` reads the YAML file that the user keeps; `Policy.status_of` gives the verdict of its most specific rule
that fits, `check_policy` what is odd in it, and `explain` why a verdict is what it is.
"""

from shadowai.policy.catalogue import KnownNames
from shadowai.policy.check import Issue, check_policy, refused
from shadowai.policy.explain import Explanation, OtherRule, explain
from shadowai.policy.load import load_policy
from shadowai.policy.policy import Policy, PolicyException, RuleText
from shadowai.policy.schema import Limits, PolicyFile, Rule
from shadowai.policy.tenants import ANY_SERVICE

__all__ = [
    "ANY_SERVICE",
    "Explanation",
    "Issue",
    "KnownNames",
    "Limits",
    "OtherRule",
    "Policy",
    "PolicyException",
    "PolicyFile",
    "Rule",
    "RuleText",
    "check_policy",
    "explain",
    "load_policy",
    "refused",
]
