"""The risk of a service as the signature database tells it: nine parts, most of them with a page that says so."""

from shadowai.result import Score, ScorePart

_PARTS = (
    ("trains_on_customer_data", 2.5, 2.0, "trains on customers' data unless they object"),
    ("retention", 1.0, 0.8, "keeps data: until deleted, then 30 days"),
    ("enterprise_tier", 1.0, 0.0, "has an offer for organisations"),
    ("sso", 0.5, 0.0, "takes part in single sign-on"),
    ("certifications", 1.5, 0.5, "certified: HIPAA, ISO 27001, ISO 42001, SOC 2"),
    ("data_residency", 0.5, 0.0, "data can be kept in AE, AU, CA, EU, GB, IN, JP, KR, SG, US"),
    ("country", 1.0, 0.0, "US is a trusted country"),
    ("ownership", 1.0, 0.6, "who owns the vendor is not known"),
    ("incidents", 1.0, 0.6, "an incident is known, such as: 2023-03-20 A bug showed chat titles to other users"),
)


def full_risk(name: str) -> Score:
    """Give the risk of a service of which nearly everything is known; the references are as long as real ones."""
    page = f"https://trust.{name}.example/help/en/articles/7039943-data-usage-and-retention-faq"
    parts = tuple(
        ScorePart(name=fact, points=points, of=most, says=says, reference=None if fact == "ownership" else page)
        for fact, most, points, says in _PARTS
    )
    return Score(points=round(sum(part.points for part in parts), 1), of=10, parts=parts, missing=("ownership",))
